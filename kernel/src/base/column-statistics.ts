// Facts of an Arrow column: nulls, least, greatest and mean of numbers with a small histogram, and the most
// frequent of texts. Reads every value once or twice; large columns are read in a thread of their own.
import type { Data, DataType, Vector } from "apache-arrow";
import { ARROW, decimalValue, forValues, valueText } from "./arrow-text.ts";
import type { ColumnStatistics } from "./browse-protocol.ts";

const BINS = 24;
const TOP = 5;
/** Different values that are counted; a column with more is said to have at least so many. */
const MOST_DISTINCT = 200_000;
const COUNTED: readonly number[] = [
  ...[ARROW.utf8, ARROW.largeUtf8, ARROW.utf8View, ARROW.bool, ARROW.dictionary],
];
const ORDERED: readonly number[] = [
  ...[ARROW.int, ARROW.float, ARROW.decimal],
  ...[ARROW.date, ARROW.time, ARROW.timestamp, ARROW.duration],
];

/** Those that have a mean. */
const MEANT: readonly number[] = [ARROW.int, ARROW.float, ARROW.decimal];

export function columnStatistics(vector: Vector): ColumnStatistics {
  const { typeId } = vector.type as DataType;
  const facts: ColumnStatistics = { rows: vector.length, nulls: vector.nullCount };
  if (COUNTED.includes(typeId)) return { ...facts, ...frequencies(vector) };
  if (ORDERED.includes(typeId)) return { ...facts, ...spread(vector) };
  return facts;
}

function frequencies(vector: Vector): Partial<ColumnStatistics> {
  const counts = new Map<string, { count: number; row: number }>();
  let more = false;
  let nulls = vector.length;
  forValues(vector, (value, row) => {
    nulls--;
    const found = counts.get(String(value));
    if (found) found.count++;
    else if (counts.size < MOST_DISTINCT) counts.set(String(value), { count: 1, row });
    else more = true;
  });
  const top = [...counts.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, TOP)
    .map(({ count, row }) => ({ value: valueText(vector, row)!, count }));
  return { nulls, distinct: counts.size, top, ...(more ? { more } : {}) };
}

/** Calls `each` with the values that are not null, as they are stored but for floats; decimals without their point. */
function forNumbers(vector: Vector, each: (value: number | bigint, row: number) => void): void {
  let row = 0;
  for (const data of vector.data) {
    const value = reader(data);
    const nulls = data.nullCount > 0;
    for (let at = 0; at < data.length; at++, row++) {
      if (nulls && !data.getValid(at)) continue;
      each(value ? value(at) : (vector.get(row) as number), row);
    }
  }
}

/** Reads a chunk's values; undefined where apache-arrow has to. */
function reader({ type, values, stride }: Data): ((at: number) => number | bigint) | undefined {
  const { typeId } = type as DataType;
  if (typeId === ARROW.decimal) {
    return (at) => decimalValue(values.subarray(at * stride, (at + 1) * stride) as Uint32Array);
  }
  const plain = typeId !== ARROW.float || values instanceof Float64Array;
  return plain ? (at) => values[at] as number | bigint : undefined;
}

function spread(vector: Vector): Partial<ColumnStatistics> {
  const type = vector.type as DataType;
  let [least, greatest]: (number | bigint)[] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [leastRow, greatestRow, sum, nans, values] = [-1, -1, 0, 0, 0];
  forNumbers(vector, (value, row) => {
    if (Number.isNaN(value)) {
      nans++;
      return;
    }
    values++;
    sum += Number(value);
    if (leastRow < 0 || value < least!) [least, leastRow] = [value, row];
    if (greatestRow < 0 || value > greatest!) [greatest, greatestRow] = [value, row];
  });
  const found: Partial<ColumnStatistics> = nans > 0 ? { nans } : {};
  if (values === 0) return found;
  found.least = valueText(vector, leastRow)!;
  found.greatest = valueText(vector, greatestRow)!;
  // What is not finite does not survive JSON.
  if (MEANT.includes(type.typeId) && Number.isFinite(sum)) found.mean = sum / values / unitOf(type);
  const [from, to] = [Number(least), Number(greatest)];
  if (from === to && Number.isFinite(from)) found.histogram = [values];
  else if (Number.isFinite(to - from)) found.histogram = histogram(vector, from, to);
  return found;
}

/** What a stored 1 is divided by. */
const unitOf = (type: DataType) =>
  type.typeId === ARROW.decimal ? 10 ** (type as unknown as { scale: number }).scale : 1;

function histogram(vector: Vector, from: number, to: number): number[] {
  const bins = new Array<number>(BINS).fill(0);
  forNumbers(vector, (value) => {
    const number = Number(value);
    if (Number.isNaN(number)) return;
    bins[Math.min(BINS - 1, Math.floor(((number - from) / (to - from)) * BINS))]!++;
  });
  return bins;
}
