// The groups of a query as a source of rows.
import type { Table } from "apache-arrow";
import { type ColumnStore, uploadTable } from "../columns/index.ts";
import { explainAggregate } from "./explain.ts";
import { figureColumns } from "./figure-columns.ts";
import { figure, partsOf, SORTED, type TypedAggregate } from "./figures.ts";
import { groupedTable } from "./grouped.ts";
import { choiceOf, groupsObstacle, groupsOn, rowsFrom } from "./host/run.ts";
import type { HostSide, RunOptions } from "./host/side.ts";
import type { NamedKey, Plan } from "./plan.ts";
import { group } from "./run/group.ts";
import { Scratch } from "./run/scratch.ts";
import { opened, PendingSource } from "./sources.ts";
import type { Typed } from "./typed.ts";

/** The groups of a query. The result is made on the host, and uploaded only if it is computed with. */
export class AggregateSource extends PendingSource {
  readonly keys: readonly NamedKey[];
  readonly aggregates: readonly TypedAggregate[];
  #table: Promise<Table> | undefined;

  constructor(plan: Plan, keys: readonly NamedKey[], aggregates: readonly TypedAggregate[]) {
    super(plan);
    this.keys = keys;
    this.aggregates = aggregates;
  }
  get columns() {
    return [...this.keys.map(({ name, at }) => ({ name, type: at.type })), ...this.aggregates];
  }
  get host(): HostSide {
    const side = this.plan.source.host;
    return {
      there: side?.there ?? false,
      count: side?.count,
      obstacle: () => this.#obstacle(),
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
  #obstacle(): string | undefined {
    if (this.aggregates.some(({ fn }) => SORTED.has(fn)))
      return "medians, quantiles and distinct counts";
    return groupsObstacle(this.plan, this.keys, partsOf(this.aggregates));
  }
  async #run(options: RunOptions): Promise<Table> {
    const { plan, keys, aggregates } = this;
    if (choiceOf(plan, this.#obstacle(), options).on === "host") {
      const own = partsOf(aggregates);
      const found = await groupsOn(plan, keys, own);
      return groupedTable(found, own, async ({ words, groups: all, pick }) =>
        aggregates.map((aggregate) => {
          const chunk = figure(aggregate, own, words, all, pick);
          const { name, type } = aggregate;
          return { column: { name, type, nulls: chunk.layout.validity >= 0 }, chunk };
        }),
      );
    }
    using source = await opened(plan, [
      ...keys.map((key) => key.at),
      ...aggregates.flatMap(({ of }) => of ?? []),
    ]);
    const { store } = source;
    // Of a column without nulls every group has a value; only without keys there may be no rows.
    const certain = (of: Typed) =>
      keys.length > 0 && of.op === "column" && !store.columns.get(of.column!)!.nulls;
    const parts = partsOf(aggregates, certain);
    using scratch = new Scratch(this.gpu);
    const where = plan.where ? { where: plan.where } : {};
    const groups = await group(store, { ...where, keys, parts }, scratch);
    return await groupedTable(groups, parts, (merged) =>
      figureColumns({ plan, keys, aggregates, parts, store }, merged, scratch),
    );
  }
  explain(options: RunOptions = {}): string[] {
    const { on, why } = choiceOf(this.plan, this.#obstacle(), options);
    if (on === "host") {
      const keyed =
        this.keys.length > 0 ? `by ${this.keys.map(({ name }) => name).join(", ")}` : "of all rows";
      return [
        ...this.plan.source.explain(options),
        `aggregate ${keyed}: on the host (${why}), 0 B of the pool`,
      ];
    }
    return [
      ...this.plan.source.explain(options),
      ...explainAggregate(this.plan, this.keys, partsOf(this.aggregates)),
    ];
  }
}
