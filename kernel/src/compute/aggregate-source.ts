// The groups of a query as a source of rows.
import type { Table } from "apache-arrow";
import { type ColumnStore, uploadTable } from "../columns/index.ts";
import { explainAggregate } from "./explain.ts";
import { figureColumns } from "./figure-columns.ts";
import { partsOf, type TypedAggregate } from "./figures.ts";
import { groupedTable } from "./grouped.ts";
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
  table(): Promise<Table> {
    this.#table ??= this.#run().catch((error: unknown) => {
      this.#table = undefined;
      throw error;
    });
    return this.#table;
  }
  protected async make(): Promise<ColumnStore> {
    return uploadTable(this.gpu, await this.table());
  }
  async #run(): Promise<Table> {
    const { plan, keys, aggregates } = this;
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
    return groupedTable(groups, parts, (merged) =>
      figureColumns({ plan, keys, aggregates, parts, store }, merged, scratch),
    );
  }
  explain(): string[] {
    return [
      ...this.plan.source.explain(),
      ...explainAggregate(this.plan, this.keys, partsOf(this.aggregates)),
    ];
  }
}
