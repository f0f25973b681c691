// Functions of a row and those around it, as people write them: `lag("delay")`, `rollingMean("delay", 7)`.
import { CenoteError } from "../../base/index.ts";
import type { Expr } from "../expr.ts";
import { columnOrExpression, optionsOf } from "../given.ts";
import { told } from "../told.ts";

const NAMES = [
  "rowNumber",
  "rank",
  "denseRank",
  "shift",
  "cumSum",
  "cumMin",
  "cumMax",
  "cumCount",
  "rollingSum",
  "rollingMean",
  "rollingMin",
  "rollingMax",
] as const;
export type WindowName = (typeof NAMES)[number];

/** A function over the rows of a partition in their order. */
export interface WindowFunction {
  readonly fn: WindowName;
  readonly of?: Expr;
  /** Of shift: rows back, negative ones ahead. Of rolling functions: rows of the window. */
  readonly rows?: number;
  /** Values that a rolling window must have, or its figure is null. */
  readonly minRows?: number;
}

export interface RollingOptions {
  /** Default: as many as the window has rows. */
  readonly minRows?: number;
}

type Of = string | Expr;
const exprOf = (of: Of, fn: string): Expr => columnOrExpression(of, `${fn}(…)`);

/** 1 for the first row of a partition, 2 for the next; uint32. */
export const rowNumber = (): WindowFunction => ({ fn: "rowNumber" });
/** 1 plus the rows of the partition before those that are equal in order; uint32. */
export const rank = (): WindowFunction => ({ fn: "rank" });
/** 1 plus the different orders before this one; uint32. */
export const denseRank = (): WindowFunction => ({ fn: "denseRank" });

/** The value `rows` rows before, null where there is none. */
export const lag = (of: Of, rows = 1): WindowFunction => shift(of, checkedRows(rows, 0, "lag"));
/** The value `rows` rows after, null where there is none. */
export const lead = (of: Of, rows = 1): WindowFunction => shift(of, -checkedRows(rows, 0, "lead"));

const shift = (of: Of, rows: number): WindowFunction => ({
  fn: "shift",
  of: exprOf(of, "lag or lead"),
  rows,
});

const running =
  (fn: WindowName) =>
  (of: Of): WindowFunction => ({ fn, of: exprOf(of, fn) });

/** Sum from the first row to this one, null where the value is null. Integers: exact, int64 or uint64. */
export const cumSum: (of: Of) => WindowFunction = running("cumSum");
/** Least value from the first row to this one, null where the value is null. */
export const cumMin: (of: Of) => WindowFunction = running("cumMin");
/** Greatest value from the first row to this one, null where the value is null. */
export const cumMax: (of: Of) => WindowFunction = running("cumMax");
/** Values that are not null from the first row to this one; uint32. */
export const cumCount: (of: Of) => WindowFunction = running("cumCount");

const rolling =
  (fn: WindowName) =>
  (of: Of, rows: number, options: RollingOptions = {}): WindowFunction => {
    const { minRows } = optionsOf(options, `${fn}(of, rows, options)`);
    const size = checkedRows(rows, 1, fn);
    const least = checkedRows(minRows ?? size, 1, `${fn} minRows`);
    return { fn, of: exprOf(of, fn), rows: size, minRows: least };
  };

type Rolling = (of: Of, rows: number, options?: RollingOptions) => WindowFunction;
/** Sum of the last `rows` rows, this one included; floats are added from the first to the last. */
export const rollingSum: Rolling = rolling("rollingSum");
/** That sum divided by the number of values; float64. */
export const rollingMean: Rolling = rolling("rollingMean");
/** Least of the last `rows` rows. NaN is above all numbers. */
export const rollingMin: Rolling = rolling("rollingMin");
/** Greatest of the last `rows` rows. NaN is above all numbers. */
export const rollingMax: Rolling = rolling("rollingMax");

/** Whether this is what the functions above make. */
export const isWindow = (given: unknown): given is WindowFunction =>
  typeof given === "object" && NAMES.includes((given as WindowFunction | null)?.fn as WindowName);

function checkedRows(rows: number, least: number, where: string): number {
  if (Number.isSafeInteger(rows) && rows >= least) return rows;
  throw new CenoteError(
    "BAD_COUNT",
    `${where}: wanted a whole number of rows from ${least} up, found ${told(rows)}`,
  );
}
