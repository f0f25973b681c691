// The three sources of rows: columns in the pool, the rows of another query, an aggregate of one.
import type { Table } from "apache-arrow";
import { type ColumnStore, ColumnStore as Store, uploadTable } from "../columns/index.ts";
import type { Gpu } from "../gpu/index.ts";
import type { Block } from "../pool/index.ts";
import { explainAggregate, explainRows } from "./explain.ts";
import { partsOf, type TypedAggregate } from "./figures.ts";
import { groupedTable } from "./grouped.ts";
import type { NamedKey, Plan, Source } from "./plan.ts";
import { gather } from "./run/gather.ts";
import { group } from "./run/group.ts";
import { Scratch } from "./run/scratch.ts";
import { select } from "./run/select.ts";
import { columnsOf, type Typed } from "./typed.ts";

/** Columns that are in the pool. */
export class StoreSource implements Source {
  readonly store: ColumnStore;

  constructor(store: ColumnStore) {
    this.store = store;
  }
  get gpu(): Gpu {
    return this.store.gpu;
  }
  get rows(): number {
    return this.store.rows;
  }
  get columns() {
    return [...this.store.columns.values()];
  }
  async open(): Promise<ColumnStore> {
    return this.store;
  }
  explain(): string[] {
    return [];
  }
  blocks(): Iterable<Block> {
    return this.store.blocks();
  }
  dispose(): void {
    this.store.dispose();
  }
}

/** What a query yields, put into the pool when it is first needed. */
abstract class PendingSource implements Source {
  readonly plan: Plan;
  readonly rows = undefined;
  store: ColumnStore | undefined;
  #opened: Promise<ColumnStore> | undefined;
  #disposed = false;

  constructor(plan: Plan) {
    this.plan = plan;
  }
  abstract readonly columns: Source["columns"];
  abstract explain(): string[];
  protected abstract make(): Promise<ColumnStore>;

  get gpu(): Gpu {
    return this.plan.source.gpu;
  }
  open(): Promise<ColumnStore> {
    this.#opened ??= this.#open();
    return this.#opened;
  }
  async #open(): Promise<ColumnStore> {
    try {
      this.store = await this.make();
    } catch (error) {
      // A failure is not kept: with more memory, say, the next attempt may succeed.
      this.#opened = undefined;
      throw error;
    }
    if (this.#disposed) this.store.dispose();
    return this.store;
  }
  *blocks(): Iterable<Block> {
    yield* this.plan.source.blocks();
    if (this.store) yield* this.store.blocks();
  }
  dispose(): void {
    this.#disposed = true;
    this.store?.dispose();
  }
}

/** The rows of a query as columns of their own. */
export class RowsSource extends PendingSource {
  get columns() {
    return [...this.plan.columns].map(([name, { type }]) => ({ name, type }));
  }
  protected make(): Promise<ColumnStore> {
    return materialise(this.plan);
  }
  explain(): string[] {
    return [...this.plan.source.explain(), ...explainRows(this.plan)];
  }
}

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
    const store = await opened(plan, [
      ...keys.map((key) => key.at),
      ...aggregates.flatMap(({ of }) => of ?? []),
    ]);
    // Of a column without nulls every group has a value; only without keys there may be no rows.
    const certain = (of: Typed) =>
      keys.length > 0 && of.op === "column" && !store.columns.get(of.column!)!.nulls;
    const parts = partsOf(aggregates, certain);
    using scratch = new Scratch(this.gpu);
    const where = plan.where ? { where: plan.where } : {};
    const groups = await group(store, { ...where, keys, parts }, scratch);
    return groupedTable(groups, aggregates, parts);
  }
  explain(): string[] {
    return [
      ...this.plan.source.explain(),
      ...explainAggregate(this.plan, this.keys, partsOf(this.aggregates)),
    ];
  }
}

async function opened(plan: Plan, reads: readonly Typed[]): Promise<ColumnStore> {
  const store = await plan.source.open();
  store.check(columnsOf(...reads, ...(plan.where ? [plan.where] : [])));
  return store;
}

/** Runs a query; the result's columns are shared with the source where they are taken whole. */
export async function materialise(plan: Plan): Promise<ColumnStore> {
  const outputs = [...plan.columns].map(([name, at]) => ({ name, at }));
  const store = await opened(
    plan,
    outputs.map(({ at }) => at),
  );
  using scratch = new Scratch(plan.source.gpu);
  const selections = await select(store, plan.where, plan.limit, scratch);
  const columns = await gather(store, selections, outputs, scratch);
  const shared = new Set(store.blocks());
  const made = columns
    .flatMap(({ chunks }) => chunks.map(({ block }) => block))
    .filter((block) => !shared.has(block));
  const rows = selections.map((selection) => selection.rows);
  return new Store(plan.source.gpu, columns, rows, scratch.keep(made), store.metadata);
}
