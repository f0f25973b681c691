// A query as people hold it: what it yields, and the ways to run it. Its operations are in table.ts.
import type { Table } from "apache-arrow";
import { DISPLAY, INSPECT, type MimeBundle } from "../base/index.ts";
import { type ProducedRows, produceRows, readTable } from "../columns/index.ts";
import { BLOCKS, type Block } from "../pool/index.ts";
import { count } from "./aggregates.ts";
import { explainRows } from "./explain.ts";
import { optionsOf } from "./given.ts";
import { aggregated } from "./grouping.ts";
import { ranOn } from "./host/costs.ts";
import { choiceOf, tableOf } from "./host/run.ts";
import type { Choice, RunOptions } from "./host/side.ts";
import { isWhole, type Plan } from "./plan.ts";
import { bundle, countOf, SHOWN_ROWS } from "./show.ts";
import { materialise, unlimited } from "./sources.ts";
import { showTyped } from "./typed.ts";

/** The method by which the exchange takes a table's rows. */
export const PRODUCE = Symbol("produce");

/** The plan of a query. */
export const PLAN = Symbol("plan");

/** Columns that a table names in one line. */
const MOST_NAMED = 20;

export class Query {
  readonly [PLAN]: Plan;
  /** Whether dispose() frees the source: a table that was uploaded, collected or aggregated. */
  readonly #owns: boolean;

  constructor(plan: Plan, owns: boolean) {
    this[PLAN] = plan;
    this.#owns = owns;
  }

  /** Names of the columns. */
  get columns(): string[] {
    return [...this[PLAN].columns.keys()];
  }

  /** Types of the columns by name, e.g. { delay: "int16" }. */
  get types(): Record<string, string> {
    return Object.fromEntries([...this[PLAN].columns].map(([name, { type }]) => [name, type.name]));
  }

  /** Rows where they are known without running anything, else undefined; see count(). */
  get rows(): number | undefined {
    const { source, where, limit } = this[PLAN];
    return where || source.rows === undefined ? undefined : Math.min(source.rows, limit);
  }

  /** Number of rows; runs the filter. */
  async count(given: RunOptions = {}): Promise<number> {
    const options = optionsOf(given, "count(options)");
    if (this.rows !== undefined) return this.rows;
    const { source } = this[PLAN];
    if (isWhole(this[PLAN]) && source.table)
      return Math.min((await source.table(options)).numRows, this[PLAN].limit);
    const counted = aggregated(unlimited(this[PLAN]), [], { n: count() });
    const result = await counted.source.table!(options);
    return Number(result.getChildAt(0)!.get(0));
  }

  /** Runs the query and brings the rows to the host. */
  async toArrow(options: RunOptions = {}): Promise<Table> {
    const table = await this.#hostTable(options);
    if (table) return table;
    const store = await materialise(this[PLAN]);
    try {
      return await readTable(store);
    } finally {
      store.dispose();
    }
  }

  /** The rows where they come about on the host: those of an aggregate, and of a query that runs there. */
  async #hostTable(given: RunOptions = {}): Promise<Table | undefined> {
    const options = optionsOf(given, "toArrow(options)");
    const plan = this[PLAN];
    if (!isWhole(plan) || !plan.source.table) {
      const { on } = this.#choice(options);
      ranOn(on, plan);
      return on === "host" ? tableOf(plan) : undefined;
    }
    const table = await plan.source.table(options);
    return table.numRows <= plan.limit ? table : table.slice(0, plan.limit);
  }

  /**
   * Runs the query, and gives `share` its rows to be read back into memory that it has; or a table, where the
   * rows come about on the host or have a layout of their own there.
   */
  async [PRODUCE]<T>(share: (rows: ProducedRows | Table) => Promise<T>): Promise<T> {
    const table = await this.#hostTable();
    if (table) return share(table);
    const store = await materialise(this[PLAN]);
    try {
      return await share((await produceRows(store)) ?? (await readTable(store)));
    } finally {
      store.dispose();
    }
  }

  // Columns as they are come from the pool in one read-back, whatever they are.
  #choice(options: RunOptions): Choice {
    const plan = this[PLAN];
    const asTheyAre = !plan.where && [...plan.columns.values()].every(({ op }) => op === "column");
    if (asTheyAre && plan.source.store && options.on === undefined)
      return { on: "gpu", why: "nothing is computed" };
    return choiceOf(plan, options);
  }

  /** What would run, where and why, and the bytes that it would allocate. */
  explain(given: RunOptions = {}): string {
    const options = optionsOf(given, "explain(options)");
    const plan = this[PLAN];
    const before = plan.source.explain(options);
    const last =
      isWhole(plan) && plan.limit === Number.POSITIVE_INFINITY && before.length > 0
        ? []
        : this.#explainRows(options);
    if (plan.source.host.there) return [...before, ...last].join("\n");
    const { name, software } = plan.source.gpu.adapter;
    return [...before, ...last, `adapter: ${name}${software ? " (software)" : ""}`].join("\n");
  }

  #explainRows(options: RunOptions): string[] {
    const plan = this[PLAN];
    const { on, why } = this.#choice(options);
    if (on === "gpu") return [`on the GPU: ${why}`, ...explainRows(plan)];
    const steps = [...plan.columns]
      .filter(([, at]) => at.op !== "column")
      .map(([name, at]) => `column ${name}: ${showTyped(at)}`);
    const filter = plan.where ? [`filter: ${showTyped(plan.where)}`] : [];
    return [`on the host: ${why}; 0 B of the pool`, ...filter, ...steps];
  }

  /** Gives the columns back to the pool, if they are this table's own; a query over another table has none. */
  dispose(): void {
    if (this.#owns) this[PLAN].source.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Rows, where they are known, and the columns with their types. Runs nothing. */
  toString(): string {
    const rows = this.rows === undefined ? "a query" : countOf(this.rows, "row");
    const types = [...this[PLAN].columns].map(([name, { type }]) => `${name}: ${type.name}`);
    const more = types.length > MOST_NAMED ? [`… ${types.length - MOST_NAMED} more`] : [];
    const shown = [...types.slice(0, MOST_NAMED), ...more].join(", ");
    return `GpuTable (${rows} × ${countOf(types.length, "column")}): ${shown}`;
  }

  [INSPECT](): string {
    return this.toString();
  }

  [BLOCKS](): Iterable<Block> {
    return this[PLAN].source.blocks();
  }

  /** For Jupyter: the first rows and the number of all. */
  async [DISPLAY](): Promise<[MimeBundle, Record<string, unknown>]> {
    const plan = this[PLAN];
    const first = new Query({ ...plan, limit: Math.min(plan.limit, SHOWN_ROWS) }, false);
    const [head, rows] = [await first.toArrow(), await this.count()];
    // By columns: an object has names that are numbers first.
    const types = [...plan.columns.values()].map(({ type }) => type.name);
    return bundle({ names: this.columns, types, rows, head });
  }
}
