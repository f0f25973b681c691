// Running and rolling figures of values in the order of a window, on the host.
import { CenoteError } from "../../base/index.ts";
import type { WindowFunction } from "./functions.ts";
import type { Ordered } from "./ordered.ts";

/** Values by row; those of null rows count for nothing. */
export interface RowValues {
  readonly values: ArrayLike<number | bigint>;
  readonly valid: (row: number) => boolean;
}

/** A figure for each row; undefined is null. */
export type Figures = (number | bigint | undefined)[];

/** The figures of a function with values. */
export function running(of: RowValues, ordered: Ordered, { fn, rows, minRows }: WindowFunction) {
  switch (fn) {
    case "cumCount":
      return scanned(of, ordered, 0, (count) => Number(count) + 1, true);
    case "cumSum":
      return scanned(of, ordered, zeroOf(of), (sum, x) => add(sum, x));
    case "cumMin":
      return scanned(of, ordered, undefined, (best, x) =>
        best === undefined ? x : least(best, x),
      );
    case "cumMax":
      return scanned(of, ordered, undefined, (best, x) =>
        best === undefined ? x : greatest(best, x),
      );
    case "rollingMin":
      return extremes(of, ordered, rows!, minRows!, least);
    case "rollingMax":
      return extremes(of, ordered, rows!, minRows!, greatest);
    default:
      return sums(of, ordered, rows!, minRows!, fn === "rollingMean");
  }
}

type One = number | bigint;

const isBig = ({ values }: RowValues) => typeof values[0] === "bigint";
const zeroOf = (of: RowValues): One => (isBig(of) ? 0n : 0);
const add = (a: One, b: One): One => (a as number) + (b as number);
// NaN is above all numbers; of equal ones the earlier stays.
const above = (a: One, b: One) => a > b || (Number.isNaN(a) && !Number.isNaN(b));
const least = (a: One, b: One): One => (above(a, b) ? b : a);
const greatest = (a: One, b: One): One => (above(b, a) ? b : a);

function scanned(
  { values, valid }: RowValues,
  { rows, starts }: Ordered,
  first: One | undefined,
  step: (before: One, value: One) => One,
  always = false,
): Figures {
  const out: Figures = new Array(rows.length);
  let state = first;
  rows.forEach((row, i) => {
    if (starts[i] === i) state = first;
    const present = valid(row);
    if (present) state = step(state as One, values[row]!);
    if (present || always) out[row] = state;
  });
  return out;
}

/** Sums or means of windows. Integers slide exactly; floats are added anew for each window. */
function sums(
  of: RowValues,
  { rows, starts }: Ordered,
  size: number,
  minRows: number,
  mean: boolean,
): Figures {
  const { values, valid } = of;
  const out: Figures = new Array(rows.length);
  const big = isBig(of);
  let sum: bigint = 0n;
  let count = 0;
  rows.forEach((row, i) => {
    if (starts[i] === i) [sum, count] = [0n, 0];
    const left = i - size;
    const leaving = left >= starts[i]! && valid(rows[left]!);
    if (valid(row)) count++;
    if (leaving) count--;
    if (big && valid(row)) sum += values[row] as bigint;
    if (big && leaving) sum -= values[rows[left]!] as bigint;
    if (count < minRows) return;
    if (big) out[row] = mean ? Number(sum) / count : sum;
    else {
      const total = added(of, rows, Math.max(starts[i]!, left + 1), i);
      out[row] = mean ? total / count : total;
    }
  });
  return out;
}

function added({ values, valid }: RowValues, rows: Uint32Array, from: number, to: number): number {
  let total = 0;
  for (let k = from; k <= to; k++) if (valid(rows[k]!)) total += values[rows[k]!] as number;
  return total;
}

/** Least or greatest of windows, by a queue of places whose values may still become it. */
function extremes(
  { values, valid }: RowValues,
  { rows, starts }: Ordered,
  size: number,
  minRows: number,
  best: (a: One, b: One) => One,
): Figures {
  const out: Figures = new Array(rows.length);
  const queue = new Uint32Array(rows.length);
  let [head, tail, count] = [0, 0, 0];
  const at = (place: number) => values[rows[place]!]!;
  rows.forEach((row, i) => {
    if (starts[i] === i) [head, tail, count] = [0, 0, 0];
    const left = i - size;
    if (left >= starts[i]! && valid(rows[left]!)) count--;
    while (head < tail && queue[head]! <= left) head++;
    if (valid(row)) {
      count++;
      const value = values[row]!;
      while (head < tail && Object.is(best(value, at(queue[tail - 1]!)), value)) tail--;
      queue[tail++] = i;
    }
    if (count >= minRows && head < tail) out[row] = at(queue[head]!);
  });
  return out;
}

/** Throws SUM_OVERFLOW for a sum that does not fit. */
export function fitting(value: bigint, signed: boolean, name: string): bigint {
  const fits = signed ? BigInt.asIntN(64, value) === value : BigInt.asUintN(64, value) === value;
  if (fits) return value;
  throw new CenoteError(
    "SUM_OVERFLOW",
    `"${name}": a sum is ${value}, which does not fit ${signed ? "int64" : "uint64"}`,
    { mend: 'Sum col(…).cast("float64").' },
  );
}
