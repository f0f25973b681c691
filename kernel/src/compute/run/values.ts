// The value of an expression in a few rows of a table, on the host.
import {
  type Column,
  type ColumnFacts,
  type ColumnStore,
  type HostChunk,
  type HostColumn,
  locator,
  take,
  withChildren,
} from "../../columns/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import type { Typed } from "../typed.ts";
import { NO_ROW, takeRows } from "./across.ts";
import { gather } from "./gather.ts";
import type { Scratch } from "./scratch.ts";
import type { Selection } from "./select.ts";

export interface HostValues {
  readonly column: ColumnFacts;
  readonly chunk: HostChunk;
}

/** Columns with what is in them, on the host. One read-back. */
export async function readColumns(gpu: Gpu, columns: readonly Column[]): Promise<HostColumn[]> {
  const ranges = columns
    .flatMap(withChildren)
    .flatMap(({ chunks }) => chunks.map(({ block, layout }) => ({ block, bytes: layout.total })));
  const contents = (ranges.length > 0 ? await gpu.read(ranges) : []).values();
  // In the order of withChildren(): a column before what is in it.
  const hosted = (column: Column): HostColumn => {
    const own = column.chunks.map(({ layout, rows }): HostChunk => {
      return { bytes: contents.next().value!, layout, rows };
    });
    const inside = column.children?.map(hosted);
    const chunks = inside
      ? own.map((chunk, i) => ({ ...chunk, children: inside.map((one) => one.chunks[i]!) }))
      : own;
    return { ...column, chunks };
  };
  return columns.map(hosted);
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
  const [host] = (await readColumns(store.gpu, [{ ...column, chunks }])) as [HostColumn];
  const order = Uint32Array.from(places, ([chunk, place]) => starts[chunk]! + place);
  const sizes = selections.map((selection) => selection.rows);
  return { column, chunk: take(host, order, locator(sizes)) };
}

/** A column in the rows of these numbers, over all chunks; null where there is none (NO_ROW). */
export async function takenValues(
  store: ColumnStore,
  name: string,
  host: Uint32Array,
  scratch: Scratch,
): Promise<HostValues> {
  const rows = { count: host.length, host };
  const missing = host.includes(NO_ROW);
  const { columns, chunkRows } = await takeRows([{ store, names: [name], rows, missing }], scratch);
  const [column] = columns as [Column];
  const [read] = (await readColumns(store.gpu, columns)) as [HostColumn];
  const order = Uint32Array.from(host, (_, i) => i);
  return { column, chunk: take(read, order, locator(chunkRows)) };
}
