// Columns on the host in the same layout as their blocks: ordering rows and taking some of them. For
// results that are small beside the table they came from (the keys of groups).
import { countBits } from "./bits.ts";
import { type Layout, layoutOf } from "./layout.ts";
import type { ColumnFacts } from "./store.ts";
import { type ColumnType, isText } from "./types.ts";

/** One or more chunks of a column, as the bytes of their blocks. */
export interface HostColumn {
  readonly type: ColumnType;
  readonly nulls: boolean;
  readonly dictionary?: readonly unknown[];
  /** What is in a list or a struct; chunks have its values. */
  readonly children?: readonly ColumnFacts[];
  readonly chunks: readonly HostChunk[];
}

export interface HostChunk {
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  readonly rows: number;
  /** Of what is in a list or a struct. */
  readonly children?: readonly HostChunk[];
}

/** A row by its number over all chunks: its chunk and its number there. */
export type Locate = (row: number) => readonly [chunk: number, row: number];

/** How rows are found in chunks of these sizes. */
export function locator(sizes: readonly number[]): Locate {
  if (sizes.length <= 1) return (row) => [0, row];
  const starts = [0];
  for (const size of sizes) starts.push(starts.at(-1)! + size);
  return (row) => {
    // The last chunk that begins at the row or before it: empty ones begin where the next does.
    let [chunk, end] = [0, sizes.length];
    while (end - chunk > 1) {
      const middle = (chunk + end) >> 1;
      if (starts[middle]! <= row) chunk = middle;
      else end = middle;
    }
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
  const entries = entriesOf(dictionary);
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

/** The values of a dictionary as what < orders: numbers, decimals by their digits, others by their text. */
export function entriesOf(dictionary: readonly unknown[]): Exclude<Sortable, undefined>[] {
  return dictionary.map((value) => {
    if (typeof value === "number" || typeof value === "bigint") return value;
    // Arrow gives decimals as words, low first.
    if (!(value instanceof Uint32Array)) return Buffer.from(String(value)).toString("latin1");
    const bits = value.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
    return BigInt.asIntN(32 * value.length, bits);
  });
}

// What compares like the dictionary's values, by code.
function ranksOf(dictionary: readonly unknown[]): Uint32Array {
  const entries = entriesOf(dictionary);
  const order = entries.map((_, code) => code);
  order.sort((a, b) => compare(entries[a], entries[b]));
  const ranks = new Uint32Array(order.length);
  order.forEach((code, rank) => {
    ranks[code] = rank;
  });
  return ranks;
}

export interface NumberArray {
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

export function view<A extends NumberArray>(View: A, bytes: Uint8Array): InstanceType<A> {
  const size = View.BYTES_PER_ELEMENT;
  const length = Math.floor(bytes.byteLength / size);
  if (bytes.byteOffset % size === 0)
    return new View(bytes.buffer, bytes.byteOffset, length) as InstanceType<A>;
  return new View(bytes.slice().buffer, 0, length) as InstanceType<A>;
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
