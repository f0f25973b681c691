// GpuTable: what people hold. Its operations only plan; toArrow(), collect() and a display run.
import type { Table } from "apache-arrow";
import { CenoteError, DISPLAY, type MimeBundle } from "../base/index.ts";
import {
  type ColumnType,
  isFloat,
  isInteger,
  type ProducedRows,
  produceRows,
  readTable,
  TYPES,
  type UploadOptions,
  uploadTable,
} from "../columns/index.ts";
import type { Gpu } from "../gpu/index.ts";
import { BLOCKS, type Block } from "../pool/index.ts";
import { type Aggregate, count } from "./aggregates.ts";
import { explainRows } from "./explain.ts";
import type { Expr } from "./expr.ts";
import type { TypedAggregate } from "./figures.ts";
import { checkedAggregate, entriesOf } from "./given.ts";
import { wrongType } from "./kinds.ts";
import {
  filtered,
  isWhole,
  type NamedKey,
  named,
  type Plan,
  type Selected,
  wholeOf,
} from "./plan.ts";
import { resolve } from "./rules.ts";
import { bundle, SHOWN_ROWS } from "./show.ts";
import { AggregateSource, materialise, RowsSource, StoreSource } from "./sources.ts";
import type { Typed } from "./typed.ts";

/** The method by which the exchange takes a table's rows. */
export const PRODUCE = Symbol("produce");

export type Aggregates = Readonly<Record<string, Aggregate>>;

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

  /** The first n rows. */
  head(n = 5): GpuTable {
    if (!Number.isInteger(n) || n < 0) {
      throw new CenoteError(
        "BAD_COUNT",
        `head(n): wanted a whole number of rows from 0 up, found ${n}`,
      );
    }
    return this.#from({ ...this.#plan, limit: Math.min(n, this.#plan.limit) });
  }

  /** Groups of equal keys. null, NaN and 0 are keys as well (−0 is 0). The result is sorted by them. */
  groupBy(...keys: (Selected | readonly Selected[])[]): GroupBy {
    const plan = this.#unlimited();
    const typed = [...named(keys, plan.columns)].map(([name, at]) => ({ name, at }));
    if (typed.length === 0) {
      throw new CenoteError(
        "NO_KEYS",
        "groupBy(): wanted a column or more to group by, found none",
        {
          mend: "For figures of all rows: .agg({ … }).",
        },
      );
    }
    for (const { at, name } of typed) checkKey(at, name);
    return new GroupBy(plan, typed);
  }

  /** Figures of all rows: one row, also of an empty table. */
  agg(aggregates: Aggregates): GpuTable {
    if (entriesOf(aggregates, "agg").length === 0) {
      throw new CenoteError("NO_AGGREGATES", "agg({}): wanted a figure or more, found none", {
        mend: "For example agg({ n: count() }).",
      });
    }
    return aggregated(this.#unlimited(), [], aggregates);
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
    return aggregated(this.#plan, this.#keys, aggregates);
  }
}

function aggregated(plan: Plan, keys: readonly NamedKey[], aggregates: Aggregates): GpuTable {
  const typed = entriesOf(aggregates, "agg").map(([name, aggregate]) => {
    if (keys.some((key) => key.name === name)) {
      throw new CenoteError("SAME_NAME", `"${name}" is a key and a figure`, {
        mend: "Give the figure another name.",
      });
    }
    return typedAggregate(name, aggregate, plan);
  });
  return new GpuTable(wholeOf(new AggregateSource(plan, keys, typed)), true);
}

function checkKey(at: Typed, name: string): void {
  if (at.type.kind !== "opaque" && at.type.kind !== "null") return;
  throw wrongType(
    `groupBy(${name})`,
    at,
    "a number, bool, date, text or dictionary",
    "Such columns are only carried.",
  );
}

function typedAggregate(name: string, aggregate: Aggregate, plan: Plan): TypedAggregate {
  const { fn, of } = checkedAggregate(name, aggregate);
  if (!of) return { name, fn, type: TYPES.uint32 };
  const at = resolve(of, plan.columns);
  return { name, fn, of: at, type: aggregateType(fn, at, `${fn}(${of})`) };
}

function aggregateType(fn: Aggregate["fn"], at: Typed, where: string): ColumnType {
  const { type } = at;
  if (fn === "count") return TYPES.uint32;
  const ordered = isInteger(type) || isFloat(type) || type.kind === "bool";
  if (fn === "min" || fn === "max") {
    if (ordered) return type;
    throw wrongType(
      where,
      at,
      "numbers, dates or bools",
      "The least and greatest text is not computed on the GPU yet.",
    );
  }
  const summable =
    ordered &&
    (!type.temporal || (fn === "sum" && type.temporal === "duration" && type.bits === 64));
  if (!summable)
    throw wrongType(where, at, "numbers or bools", 'Dates and times: .cast("int64") first.');
  if (fn === "mean" || isFloat(type)) return TYPES.float64;
  if (type.temporal) return type;
  return type.kind === "i32" || type.kind === "i64" ? TYPES.int64 : TYPES.uint64;
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
