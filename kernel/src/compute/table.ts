// GpuTable: what people hold. Its operations only plan; toArrow(), collect() and a display run.
import type { Table } from "apache-arrow";
import { CenoteError, INSPECT } from "../base/index.ts";
import { type UploadOptions, uploadTable } from "../columns/index.ts";
import type { Gpu } from "../gpu/index.ts";
import { count } from "./aggregates.ts";
import { col, type Expr } from "./expr.ts";
import { entriesOf, notTable, optionsOf } from "./given.ts";
import { type Aggregates, aggregated, groupKeys } from "./grouping.ts";
import { rowsOf } from "./host/run.ts";
import { HostSource } from "./host/source.ts";
import type { JoinOptions } from "./join/keys.ts";
import { joined } from "./join/plans.ts";
import {
  filtered,
  type NamedKey,
  named,
  type Plan,
  renamed,
  type Selected,
  wholeOf,
} from "./plan.ts";
import { PLAN, Query } from "./query.ts";
import { GpuRecords, recordsOf } from "./records/gpu.ts";
import { HostRecords, recordsOn } from "./records/host.ts";
import type { RecordOptions } from "./records/layout.ts";
import { concatenated } from "./sort/concat.ts";
import { desc, type SortKey } from "./sort/keys.ts";
import {
  checkedCount,
  distinctRows,
  type SampleOptions,
  sampled,
  sliced,
  sorted,
  tailRows,
  takenRows,
  topRows,
} from "./sort/plans.ts";
import { materialise, StoreSource, unlimited } from "./sources.ts";
import { described } from "./summary/describe.ts";
import { type HistogramOptions, histogram } from "./summary/histogram.ts";
import { type PivotOptions, pivoted } from "./summary/pivot.ts";
import { told } from "./told.ts";
import type { WindowFunction } from "./window/functions.ts";
import { type WindowOptions, windowed } from "./window/plans.ts";

/**
 * A table whose columns are in the pool, or a query over one. Immutable; operations return new tables
 * and share columns. Results do not depend on the adapter, the chunks or the order of the rows.
 */
export class GpuTable extends Query {
  #from(plan: Plan): GpuTable {
    return new GpuTable(plan, false);
  }

  /** The rows where `test`, and all `others`, are true; those where one is false or null are left out. */
  filter(test: Expr, ...others: Expr[]): GpuTable {
    return this.#from([test, ...others].reduce(filtered, unlimited(this[PLAN])));
  }

  /** The rows without a null in these columns (in any, without names). */
  dropNulls(...names: (string | readonly string[])[]): GpuTable {
    const wanted = names.length > 0 ? names.flat() : this.columns;
    const tests = wanted.map((name) => col(name).isNotNull());
    return this.#from(tests.reduce(filtered, unlimited(this[PLAN])));
  }

  /** Some columns, computed ones among them: select("a", { b: col("c").add(1) }). */
  select(...items: (Selected | readonly Selected[])[]): GpuTable {
    return this.#from({ ...this[PLAN], columns: named(items, this[PLAN].columns) });
  }

  /** All columns but these. */
  drop(...names: (string | readonly string[])[]): GpuTable {
    const dropped = named(names, this[PLAN].columns);
    const rest = [...this[PLAN].columns].filter(([name]) => !dropped.has(name));
    return this.#from({ ...this[PLAN], columns: new Map(rest) });
  }

  /** All columns where they are, some under other names: rename({ old: "new" }). Throws SAME_NAME. */
  rename(names: Readonly<Record<string, string>>): GpuTable {
    return this.#from({ ...this[PLAN], columns: renamed(this[PLAN].columns, names) });
  }

  /** All columns, with these added or put in the place of those of their name. */
  withColumns(columns: Readonly<Record<string, Expr>>): GpuTable {
    const added = named([columns], this[PLAN].columns);
    return this.#from({ ...this[PLAN], columns: new Map([...this[PLAN].columns, ...added]) });
  }

  /** The first n rows. Throws BAD_COUNT. */
  head(n = 5): GpuTable {
    const limit = Math.min(checkedCount(n, "head(n)"), this[PLAN].limit);
    return this.#from({ ...this[PLAN], limit });
  }

  /** The last n rows. Throws BAD_COUNT. */
  tail(n = 5): GpuTable {
    return this.#from(tailRows(this[PLAN], n));
  }

  /** Rows [from, to); negative ones count from the end. Throws BAD_COUNT. */
  slice(from: number, to?: number): GpuTable {
    return this.#from(sliced(this[PLAN], from, to));
  }

  /** Rows by their numbers, in that order; a number may come again. Running it throws BAD_ROW. */
  take(rows: Iterable<number>): GpuTable {
    return this.#from(takenRows(this[PLAN], rows));
  }

  /** Rows chosen at random, in their order: sample(100), or sample({ fraction: 0.1, seed: 7 }). */
  sample(options: number | SampleOptions): GpuTable {
    return this.#from(sampled(this[PLAN], options));
  }

  /**
   * Rows in the order of keys, the first key first: sort("a", desc("b")). Rows of equal keys keep their
   * order. Nulls are last unless a key says otherwise; NaN is above all numbers, −0 is 0, text is ordered
   * by its bytes, codes by their values, false before true.
   */
  sort(...keys: (SortKey | readonly SortKey[])[]): GpuTable {
    return this.#from(sorted(this[PLAN], keys));
  }

  /** The first n rows in the order of keys: topK(10, desc("delay")). */
  topK(n: number, ...keys: SortKey[]): GpuTable {
    return this.#from(topRows(this[PLAN], n, keys));
  }

  /** The first row of each distinct value of these columns (of all, without any), in the order of rows. */
  distinct(...columns: (Selected | readonly Selected[])[]): GpuTable {
    const keys = [...named(columns, this[PLAN].columns)].map(([name, at]) => ({ name, at }));
    return this.#from(distinctRows(this[PLAN], keys));
  }

  /** The rows of this table, then those of others of the same columns and types. Throws OTHER_COLUMNS. */
  concat(...others: GpuTable[]): GpuTable {
    return this.#from(concatenated([this[PLAN], ...others.map((other) => tablePlan(other))]));
  }

  /**
   * Rows of both tables with equal keys: join(users, { on: "id" }), or on: { left: "user", right: "id" }. Null
   * keys match nothing, not even null; NaN matches NaN. `how` is "inner", "left" (all left rows, with nulls
   * where there is no match), "full" (and then the right rows without a match; a key of one name has the value
   * of either side), "semi" or "anti" (left rows with or without a match). Rows are in the order of the left
   * table, then of the right one. Throws KEY_TYPES; running it, TOO_MANY_ROWS.
   */
  join(other: GpuTable, options: JoinOptions): GpuTable {
    return this.#from(joined(this[PLAN], tablePlan(other), options));
  }

  /**
   * All columns, with functions of the rows around each: withWindows({ before: lag("delay") }, { partitionBy:
   * "origin", orderBy: "date" }). Rows stay where they are. Throws NO_ORDER_BY for ranks without an order.
   */
  withWindows(
    functions: Readonly<Record<string, WindowFunction>>,
    options: WindowOptions = {},
  ): GpuTable {
    return this.#from(windowed(this[PLAN], functions, options));
  }

  /** Groups of equal keys. null, NaN and 0 are keys as well (−0 is 0). The result is sorted by them. */
  groupBy(...keys: (Selected | readonly Selected[])[]): GroupBy {
    const plan = unlimited(this[PLAN]);
    return new GroupBy(plan, groupKeys(keys, plan));
  }

  /** Figures of all rows: one row, also of an empty table. */
  agg(aggregates: Aggregates): GpuTable {
    if (entriesOf(aggregates, "agg").length === 0) {
      throw new CenoteError("NO_AGGREGATES", "agg({}): wanted a figure or more, found none", {
        mend: "For example agg({ n: count() }).",
      });
    }
    return new GpuTable(aggregated(unlimited(this[PLAN]), [], aggregates), true);
  }

  /** Different values of a column and how often they come, the most frequent first. */
  valueCounts(of: Selected): GpuTable {
    return this.groupBy(of).agg({ count: count() }).sort(desc("count"));
  }

  /** Counts of a column's numbers by ranges of equal width: { from, to, count }. */
  histogram(of: string | Expr, options: HistogramOptions = {}): GpuTable {
    return new GpuTable(histogram(this[PLAN], of, options), true);
  }

  /** A row for each column: type, values, nulls, different values, least, greatest, mean, quartiles. */
  describe(): GpuTable {
    return new GpuTable(described(this[PLAN]), true);
  }

  /**
   * A row for each value of `index`, a column for each value of `on`, and in them a figure: await pivot({
   * index: "origin", on: "month", values: mean("delay") }). It runs at once, as its columns depend on the
   * values. dispose() it when done.
   */
  async pivot(options: PivotOptions): Promise<GpuTable> {
    return new GpuTable(await pivoted(this[PLAN], options), true);
  }

  /**
   * Runs the query into records, an array of structures or (with `tile`) tiles of them, for kernels of your own;
   * fromRecords() is the way back. Those of a table on the host are in memory (HostRecords), without a GPU.
   * Throws FIXED_WIDTH for texts, lists and structs.
   */
  async toRecords(given: RecordOptions = {}): Promise<GpuRecords | HostRecords> {
    const options = optionsOf(given, "toRecords(options)");
    const plan = this[PLAN];
    if (plan.source.host.there) return recordsOn(await rowsOf(plan), options);
    using store = await materialise(plan);
    return await recordsOf(store, options);
  }

  /** Runs the query into the pool. The result is a table of its own: dispose() it when done. */
  async collect(): Promise<GpuTable> {
    return new GpuTable(wholeOf(new StoreSource(await materialise(this[PLAN]))), true);
  }
}

/** The columns of records as a table of its own: dispose() it when done. */
export async function fromRecords(records: GpuRecords | HostRecords): Promise<GpuTable> {
  if (records instanceof HostRecords) return tableOnHost(await records.toTable());
  if (!(records instanceof GpuRecords)) {
    throw new CenoteError("NOT_RECORDS", `wanted records of toRecords(), found ${told(records)}`);
  }
  return new GpuTable(wholeOf(new StoreSource(await records.toStore())), true);
}

/** Groups that wait for figures. */
export class GroupBy {
  readonly #plan: Plan;
  readonly #keys: readonly NamedKey[];

  constructor(plan: Plan, keys: readonly NamedKey[]) {
    this.#plan = plan;
    this.#keys = keys;
  }

  /** Keys and figures of each group, sorted by the keys, nulls last. Without figures: the distinct keys. */
  agg(aggregates: Aggregates): GpuTable {
    return new GpuTable(aggregated(this.#plan, this.#keys, aggregates), true);
  }

  toString(): string {
    const keys = this.#keys.map(({ name }) => name).join(", ");
    return `GroupBy (${keys}): figures are asked for by agg, as in agg({ n: count() })`;
  }

  [INSPECT](): string {
    return this.toString();
  }
}

/** The plan of what should be a table. Throws NOT_A_TABLE. */
function tablePlan(table: unknown): Plan {
  if (table instanceof Query) return table[PLAN];
  throw notTable(table);
}

/**
 * Queries over an Arrow table that stays on the host: they run there, with the same results, and need no GPU.
 * Throws NOT_ARROW, SAME_NAME and UNKNOWN_TYPE.
 */
export function tableOnHost(table: Table): GpuTable {
  return new GpuTable(wholeOf(new HostSource(table)), false);
}

/**
 * Uploads an Arrow table into the pool: one upload, columns as structure of arrays.
 * Throws UNKNOWN_TYPE (column and type named) and OutOfPoolMemory; then nothing is kept.
 */
export async function tableToGpu(
  gpu: Gpu,
  table: Table,
  options: UploadOptions = {},
): Promise<GpuTable> {
  return new GpuTable(
    wholeOf(
      new StoreSource(await uploadTable(gpu, table, optionsOf(options, "gpu(table, options)"))),
    ),
    true,
  );
}
