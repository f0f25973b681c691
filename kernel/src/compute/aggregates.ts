// Figures over many rows, as people write them: `sum("delay")`. How they are computed: figures.ts for those
// that add up, ordered/statistics.ts for those that need the values in order.
import { CenoteError } from "../base/index.ts";
import { col, type Expr } from "./expr.ts";
import { told } from "./told.ts";

const NAMES = [
  "count",
  "sum",
  "mean",
  "min",
  "max",
  "variance",
  "std",
  "any",
  "all",
  "first",
  "last",
  "median",
  "quantile",
  "nunique",
] as const;
export type AggregateFunction = (typeof NAMES)[number];

export const FUNCTIONS: ReadonlySet<string> = new Set(NAMES);

/** A figure over many rows. */
export interface Aggregate {
  readonly fn: AggregateFunction;
  /** Absent for count() of rows. */
  readonly of?: Expr;
  /** Of variance and std: the divisor is the number of values less this. */
  readonly ddof?: number;
  /** Of quantile: from 0 to 1. */
  readonly q?: number;
}

type Of = string | Expr;

const aggregate =
  (fn: AggregateFunction) =>
  (of: Of): Aggregate => ({ fn, of: typeof of === "string" ? col(of) : of });

/** Rows, or the values of a column that are not null; uint32. */
export function count(of?: Of): Aggregate {
  return of === undefined ? { fn: "count" } : aggregate("count")(of);
}
/**
 * Sum of the values that are not null, 0 when there are none. Integers: exact, int64 or uint64, an error
 * when it does not fit. Floats: the exact sum rounded once to float64, whatever the order of the rows.
 */
export const sum: (of: Of) => Aggregate = aggregate("sum");
/** The exact sum divided by the count, rounded once to float64; null when there are no values. */
export const mean: (of: Of) => Aggregate = aggregate("mean");
/** Least value, of the column's type; null when there are none. NaN only when there is nothing else. */
export const min: (of: Of) => Aggregate = aggregate("min");
/** Greatest value, of the column's type; null when there are none. NaN only when there is nothing else. */
export const max: (of: Of) => Aggregate = aggregate("max");
/** Whether a bool is true in some row; false when there are no values. */
export const any: (of: Of) => Aggregate = aggregate("any");
/** Whether a bool is true in all rows that are not null; true when there are no values. */
export const all: (of: Of) => Aggregate = aggregate("all");
/** The value of the first row, null where it is null. */
export const first: (of: Of) => Aggregate = aggregate("first");
/** The value of the last row, null where it is null. */
export const last: (of: Of) => Aggregate = aggregate("last");
/** The middle value, or the mean of the middle two, as float64; null without values, NaN if one is NaN. */
export const median: (of: Of) => Aggregate = aggregate("median");
/** Number of different values that are not null (NaN is one, −0 is 0); uint32. */
export const nunique: (of: Of) => Aggregate = aggregate("nunique");

/**
 * Variance as float64: exact sums of values and squares, rounded once. `ddof` 1 (default) is the sample's,
 * 0 the population's. Null when there are no more than `ddof` values. Throws BAD_DDOF.
 */
export function variance(of: Of, ddof = 1): Aggregate {
  return { ...aggregate("variance")(of), ddof: checkedDdof(ddof) };
}
/** Square root of the variance. Throws BAD_DDOF. */
export function std(of: Of, ddof = 1): Aggregate {
  return { ...aggregate("std")(of), ddof: checkedDdof(ddof) };
}
/**
 * The value below which a share `q` of the values lies, interpolated between the two next to it, as
 * float64; null without values, NaN if one is NaN. Throws BAD_QUANTILE.
 */
export function quantile(of: Of, q: number): Aggregate {
  if (typeof q === "number" && q >= 0 && q <= 1) return { ...aggregate("quantile")(of), q };
  throw new CenoteError("BAD_QUANTILE", `quantile(of, q): wanted q from 0 to 1, found ${told(q)}`);
}

function checkedDdof(ddof: number): number {
  if (Number.isSafeInteger(ddof) && ddof >= 0) return ddof;
  throw new CenoteError(
    "BAD_DDOF",
    `ddof: wanted a whole number from 0 up (0 population, 1 sample), found ${told(ddof)}`,
  );
}
