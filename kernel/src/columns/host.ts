// Columns on the host in the same layout as their blocks: ordering rows and taking some of them. For
// results that are small beside the table they came from (the keys of groups).
import { countBits } from "./bits.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { type ColumnType, isText } from "./types.ts";

/** One or more chunks of a column, as the bytes of their blocks. */
export interface HostColumn {
  readonly type: ColumnType;
  readonly nulls: boolean;
  readonly dictionary?: readonly unknown[];
  readonly chunks: readonly HostChunk[];
}

export interface HostChunk {
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  readonly rows: number;
}

/** A row by its number over all chunks: its chunk and its number there. */
export type Locate = (row: number) => readonly [chunk: number, row: number];

/** How rows are found in chunks of these sizes. */
export function locator(sizes: readonly number[]): Locate {
  if (sizes.length <= 1) return (row) => [0, row];
  const starts = [0];
  for (const size of sizes) starts.push(starts.at(-1)! + size);
  return (row) => {
    let chunk = 0;
    while (row >= starts[chunk + 1]!) chunk++;
    return [chunk, row - starts[chunk]!];
  };
}

/**
 * Compares two rows by their numbers over all chunks: ascending, nulls last, NaN after numbers, −0 as 0,
 * text by its bytes, codes by their dictionary's values.
 */
export function comparator(column: HostColumn): (a: number, b: number) => number {
  const values = column.chunks.flatMap((chunk) => sortable(column, chunk));
  const keys = numbersOf(values) ?? values;
  const plain = keys instanceof Float64Array && !keys.some(Number.isNaN);
  if (plain) return (a, b) => keys[a]! - keys[b]!;
  return (a, b) => compare(keys[a], keys[b]);
}

/** A value that < orders; texts are their bytes, one character each; undefined is null. */
export type Sortable = number | bigint | string | undefined;

/** The values of a column in the order of its rows; codes as what they stand for. */
export function sortables(column: HostColumn): Sortable[] {
  const values = column.chunks.flatMap((chunk) => sortable(withoutCodes(column), chunk));
  const { dictionary } = column;
  if (!dictionary) return values;
  const plain = typeof dictionary[0] === "number" || typeof dictionary[0] === "bigint";
  const entries = dictionary.map((value) =>
    plain ? (value as number) : Buffer.from(String(value)).toString("latin1"),
  );
  return values.map((code) => (code === undefined ? undefined : entries[Number(code)]));
}

const withoutCodes = (column: HostColumn): HostColumn =>
  column.dictionary ? { ...column, type: { ...column.type, kind: "u32" } } : column;

/** Their order: nulls last, NaN above all numbers. */
export function compareSortables(a: Sortable, b: Sortable): number {
  return compare(a, b);
}

// A typed array sorts several times as fast; integers of 64 bits mostly fit one.
function numbersOf(values: readonly Sortable[]): Float64Array | undefined {
  const fits = values.every((x) =>
    typeof x === "bigint"
      ? x === BigInt.asIntN(53, x)
      : typeof x === "number" && Number.isFinite(x),
  );
  return fits ? Float64Array.from(values as number[], Number) : undefined;
}

function compare(a: Sortable, b: Sortable): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

// Each value as something that < orders; undefined for null.
function sortable(column: HostColumn, { bytes, layout, rows }: HostChunk): Sortable[] {
  const value = valueReader(column, bytes, layout);
  const { validity } = layout;
  const isNull = (row: number) =>
    validity >= 0 && ((bytes[validity + (row >> 3)]! >> (row & 7)) & 1) === 0;
  return Array.from({ length: rows }, (_, row) => (isNull(row) ? undefined : value(row)));
}

function valueReader(
  column: HostColumn,
  bytes: Uint8Array,
  layout: Layout,
): (row: number) => Sortable {
  const { type } = column;
  if (isText(type)) {
    const offsets = view(Uint32Array, bytes);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + layout.bytes, layout.textBytes);
    // As Latin-1 every byte is a character: the order of the texts is that of their bytes.
    return (row) => text.toString("latin1", offsets[row], offsets[row + 1]);
  }
  if (type.bits === 1) return (row) => (bytes[row >> 3]! >> (row & 7)) & 1;
  if (type.kind === "code") {
    const codes = view(Uint32Array, bytes);
    const ranks = ranksOf(column.dictionary!);
    return (row) => ranks[codes[row]!]!;
  }
  if (type.kind === "decimal") {
    const words = view(BigInt64Array as unknown as NumberArray, bytes) as ArrayLike<bigint>;
    return (row) => (words[row * 2 + 1]! << 64n) | BigInt.asUintN(64, words[row * 2]!);
  }
  const values = view(arrayOf(type), bytes);
  return (row) => values[row];
}

// What compares like the dictionary's values, by code.
function ranksOf(dictionary: readonly unknown[]): Uint32Array {
  const order = dictionary.map((_, code) => code);
  const bytes = dictionary.map((value) => Buffer.from(String(value)));
  const plain = typeof dictionary[0] === "number" || typeof dictionary[0] === "bigint";
  order.sort((a, b) =>
    plain
      ? compare(dictionary[a] as number, dictionary[b] as number)
      : Buffer.compare(bytes[a]!, bytes[b]!),
  );
  const ranks = new Uint32Array(order.length);
  order.forEach((code, rank) => {
    ranks[code] = rank;
  });
  return ranks;
}

interface NumberArray {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset: number, length: number): ArrayLike<number | bigint>;
}

/** The typed array that holds values of a fixed-width type. */
export function arrayOf({ kind, bits }: ColumnType): NumberArray {
  switch (kind) {
    case "f32":
      return bits === 16 ? Float16Array : Float32Array;
    case "f64":
      return Float64Array;
    case "i64":
      return BigInt64Array;
    case "u64":
      return BigUint64Array;
    case "i32":
      return bits === 8 ? Int8Array : bits === 16 ? Int16Array : Int32Array;
    default:
      return bits === 8 ? Uint8Array : bits === 16 ? Uint16Array : Uint32Array;
  }
}

function view<A extends NumberArray>(View: A, bytes: Uint8Array): InstanceType<A> {
  const size = View.BYTES_PER_ELEMENT;
  const length = Math.floor(bytes.byteLength / size);
  if (bytes.byteOffset % size === 0)
    return new View(bytes.buffer, bytes.byteOffset, length) as InstanceType<A>;
  return new View(bytes.slice().buffer, 0, length) as InstanceType<A>;
}

/** The rows of `order`, as one chunk. */
export function take(column: HostColumn, order: Uint32Array, locate: Locate): HostChunk {
  const { type, chunks } = column;
  const rows = order.length;
  const places = Array.from(order, locate);
  const text = isText(type) ? sizesOf(chunks, places) : undefined;
  const layout = layoutOf(type, rows, column.nulls, text?.at(-1) ?? 0);
  const bytes = new Uint8Array(layout.total);
  if (text) takeText(chunks, places, text, bytes, layout);
  else if (type.bits === 1) takeBits(chunks, places, bytes, 0, () => 0);
  else takeFixed(chunks, places, bytes, type.bits / 8);
  if (column.nulls)
    takeBits(chunks, places, bytes, layout.validity, (chunk) => chunk.layout.validity);
  return { bytes, layout, rows };
}

type Places = readonly (readonly [number, number])[];

// Word by word where a value is whole words, which all but small types are.
function takeFixed(
  chunks: readonly HostChunk[],
  places: Places,
  to: Uint8Array,
  width: number,
): void {
  const step = width % 4 === 0 ? 4 : width % 2 === 0 ? 2 : 1;
  const View = step === 4 ? Uint32Array : step === 2 ? Uint16Array : Uint8Array;
  const from = chunks.map(({ bytes }) => view(View as NumberArray, bytes) as ArrayLike<number>);
  const out = view(View as NumberArray, to) as Uint32Array;
  const units = width / step;
  places.forEach(([chunk, row], i) => {
    for (let k = 0; k < units; k++) out[i * units + k] = from[chunk]![row * units + k]!;
  });
}

function takeBits(
  chunks: readonly HostChunk[],
  places: Places,
  to: Uint8Array,
  at: number,
  section: (chunk: HostChunk) => number,
): void {
  places.forEach(([c, row], i) => {
    const chunk = chunks[c]!;
    const bit = (chunk.bytes[section(chunk) + (row >> 3)]! >> (row & 7)) & 1;
    to[at + (i >> 3)]! |= bit << (i & 7);
  });
}

function sizesOf(chunks: readonly HostChunk[], places: Places): number[] {
  const offsets = chunks.map((chunk) => view(Uint32Array, chunk.bytes));
  let total = 0;
  return places.map(([chunk, row]) => {
    total += offsets[chunk]![row + 1]! - offsets[chunk]![row]!;
    return total;
  });
}

function takeText(
  chunks: readonly HostChunk[],
  places: Places,
  ends: readonly number[],
  to: Uint8Array,
  layout: Layout,
): void {
  const offsets = chunks.map((chunk) => view(Uint32Array, chunk.bytes));
  const out = new Uint32Array(to.buffer, 0, places.length + 1);
  places.forEach(([c, row], i) => {
    const { bytes, layout: from } = chunks[c]!;
    const [first, end] = [offsets[c]![row]!, offsets[c]![row + 1]!];
    to.set(bytes.subarray(from.bytes + first, from.bytes + end), layout.bytes + out[i]!);
    out[i + 1] = ends[i]!;
  });
}

/** Values (and their validity) as the bytes of a block; `valid` absent: all are. */
export function hostChunk(
  type: ColumnType,
  values: ArrayBufferView,
  rows: number,
  valid?: Uint8Array,
): HostChunk {
  const some = valid !== undefined && countBits(valid, rows) < rows;
  const layout = layoutOf(type, rows, some);
  const bytes = new Uint8Array(layout.total);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  if (some) bytes.set(valid, layout.validity);
  return { bytes, layout, rows };
}
