// GpuTable: what people hold. Its operations only plan; toArrow(), collect() and a display run.
import type { Table } from "apache-arrow";
import { CenoteError, DISPLAY, type MimeBundle } from "../base/index.ts";
import {
  type ProducedRows,
  produceRows,
  readTable,
  type UploadOptions,
  uploadTable,
} from "../columns/index.ts";
import type { Gpu } from "../gpu/index.ts";
import { BLOCKS, type Block } from "../pool/index.ts";
import { count } from "./aggregates.ts";
import { explainRows } from "./explain.ts";
import type { Expr } from "./expr.ts";
import { entriesOf, notTable } from "./given.ts";
import { type Aggregates, aggregated, groupKeys } from "./grouping.ts";
import {
  filtered,
  isWhole,
  type NamedKey,
  named,
  type Plan,
  type Selected,
  wholeOf,
} from "./plan.ts";
import { bundle, SHOWN_ROWS } from "./show.ts";
import { concatenated } from "./sort/concat.ts";
import type { SortKey } from "./sort/keys.ts";
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
import { materialise, RowsSource, StoreSource } from "./sources.ts";

/** The method by which the exchange takes a table's rows. */
export const PRODUCE = Symbol("produce");

// Other operations read a table's plan, people do not.
let planOf: (table: GpuTable) => Plan;

/**
 * A table whose columns are in the pool, or a query over one. Immutable; operations return new tables
 * and share columns. Results do not depend on the adapter, the chunks or the order of the rows.
 */
export class GpuTable {
  readonly #plan: Plan;
  /** Whether dispose() frees the source: a table that was uploaded, collected or aggregated. */
  readonly #owns: boolean;

  constructor(plan: Plan, owns: boolean) {
    this.#plan = plan;
    this.#owns = owns;
  }

  /** Names of the columns. */
  get columns(): string[] {
    return [...this.#plan.columns.keys()];
  }

  /** Types of the columns by name, e.g. { delay: "int16" }. */
  get types(): Record<string, string> {
    return Object.fromEntries([...this.#plan.columns].map(([name, { type }]) => [name, type.name]));
  }

  /** Rows where they are known without running anything, else undefined; see count(). */
  get rows(): number | undefined {
    const { source, where, limit } = this.#plan;
    return where || source.rows === undefined ? undefined : Math.min(source.rows, limit);
  }

  static {
    planOf = (table) => {
      if (table instanceof GpuTable) return table.#plan;
      throw notTable(table);
    };
  }

  #from(plan: Plan): GpuTable {
    return new GpuTable(plan, false);
  }

  // A limit is taken before what follows it.
  #unlimited(): Plan {
    return this.#plan.limit === Number.POSITIVE_INFINITY
      ? this.#plan
      : wholeOf(new RowsSource(this.#plan));
  }

  /** The rows where `test` is true; those where it is false or null are left out. */
  filter(test: Expr): GpuTable {
    return this.#from(filtered(this.#unlimited(), test));
  }

  /** Some columns, computed ones among them: select("a", { b: col("c").add(1) }). */
  select(...items: (Selected | readonly Selected[])[]): GpuTable {
    return this.#from({ ...this.#plan, columns: named(items, this.#plan.columns) });
  }

  /** All columns but these. */
  drop(...names: (string | readonly string[])[]): GpuTable {
    const dropped = named(names, this.#plan.columns);
    const rest = [...this.#plan.columns].filter(([name]) => !dropped.has(name));
    return this.#from({ ...this.#plan, columns: new Map(rest) });
  }

  /** All columns, with these added or put in the place of those of their name. */
  withColumns(columns: Readonly<Record<string, Expr>>): GpuTable {
    const added = named([columns], this.#plan.columns);
    return this.#from({ ...this.#plan, columns: new Map([...this.#plan.columns, ...added]) });
  }

  /** The first n rows. Throws BAD_COUNT. */
  head(n = 5): GpuTable {
    const limit = Math.min(checkedCount(n, "head(n)"), this.#plan.limit);
    return this.#from({ ...this.#plan, limit });
  }

  /** The last n rows. Throws BAD_COUNT. */
  tail(n = 5): GpuTable {
    return this.#from(tailRows(this.#plan, n));
  }

  /** Rows [from, to); negative ones count from the end. Throws BAD_COUNT. */
  slice(from: number, to?: number): GpuTable {
    return this.#from(sliced(this.#plan, from, to));
  }

  /** Rows by their numbers, in that order; a number may come again. Running it throws BAD_ROW. */
  take(rows: Iterable<number>): GpuTable {
    return this.#from(takenRows(this.#plan, rows));
  }

  /** Rows chosen at random, in their order: sample({ n: 100 }) or sample({ fraction: 0.1, seed: 7 }). */
  sample(options: SampleOptions): GpuTable {
    return this.#from(sampled(this.#plan, options));
  }

  /**
   * Rows in the order of keys, the first key first: sort("a", desc("b")). Rows of equal keys keep their
   * order. Nulls are last unless a key says otherwise; NaN is above all numbers, −0 is 0, text is ordered
   * by its bytes, codes by their values, false before true.
   */
  sort(...keys: (SortKey | readonly SortKey[])[]): GpuTable {
    return this.#from(sorted(this.#plan, keys));
  }

  /** The first n rows in the order of keys: topK(10, desc("delay")). */
  topK(n: number, ...keys: SortKey[]): GpuTable {
    return this.#from(topRows(this.#plan, n, keys));
  }

  /** The first row of each distinct value of these columns (of all, without any), in the order of rows. */
  distinct(...columns: (Selected | readonly Selected[])[]): GpuTable {
    const keys = [...named(columns, this.#plan.columns)].map(([name, at]) => ({ name, at }));
    return this.#from(distinctRows(this.#plan, keys));
  }

  /** The rows of this table, then those of others of the same columns and types. Throws OTHER_COLUMNS. */
  concat(...others: GpuTable[]): GpuTable {
    return this.#from(concatenated([this.#plan, ...others.map((other) => planOf(other))]));
  }

  /** Groups of equal keys. null, NaN and 0 are keys as well (−0 is 0). The result is sorted by them. */
  groupBy(...keys: (Selected | readonly Selected[])[]): GroupBy {
    const plan = this.#unlimited();
    return new GroupBy(plan, groupKeys(keys, plan));
  }

  /** Figures of all rows: one row, also of an empty table. */
  agg(aggregates: Aggregates): GpuTable {
    if (entriesOf(aggregates, "agg").length === 0) {
      throw new CenoteError("NO_AGGREGATES", "agg({}): wanted a figure or more, found none", {
        mend: "For example agg({ n: count() }).",
      });
    }
    return new GpuTable(aggregated(this.#unlimited(), [], aggregates), true);
  }

  /** Number of rows; runs the filter. */
  async count(): Promise<number> {
    if (this.rows !== undefined) return this.rows;
    const { source } = this.#plan;
    if (isWhole(this.#plan) && source.table)
      return Math.min((await source.table()).numRows, this.#plan.limit);
    const result = await this.agg({ n: count() }).toArrow();
    return Number(result.getChildAt(0)!.get(0));
  }

  /** Runs the query and brings the rows to the host. */
  async toArrow(): Promise<Table> {
    const table = await this.#hostTable();
    if (table) return table;
    const store = await materialise(this.#plan);
    try {
      return await readTable(store);
    } finally {
      store.dispose();
    }
  }

  /** The rows where they come about on the host: those of an aggregate. */
  async #hostTable(): Promise<Table | undefined> {
    const plan = this.#plan;
    if (!isWhole(plan) || !plan.source.table) return undefined;
    const table = await plan.source.table();
    return table.numRows <= plan.limit ? table : table.slice(0, plan.limit);
  }

  /**
   * Runs the query, and gives `share` its rows to be read back into memory that it has; or a table, where the
   * rows come about on the host or have a layout of their own there.
   */
  async [PRODUCE]<T>(share: (rows: ProducedRows | Table) => Promise<T>): Promise<T> {
    const table = await this.#hostTable();
    if (table) return share(table);
    const store = await materialise(this.#plan);
    try {
      return await share((await produceRows(store)) ?? (await readTable(store)));
    } finally {
      store.dispose();
    }
  }

  /** Runs the query into the pool. The result is a table of its own: dispose() it when done. */
  async collect(): Promise<GpuTable> {
    return new GpuTable(wholeOf(new StoreSource(await materialise(this.#plan))), true);
  }

  /** What would run, and the bytes that it would allocate. */
  explain(): string {
    const plan = this.#plan;
    const before = plan.source.explain();
    const last =
      isWhole(plan) && plan.limit === Number.POSITIVE_INFINITY && before.length > 0
        ? []
        : explainRows(plan);
    const { name, software } = plan.source.gpu.adapter;
    return [...before, ...last, `adapter: ${name}${software ? " (software)" : ""}`].join("\n");
  }

  /** Gives the columns back to the pool, if they are this table's own; a query over another table has none. */
  dispose(): void {
    if (this.#owns) this.#plan.source.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  [BLOCKS](): Iterable<Block> {
    return this.#plan.source.blocks();
  }

  /** For Jupyter: the first rows and the number of all. */
  async [DISPLAY](): Promise<MimeBundle> {
    const [head, rows] = [await this.head(SHOWN_ROWS).toArrow(), await this.count()];
    const { types } = this;
    return bundle({ names: this.columns, types: Object.values(types), rows, head });
  }
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
}

/**
 * Uploads an Arrow table into the pool: one upload, columns as structure of arrays.
 * Throws NESTED_COLUMN (column and type named) and OutOfPoolMemory; then nothing is kept.
 */
export async function tableToGpu(
  gpu: Gpu,
  table: Table,
  options: UploadOptions = {},
): Promise<GpuTable> {
  return new GpuTable(wholeOf(new StoreSource(await uploadTable(gpu, table, options))), true);
}
