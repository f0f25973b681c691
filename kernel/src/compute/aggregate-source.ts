// The groups of a query as a source of rows.
import type { Table } from "apache-arrow";
import { type ColumnStore, hostTable, uploadTable } from "../columns/index.ts";
import { explainAggregate } from "./explain.ts";
import type { TypedAggregate } from "./figures.ts";
import { type Grouped, plainFloats } from "./grouped.ts";
import { groupedOnGpu, mostKeys, partsToRun } from "./grouped-gpu.ts";
import { groupedOnHost } from "./grouped-host.ts";
import { ranOn, type Work } from "./host/costs.ts";
import { choiceOf, rowsFrom } from "./host/run.ts";
import type { HostSide, RunOptions } from "./host/side.ts";
import type { NamedKey, Plan } from "./plan.ts";
import { ranked } from "./ranked.ts";
import { opened, PendingSource } from "./sources.ts";

/** The groups of a query. The result is made on the host, and uploaded only if it is computed with. */
export class AggregateSource extends PendingSource {
  readonly keys: readonly NamedKey[];
  readonly aggregates: readonly TypedAggregate[];
  #table: Promise<Table> | undefined;
  /** Groups, once they are known. */
  #rows: number | undefined;

  constructor(plan: Plan, keys: readonly NamedKey[], aggregates: readonly TypedAggregate[]) {
    super(plan);
    this.keys = keys;
    this.aggregates = aggregates;
  }
  get #work(): Work {
    const { keys, aggregates } = this;
    const of = [...keys.map(({ at }) => at), ...aggregates.flatMap((one) => one.of ?? [])];
    return { of, steps: 2 * keys.length + aggregates.length };
  }
  get columns() {
    return [...this.keys.map(({ name, at }) => ({ name, type: at.type })), ...this.aggregates];
  }
  override get host(): HostSide {
    const side = this.plan.source.host;
    return {
      // Groups are made on the host: once they are, they are there.
      there: side.there || this.#rows !== undefined,
      count: this.#rows ?? side.count,
      rows: async () => rowsFrom(await this.table({ on: "host" })),
    };
  }
  table(options: RunOptions = {}): Promise<Table> {
    this.#table ??= this.#run(options).catch((error: unknown) => {
      this.#table = undefined;
      throw error;
    });
    return this.#table;
  }
  protected async make(): Promise<ColumnStore> {
    return uploadTable(this.gpu, await this.table());
  }
  async #run(options: RunOptions): Promise<Table> {
    const { columns, rows } = await this.#grouped(options);
    this.#rows = rows;
    return hostTable(columns, rows);
  }
  async #grouped(options: RunOptions): Promise<Grouped> {
    const { plan, keys, aggregates } = this;
    const { on } = choiceOf(plan, options, this.#work);
    ranOn(on, plan, this.#work);
    if (on === "host") return groupedOnHost(plan, keys, aggregates);
    using source = await opened(plan, this.#work.of);
    if (keys.length <= mostKeys(source.store))
      return await groupedOnGpu(source.store, plan, keys, aggregates);
    return this.#ranked();
  }
  // More keys than a kernel reads.
  async #ranked(): Promise<Grouped> {
    const { plan, key, aggregates } = ranked(this.plan, this.keys, this.aggregates);
    using source = await plan.source.open();
    const { columns, rows } = await groupedOnGpu(source.store, plan, [key], aggregates);
    const count = this.keys.length;
    const keys = columns
      .slice(1, count + 1)
      .map(({ column, chunk }) => ({ column, chunk: plainFloats(column, chunk) }));
    return { columns: [...keys, ...columns.slice(count + 1)], rows };
  }
  explain(options: RunOptions = {}): string[] {
    const { on, why } = choiceOf(this.plan, options, this.#work);
    if (on === "host") {
      const keyed =
        this.keys.length > 0 ? `by ${this.keys.map(({ name }) => name).join(", ")}` : "of all rows";
      return [
        ...this.plan.source.explain(options),
        `aggregate ${keyed}: on the host (${why}), 0 B of the pool`,
      ];
    }
    const { plan, keys, aggregates } = this;
    const { parts, known } = partsToRun(plan, keys, aggregates);
    return [
      ...plan.source.explain(options),
      `on the GPU: ${why}`,
      ...(known.length > 0 ? [`noted by the upload, without a kernel: ${known.join(", ")}`] : []),
      ...(known.length < aggregates.length || keys.length > 0
        ? explainAggregate(plan, keys, parts)
        : []),
    ];
  }
}
