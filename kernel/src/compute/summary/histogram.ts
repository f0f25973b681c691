// Counts of numbers by ranges of equal width.
import type { Table } from "apache-arrow";
import { CenoteError } from "../../base/index.ts";
import { hostChunk, hostTable, TYPES } from "../../columns/index.ts";
import { col, type Expr } from "../expr.ts";
import { expression, optionsOf } from "../given.ts";
import { choiceOf, rowsOf } from "../host/run.ts";
import { orderedValues } from "../host/values.ts";
import { number } from "../kinds.ts";
import { type Plan, wholeOf } from "../plan.ts";
import { resolve } from "../rules.ts";
import { withHidden, withRows } from "../sort/hidden.ts";
import { type OrderedValues, sortedValues } from "../sort/values.ts";
import { told } from "../told.ts";
import { HostSource } from "./source.ts";

export interface HistogramOptions {
  /** Ranges; default 10. */
  readonly bins?: number;
  /** Least and greatest value; default those of the column. What is outside is not counted. */
  readonly range?: readonly [number, number];
}

const COLUMNS = [
  { name: "from", type: TYPES.float64 },
  { name: "to", type: TYPES.float64 },
  { name: "count", type: TYPES.uint32 },
];

/** Throws BAD_COUNT, BAD_RANGE and WRONG_TYPE; running it, BAD_RANGE where values are infinite. */
export function histogram(plan: Plan, of: string | Expr, options: HistogramOptions): Plan {
  const { bins = 10, range } = optionsOf(options, "histogram(of, options)");
  if (!(Number.isSafeInteger(bins) && bins > 0 && bins <= 1e6)) {
    throw new CenoteError(
      "BAD_COUNT",
      `histogram({ bins }): wanted a whole number from 1 to 1000000, found ${told(bins)}`,
    );
  }
  if (range !== undefined) checkRange(range);
  const expr = typeof of === "string" ? col(of) : expression(of, "histogram(…)");
  const where = `histogram(${expr})`;
  const at = number(resolve(expr, plan.columns, where), where);
  const wide = withHidden({ ...plan, columns: new Map() }, [at]);
  const run = async () => {
    if (choiceOf(wide.plan, {}).on === "host")
      return counted(orderedValues(await rowsOf(wide.plan), wide.names), bins, range, String(expr));
    return withRows({ ...plan, columns: new Map() }, [at], async (store, names) =>
      counted(await sortedValues(store, names, at), bins, range, String(expr)),
    );
  };
  const what = `histogram of ${expr}: sorted, ${bins} ranges found on the host`;
  return wholeOf(new HostSource(plan, COLUMNS, run, what));
}

function checkRange(range: unknown): void {
  const [low, high] = Array.isArray(range) ? range : [];
  if (Number.isFinite(low) && Number.isFinite(high) && low! < high!) return;
  throw new CenoteError(
    "BAD_RANGE",
    `histogram({ range }): wanted two finite numbers, the lower first, found ${Array.isArray(range) ? `[${range.map(told).join(", ")}]` : told(range)}`,
  );
}

/** Ranges are [from, to), the last one [from, to]. Nulls and NaN are not counted. */
function counted(
  values: OrderedValues,
  bins: number,
  range: readonly [number, number] | undefined,
  of: string,
): Promise<Table> {
  // Rows with numbers: nulls are last, and NaN is before them.
  const end = firstRow(values, values.rows, (row) => values.isNull(row) || isNan(values, row));
  const [low, high] = range ?? found(values, end, of);
  const edge = (i: number) => (i === bins ? high : low + ((high - low) * i) / bins);
  const below = (limit: number) => firstRow(values, end, (row) => values.value(row) >= limit);
  const places = Array.from({ length: bins }, (_, i) => below(edge(i)));
  places.push(firstRow(values, end, (row) => values.value(row) > high));
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => edge(i));
  const counts = Uint32Array.from({ length: bins }, (_, i) => places[i + 1]! - places[i]!);
  const arrays = [edges.slice(0, bins), edges.slice(1), counts];
  const columns = COLUMNS.map((column, i) => ({
    column: { ...column, nulls: false },
    chunk: hostChunk(column.type, arrays[i]!, bins),
  }));
  return hostTable(columns, bins);
}

const isNan = (values: OrderedValues, row: number) => Number.isNaN(values.value(row));

/** The first of `end` rows of which `test` is true; it is true of all after it. */
function firstRow(values: OrderedValues, end: number, test: (row: number) => boolean): number {
  let [low, high] = [0, Math.min(end, values.rows)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

// As numpy has it: of no rows [0, 1], of one value half to either side.
function found(values: OrderedValues, end: number, of: string): [number, number] {
  if (end === 0) return [0, 1];
  const [low, high] = [Number(values.value(0)), Number(values.value(end - 1))];
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new CenoteError(
      "BAD_RANGE",
      `histogram(${of}): wanted finite values, found ${low} to ${high}`,
      { mend: "Give a range: histogram(…, { range: [0, 100] })." },
    );
  }
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
