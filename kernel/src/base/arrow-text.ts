// One value of an Arrow column as text, exact: whole 64-bit numbers, times to their unit, decimals to their
// scale. For tables on pages, and for the facts of columns.
import type { Data, DataType, Vector } from "apache-arrow";

/** Numbers of Arrow's types, as apache-arrow's `typeId` has them; a table of any copy of it is read by these. */
export const ARROW = {
  dictionary: -1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  fixedBinary: 15,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  binaryView: 23,
  utf8View: 24,
} as const;

const BINARY: readonly number[] = [
  ...[ARROW.binary, ARROW.fixedBinary, ARROW.largeBinary, ARROW.binaryView],
];
/** Units a second, by the number of Arrow's unit. */
const PER_SECOND = [1n, 1000n, 1_000_000n, 1_000_000_000n] as const;
const UNIT = ["s", "ms", "µs", "ns"] as const;
const DAY_MS = 86_400_000n;
/** Bytes of a binary value that are shown. */
const BYTES_SHOWN = 32;

interface Timed {
  unit: number;
  timezone?: string | null;
}

/** The chunk that has this row of the column, and the row in it. */
export function placeOf(vector: Vector, row: number): [data: Data, at: number] {
  let at = row;
  for (const data of vector.data) {
    if (at < data.length) return [data, at];
    at -= data.length;
  }
  throw new RangeError(`row ${row} of ${vector.length}`);
}

/** Calls `each` with the values that are not null, also not by an entry of their dictionary. */
export function forValues(vector: Vector, each: (value: unknown, row: number) => void): void {
  let row = 0;
  for (const data of vector.data) {
    for (let at = 0; at < data.length; at++, row++) {
      if (data.nullCount > 0 && !data.getValid(at)) continue;
      const value: unknown = data.dictionary
        ? data.dictionary.get(codeOf(data, at))
        : vector.get(row);
      if (value !== null) each(value, row);
    }
  }
}

/** Which entry of its dictionary a value is. Codes of 64 bits are more than apache-arrow's `get` takes. */
const codeOf = (data: Data, at: number) => Number(data.values[at]);

/** The value's text; null for null. */
export function valueText(vector: Vector, row: number): string | null {
  const [data, at] = placeOf(vector, row);
  if (data.nullCount > 0 && !data.getValid(at)) return null;
  if (data.dictionary) return valueText(data.dictionary, codeOf(data, at));
  const type = data.type as DataType;
  const raw = (data.values as ArrayLike<unknown> | undefined)?.[at];
  if (typeof raw === "bigint" || type.typeId === ARROW.date || type.typeId === ARROW.time) {
    return wholeText(type, BigInt(raw as number | bigint));
  }
  const value: unknown = vector.get(row);
  if (value === null) return null; // of the type of nulls
  if (type.typeId === ARROW.decimal)
    return decimalText(value as Uint32Array, (type as unknown as { scale: number }).scale);
  if (BINARY.includes(type.typeId)) return bytesText(value as Uint8Array);
  return plainText(value);
}

/** A value that is stored as a whole number, as its type means it. */
export function wholeText(type: DataType, value: bigint): string {
  const { unit, timezone } = type as unknown as Timed;
  switch (type.typeId) {
    case ARROW.date: // of days or of milliseconds
      return isoDate(unit === 0 ? value * DAY_MS : value, unit === 0);
    case ARROW.timestamp:
      return timestampText(value, unit, timezone);
    case ARROW.time:
      return clockText(value, unit);
    case ARROW.duration:
      return `${value} ${UNIT[unit]}`;
    default:
      return String(value);
  }
}

function isoDate(ms: bigint, dayOnly: boolean): string {
  const date = new Date(Number(ms));
  if (Number.isNaN(date.getTime())) return `${ms} ms`;
  const text = date.toISOString();
  return dayOnly ? text.slice(0, -14) : text.replace("T", " ").replace("Z", "");
}

function timestampText(value: bigint, unit: number, timezone?: string | null): string {
  const per = PER_SECOND[unit]!;
  const fraction = ((value % per) + per) % per;
  const seconds = (value - fraction) / per;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `${value} ${UNIT[unit]}`;
  const text = date.toISOString().replace("T", " ").slice(0, -5);
  return text + fractionText(fraction, unit) + (timezone ? "Z" : "");
}

/** A time of day, to its unit: 0 is seconds, 3 nanoseconds. */
export function clockText(value: bigint, unit: number): string {
  const per = PER_SECOND[unit]!;
  const seconds = Number(value / per);
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((n) => two(Math.floor(n)));
  return clock.join(":") + fractionText(value % per, unit);
}

const fractionText = (fraction: bigint, unit: number) =>
  unit === 0 ? "" : `.${String(fraction).padStart(3 * unit, "0")}`;

/** Little-endian words of 32 bits, in two's complement. */
export function decimalValue(words: Uint32Array): bigint {
  let value = 0n;
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]!);
  return BigInt.asIntN(32 * words.length, value);
}

/** A decimal with the digits behind its point that its scale says. */
export function decimalText(words: Uint32Array, scale: number): string {
  const value = decimalValue(words);
  if (scale <= 0) return String(value * 10n ** BigInt(-scale));
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function bytesText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, BYTES_SHOWN), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  return bytes.length > BYTES_SHOWN ? `${shown}… (${bytes.length} bytes)` : shown;
}

function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object") return String(value);
  return JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? String(part) : part));
}
