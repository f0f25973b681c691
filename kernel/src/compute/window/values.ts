// Columns of numbers as arrays of the host, over all chunks, and back.
import {
  arrayOf,
  type Column,
  type ColumnChunk,
  type ColumnStore,
  type ColumnType,
  isInteger,
  layoutOf,
} from "../../columns/index.ts";
import type { UploadPart } from "../../gpu/index.ts";
import type { Scratch } from "../run/scratch.ts";
import type { WindowName } from "./functions.ts";
import type { Figures, RowValues } from "./running.ts";

type NumberArray = Float64Array | BigInt64Array;

interface Numbers {
  new (length: number): NumberArray;
  new (buffer: ArrayBufferLike, offset: number, length: number): NumberArray;
}

/** What is wanted of a column: its numbers, its integers as bigints, or whether it is null. */
export type Use = "numbers" | "sums" | "validity";

/** What a function wants of its column. */
export const useOf = (fn: WindowName): Use =>
  fn === "cumCount" ? "validity" : /Sum|Mean/.test(fn) ? "sums" : "numbers";

/** The values of a column by row. One read-back. */
export async function rowValues(store: ColumnStore, name: string, use: Use): Promise<RowValues> {
  const { type, chunks } = store.columns.get(name)!;
  const Values = (use === "validity" ? Uint8Array : arrayOf(type)) as unknown as Numbers;
  const values = new Values(store.rows);
  const valid = new Uint8Array(store.rows).fill(1);
  const ranges = chunks.map(({ block, layout }) => ({ block, bytes: layout.total }));
  const contents = ranges.length > 0 ? await store.gpu.read(ranges) : [];
  let base = 0;
  for (const [i, { rows, layout }] of chunks.entries()) {
    const bytes = contents[i]!;
    if (use !== "validity")
      values.set(new Values(bytes.buffer, bytes.byteOffset, rows) as never, base);
    if (layout.validity >= 0) {
      for (let row = 0; row < rows; row++)
        valid[base + row] = (bytes[layout.validity + (row >> 3)]! >> (row & 7)) & 1;
    }
    base += rows;
  }
  const big = use === "sums" && isInteger(type) && type.bits !== 64;
  return {
    values: big ? BigInt64Array.from(values as unknown as number[], BigInt) : values,
    valid: (row) => valid[row] === 1,
  };
}

/** A column of figures, in chunks of these rows; one upload. */
export async function figureColumn(
  store: ColumnStore,
  name: string,
  type: ColumnType,
  figures: Figures | Uint32Array,
  scratch: Scratch,
): Promise<Column> {
  const nulls = !(figures instanceof Uint32Array) && figures.includes(undefined);
  const chunks: ColumnChunk[] = [];
  const parts: UploadPart[] = [];
  let base = 0;
  for (const rows of store.chunkRows) {
    const layout = layoutOf(type, rows, nulls);
    const bytes = new Uint8Array(layout.total);
    fill(bytes, type, figures.slice(base, base + rows) as Figures, layout.validity);
    const block = await scratch.block(layout.total, `column ${name}`);
    parts.push({ block, data: bytes });
    chunks.push({ rows, layout, block });
    base += rows;
  }
  if (parts.length > 0) await store.gpu.upload(parts);
  return { name, type, nulls, chunks };
}

export function fill(
  bytes: Uint8Array,
  type: ColumnType,
  figures: Figures,
  validity: number,
): void {
  const Values = arrayOf(type) as unknown as Numbers;
  const values = new Values(bytes.buffer, 0, figures.length);
  for (let i = 0; i < figures.length; i++) {
    const figure = figures[i];
    if (figure === undefined) continue;
    values[i] = figure;
    if (validity >= 0) bytes[validity + (i >> 3)]! |= 1 << (i & 7);
  }
}
