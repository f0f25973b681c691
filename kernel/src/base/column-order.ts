// The rows of an Arrow column in the order of their values: a stable sort by radix for all that can be told by
// 64 bits. NaN comes after all numbers, nulls come last, whichever way it goes.
import type { Data, DataType, Vector } from "apache-arrow";
import { ARROW, decimalValue, forValues } from "./arrow-text.ts";

const DIGIT_BITS = 16;
const DIGITS = 2 ** DIGIT_BITS;
const TEXTS: readonly number[] = [
  ...[ARROW.utf8, ARROW.largeUtf8, ARROW.utf8View, ARROW.dictionary],
];
const SIGN = 0x80000000;
const NONE = 0xffffffff;

/** Whether the values of this type have an order here. */
export function isSortable(type: DataType): boolean {
  const { dictionary } = type as unknown as { dictionary?: DataType };
  if (type.typeId === ARROW.dictionary) return dictionary !== undefined && isSortable(dictionary);
  const numbers: readonly number[] = [
    ...[ARROW.int, ARROW.float, ARROW.bool, ARROW.decimal],
    ...[ARROW.date, ARROW.time, ARROW.timestamp, ARROW.duration],
  ];
  return numbers.includes(type.typeId) || TEXTS.includes(type.typeId);
}

/** Rows that are not null, and an order-preserving key of 64 bits for each. */
interface Keys {
  rows: Uint32Array;
  high: Uint32Array;
  low: Uint32Array;
  nulls: Uint32Array;
}

/** The rows in order. The column's type must be sortable. */
export function columnOrder(vector: Vector, descending: boolean): Uint32Array {
  const keys = keysOf(vector, descending);
  let rows = keys.rows;
  for (const words of [keys.low, keys.high]) {
    for (const shift of [0, DIGIT_BITS]) rows = sortedByDigit(rows, words, shift);
  }
  const order = new Uint32Array(vector.length);
  order.set(rows);
  order.set(keys.nulls, rows.length);
  return order;
}

/** One pass of the radix sort. Keys are found by the row's number. */
function sortedByDigit(rows: Uint32Array, words: Uint32Array, shift: number): Uint32Array {
  const starts = new Uint32Array(DIGITS + 1);
  for (const row of rows) {
    const digit = (words[row]! >>> shift) & (DIGITS - 1);
    starts[digit + 1]!++;
  }
  if (rows.length === 0 || starts.includes(rows.length)) return rows; // all alike
  for (let digit = 1; digit <= DIGITS; digit++) starts[digit]! += starts[digit - 1]!;
  const sorted = new Uint32Array(rows.length);
  for (const row of rows) {
    const digit = (words[row]! >>> shift) & (DIGITS - 1);
    sorted[starts[digit]!++] = row;
  }
  return sorted;
}

function keysOf(vector: Vector, descending: boolean): Keys {
  const length = vector.length;
  const keys: Keys = {
    rows: new Uint32Array(length - vector.nullCount),
    nulls: new Uint32Array(vector.nullCount),
    high: new Uint32Array(length),
    low: new Uint32Array(length),
  };
  const write = writerFor(vector, keys);
  let [row, valid, null_] = [0, 0, 0];
  for (const data of vector.data) {
    for (let at = 0; at < data.length; at++, row++) {
      if (data.nullCount > 0 && !data.getValid(at)) {
        keys.nulls[null_++] = row;
        continue;
      }
      keys.rows[valid++] = row;
      const comparable = write(row, data, at);
      if (!descending || !comparable) continue;
      keys.high[row] = ~keys.high[row]!;
      keys.low[row] = ~keys.low[row]!;
    }
  }
  return keys;
}

/** Writes the key of one value; false for what stays last: NaN, and entries of dictionaries that are null. */
type Write = (row: number, data: Data, at: number) => boolean;

function writerFor(vector: Vector, { high, low }: Keys): Write {
  const { typeId } = vector.type as DataType;
  if (TEXTS.includes(typeId) || typeId === ARROW.decimal) return ranked(vector, high, low);
  const { isSigned = true } = vector.type as unknown as { isSigned?: boolean };
  const flip = isSigned ? SIGN : 0;
  const number = new Float64Array(1);
  const words = new Uint32Array(number.buffer);
  return (row, data, at) => {
    const raw = typeId === ARROW.float ? undefined : data.values?.[at];
    if (typeof raw === "bigint") {
      high[row] = Number((raw >> 32n) & 0xffffffffn) ^ flip;
      low[row] = Number(raw & 0xffffffffn);
      return true;
    }
    if (typeof raw === "number" && typeId !== ARROW.bool) {
      // Whole, of at most 32 bits; half of the passes find nothing to do.
      high[row] = raw ^ flip;
      return true;
    }
    number[0] = Number(vector.get(row)) + 0; // −0 is 0
    if (Number.isNaN(number[0])) {
      high[row] = low[row] = NONE;
      return false;
    }
    const negative = words[1]! >>> 31 === 1;
    high[row] = negative ? ~words[1]! : words[1]! ^ SIGN;
    low[row] = negative ? ~words[0]! : words[0]!;
    return true;
  };
}

/** Keys are places among the different values. */
function ranked(vector: Vector, high: Uint32Array, low: Uint32Array): Write {
  const places = new Map<string | number | bigint, number>();
  const codes = new Uint32Array(vector.length).fill(NONE);
  forValues(vector, (value, row) => {
    const one = comparable(value);
    let place = places.get(one);
    if (place === undefined) places.set(one, (place = places.size));
    codes[row] = place;
  });
  const sorted = [...places.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const rank = new Uint32Array(sorted.length);
  sorted.forEach((one, i) => {
    rank[places.get(one)!] = i + 1; // the other way, no rank is NONE
  });
  return (row) => {
    const code = codes[row]!;
    if (code === NONE) high[row] = low[row] = NONE;
    else low[row] = rank[code]!;
    return code !== NONE;
  };
}

function comparable(value: unknown): string | number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  return ArrayBuffer.isView(value) ? decimalValue(value as Uint32Array) : String(value);
}
