// The least and the greatest integer of a column, noted as it is uploaded. Columns of 64 bits whose values need but
// 32 (most counts, delays and numbers of rows, which tools write as int64) are read as half their bytes; keys of
// few values find their groups by subtraction; sums that cannot overflow a word take one.
import type { ColumnSource, Piece } from "./source.ts";
import type { ColumnType } from "./types.ts";

export interface Bounds {
  readonly low: number;
  readonly high: number;
  /** Whether both are values of the column: without nulls, and of all its rows. */
  readonly exact: boolean;
}

/** Bounds of all values of an integer column, and of what lies under its nulls; undefined beyond 2^53, and of no rows. */
export function boundsOf({ type, pieces, nulls }: ColumnSource): Bounds | undefined {
  if (!["i32", "u32", "i64", "u64"].includes(type.kind)) return undefined;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const piece of pieces) {
    const found = type.bits === 64 ? wideBounds(piece, type) : plainBounds(piece, type);
    low = Math.min(low, found[0]);
    high = Math.max(high, found[1]);
  }
  if (!(Number.isSafeInteger(low) && Number.isSafeInteger(high))) return undefined;
  return { low, high, exact: !nulls };
}

/** The bounds of rows that are among those of columns with these. */
export function boundsAmong(all: readonly (Bounds | undefined)[]): Bounds | undefined {
  if (all.length === 0 || all.includes(undefined)) return undefined;
  const known = all as readonly Bounds[];
  const low = Math.min(...known.map((one) => one.low));
  return { low, high: Math.max(...known.map((one) => one.high)), exact: false };
}

/** Whether each value is its low word, sign-extended where the type is signed; under a null there may be another. */
export function isNarrow(type: ColumnType, bounds: Bounds | undefined): boolean {
  if (type.bits !== 64 || !bounds) return false;
  if (type.kind === "u64") return bounds.high < 2 ** 32;
  return type.kind === "i64" && bounds.low >= -(2 ** 31) && bounds.high < 2 ** 31;
}

// Values beyond 2^53 round to some that are beyond it too.
function wideBounds({ bytes, rows }: Piece, { kind }: ColumnType): [number, number] {
  const { buffer, byteOffset } = aligned(bytes, 4);
  const words = new Uint32Array(buffer, byteOffset, rows * 2);
  const signed = kind === "i64";
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < words.length; i += 2) {
    const high = words[i + 1]!;
    const value = (signed ? high | 0 : high) * 2 ** 32 + words[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

const ARRAYS = {
  i32: { 8: Int8Array, 16: Int16Array, 32: Int32Array },
  u32: { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array },
} as const;

function plainBounds({ bytes, rows }: Piece, { kind, bits }: ColumnType): [number, number] {
  const Values = ARRAYS[kind as "i32" | "u32"][bits as 8 | 16 | 32];
  const { buffer, byteOffset } = aligned(bytes, bits / 8);
  const values = new Values(buffer, byteOffset, rows);
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < rows; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function aligned(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  return (bytes.byteOffset % width === 0 ? bytes : bytes.slice()) as Uint8Array<ArrayBuffer>;
}
