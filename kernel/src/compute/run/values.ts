// The value of an expression in a few rows of a table, on the host.
import {
  type Column,
  type ColumnStore,
  type HostChunk,
  type HostColumn,
  locator,
  take,
} from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { gather } from "./gather.ts";
import type { Scratch } from "./scratch.ts";
import type { Selection } from "./select.ts";

export interface HostValues {
  readonly column: Omit<Column, "chunks">;
  readonly chunk: HostChunk;
}

/** `at` in the rows of these numbers, in their order. Reads each chunk that has some once. */
export async function valuesAt(
  store: ColumnStore,
  name: string,
  at: Typed,
  rows: Uint32Array,
  scratch: Scratch,
): Promise<HostValues> {
  const locate = locator(store.chunkRows);
  const lists: number[][] = store.chunkRows.map(() => []);
  const places = Array.from(rows, (row) => {
    const [chunk, local] = locate(row);
    return [chunk, lists[chunk]!.push(local) - 1] as const;
  });
  const selections: Selection[] = [];
  const starts: number[] = [];
  let start = 0;
  for (const [chunk, list] of lists.entries()) {
    starts.push(start);
    start += list.length;
    if (list.length === 0) continue;
    const index = await scratch.block(list.length * 4, "row numbers");
    await store.gpu.upload([{ block: index, data: Uint32Array.from(list) }]);
    selections.push({ chunk, rows: list.length, index });
  }
  const [{ chunks, ...column }] = (await gather(store, selections, [{ name, at }], scratch)) as [
    Column,
  ];
  const ranges = chunks.map(({ block, layout }) => ({ block, bytes: layout.total }));
  const contents = ranges.length > 0 ? await store.gpu.read(ranges) : [];
  const host: HostColumn = {
    ...column,
    chunks: chunks.map(({ layout, rows: count }, i) => ({
      bytes: contents[i]!,
      layout,
      rows: count,
    })),
  };
  const order = Uint32Array.from(places, ([chunk, place]) => starts[chunk]! + place);
  const sizes = selections.map((selection) => selection.rows);
  return { column, chunk: take(host, order, locator(sizes)) };
}
