// The least and the greatest integer of a column, noted as it is uploaded. Columns of 64 bits whose values need but
// 32 (most counts, delays and numbers of rows, which tools write as int64) are read as half their bytes; keys of
// few values find their groups by subtraction; sums that cannot overflow a word take one. Of floats it is their
// exponents: an exact sum needs the words between the lowest and the highest one.
import type { ColumnSource, Piece } from "./source.ts";
import type { ColumnType } from "./types.ts";

export interface Bounds {
  readonly low: number;
  readonly high: number;
  /** Whether both are values of the column: without nulls, and of all its rows. */
  readonly exact: boolean;
}

/** Bounds of all values of an integer column, and of what lies under its nulls; undefined beyond 2^53, and of no rows. */
function boundsOf({ type, pieces, nulls }: ColumnSource): Bounds | undefined {
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

/** Of float32 and float64: the least and the greatest exponent as stored (0 as 1), zeros left out. */
export interface Exponents {
  readonly low: number;
  readonly high: number;
  /** Whether there are neither NaN nor infinities. */
  readonly finite: boolean;
}

/** Exponents of all values of a float column, and of what lies under its nulls; undefined of other columns. */
function exponentsOf({ type, pieces }: ColumnSource): Exponents | undefined {
  if ((type.kind !== "f32" && type.kind !== "f64") || type.bits < 32) return undefined;
  const step = type.bits / 32;
  const [shift, most] = step === 2 ? [20, 0x7ff] : [23, 0xff];
  let [low, high, finite] = [most, 1, true];
  for (const { bytes, rows } of pieces) {
    const { buffer, byteOffset } = aligned(bytes, 4);
    const words = new Uint32Array(buffer, byteOffset, rows * step);
    for (let i = step - 1; i < words.length; i += step) {
      const word = words[i]!;
      const exponent = (word >>> shift) & most;
      if (exponent === most) finite = false;
      else if (exponent > high) high = exponent;
      if (exponent < low && (word << 1 !== 0 || (step === 2 && words[i - 1] !== 0))) low = exponent;
    }
  }
  return { low: Math.max(1, Math.min(low, high)), high, finite };
}

/** What is known of rows that are among those of columns of which this is known. */
export function knownAmong(columns: readonly (Known | undefined)[]): Known {
  const bounds = boundsAmong(columns.map((one) => one?.bounds));
  const exponents = exponentsAmong(columns.map((one) => one?.exponents));
  return { ...(bounds ? { bounds } : {}), ...(exponents ? { exponents } : {}) };
}

/** What is noted of the values of a column. */
export interface Known {
  /** Of integers: between which all values are that are not null. */
  readonly bounds?: Bounds;
  /** Of floats: those of all values that are not null. */
  readonly exponents?: Exponents;
}

/** What is known of a column that is uploaded. */
export function knownOf(source: ColumnSource): Known {
  const bounds = boundsOf(source);
  const exponents = exponentsOf(source);
  return { ...(bounds ? { bounds } : {}), ...(exponents ? { exponents } : {}) };
}

function exponentsAmong(all: readonly (Exponents | undefined)[]): Exponents | undefined {
  if (all.length === 0 || all.includes(undefined)) return undefined;
  const known = all as readonly Exponents[];
  return {
    low: Math.min(...known.map((one) => one.low)),
    high: Math.max(...known.map((one) => one.high)),
    finite: known.every((one) => one.finite),
  };
}

/** The bounds of rows that are among those of columns with these. */
function boundsAmong(all: readonly (Bounds | undefined)[]): Bounds | undefined {
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
