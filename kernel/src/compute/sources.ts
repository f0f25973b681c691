// Sources of rows: columns in the pool, the rows of another query, and what all have in common that run
// first (aggregate-source.ts, sort/, join/, window/ have the others).

import { formatBytes } from "../base/index.ts";
import { type ColumnStore, ColumnStore as Store, withChildren } from "../columns/index.ts";
import type { Gpu } from "../gpu/index.ts";
import type { Block } from "../pool/index.ts";
import type { Estimate } from "./estimate.ts";
import { explainRows, LATER } from "./explain.ts";
import { choiceOf, readRows, rowsOf } from "./host/run.ts";
import type { HostSide, RunOptions } from "./host/side.ts";
import { isWhole, type OpenSource, type Plan, type Source, wholeOf } from "./plan.ts";
import { fitted } from "./run/fitted.ts";
import { gather } from "./run/gather.ts";
import { Scratch } from "./run/scratch.ts";
import { select } from "./run/select.ts";
import { columnsOf, type Typed } from "./typed.ts";

/** Columns that are in the pool. */
export class StoreSource implements Source {
  #store: ColumnStore;

  constructor(store: ColumnStore) {
    this.#store = store;
  }
  get store(): ColumnStore {
    return this.#store;
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
  get host(): HostSide {
    const { store } = this;
    return {
      there: false,
      count: store.rows,
      rows: (names) => readRows(store, names),
    };
  }
  async open(): Promise<OpenSource> {
    const keep = () => {}; // it stays until it is disposed itself
    return { store: this.store, [Symbol.dispose]: keep };
  }
  explain(): string[] {
    this.store.check();
    return [];
  }
  blocks(): Iterable<Block> {
    return this.store.blocks();
  }
  dispose(): void {
    // A query that an interrupt cut short shares blocks for ever: when it is garbage, so must they be,
    // although the table that was disposed is still at hand.
    this.#store = this.#store.emptied();
  }
}

/** What a query yields: in the pool only while queries over it run, which share it. */
export abstract class PendingSource implements Source {
  readonly plan: Plan;
  readonly store = undefined;
  #made: Promise<ColumnStore> | undefined;
  #users = 0;

  constructor(plan: Plan) {
    this.plan = plan;
  }
  /** Rows, where known without running anything. */
  get rows(): number | undefined {
    return undefined;
  }
  abstract readonly columns: Source["columns"];
  abstract explain(options?: RunOptions): string[];
  abstract readonly host: HostSide;
  protected abstract make(): Promise<ColumnStore>;
  /** The same source with at most this many rows, where it makes less work of them. */
  limited(_rows: number): Source {
    return this;
  }
  /** What this source will run, where it is on the host. */
  protected explainOnHost(what: string, options: RunOptions): string[] | undefined {
    const { on, why } = choiceOf(wholeOf(this), options);
    if (on === "gpu") return undefined;
    return [...this.explainPlan(), `${what}: on the host (${why}), 0 B of the pool`];
  }
  /** The same on the device, with how, and what it takes where the rows before are in the pool. */
  protected explainOnGpu(
    what: string,
    how: string,
    options: RunOptions,
    estimate: () => Estimate | undefined,
  ): string[] {
    const { why } = choiceOf(wholeOf(this), options);
    const { source, columns } = this.plan;
    source.store?.check(columnsOf(...columns.values()));
    const found = source.store && estimate();
    const lines = [...this.explainPlan(), `${what}: on the GPU (${why}): ${how}`];
    if (!found) return [...lines, LATER];
    const ranked =
      found.ranked.length > 0 ? [`the different values of ${found.ranked.join(", ")}`] : [];
    const more = [...ranked, ...(found.later ? [found.later] : [])];
    return [...lines, [`  at peak: ${formatBytes(found.bytes)} at most`, ...more].join(", ")];
  }
  /** What the plan before this source will run. */
  protected explainPlan(): string[] {
    const { plan } = this;
    const whole = isWhole(plan) && plan.limit === Number.POSITIVE_INFINITY;
    return [...plan.source.explain(), ...(whole ? [] : explainRows(plan))];
  }

  get gpu(): Gpu {
    return this.plan.source.gpu;
  }
  async open(): Promise<OpenSource> {
    this.#made ??= this.make();
    const made = this.#made;
    this.#users++;
    try {
      const store = await made;
      return { store, [Symbol.dispose]: () => this.#leave(store) };
    } catch (error) {
      // A failure is not kept: with more memory, say, the next attempt may succeed.
      if (this.#made === made) this.#made = undefined;
      this.#users--;
      throw error;
    }
  }
  #leave(store: ColumnStore): void {
    if (--this.#users > 0) return;
    this.#made = undefined;
    store.dispose();
  }
  blocks(): Iterable<Block> {
    return this.plan.source.blocks();
  }
  dispose(): void {
    // Nothing is held between queries.
  }
}

/** The rows of a query as columns of their own. */
export class RowsSource extends PendingSource {
  get columns() {
    return [...this.plan.columns].map(([name, { type }]) => ({ name, type }));
  }
  override get host(): HostSide {
    const { plan } = this;
    const { there, count } = plan.source.host;
    return { there, count, rows: () => rowsOf(plan) };
  }
  protected make(): Promise<ColumnStore> {
    return materialise(this.plan);
  }
  explain(): string[] {
    return [...this.plan.source.explain(), ...explainRows(this.plan)];
  }
}

/** A plan without a limit: that is taken before what follows it. */
export function unlimited(plan: Plan): Plan {
  return plan.limit === Number.POSITIVE_INFINITY ? plan : wholeOf(new RowsSource(plan));
}

/** The source of a plan with what it reads. Throws DISPOSED. */
export async function opened(plan: Plan, reads: readonly Typed[]): Promise<OpenSource> {
  const source = await plan.source.open();
  try {
    source.store.check(columnsOf(...reads, ...(plan.where ? [plan.where] : [])));
    return source;
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

// A limit without a filter is the source's own, where that makes less work.
function limitedPlan(plan: Plan): Plan {
  const { source, where, limit } = plan;
  if (where || limit === Number.POSITIVE_INFINITY || !source.limited) return plan;
  return { ...plan, source: source.limited(limit) };
}

/** Runs a query; the result's columns are shared with the source where they are taken whole. */
export async function materialise(whole: Plan): Promise<ColumnStore> {
  const plan = limitedPlan(whole);
  const outputs = [...plan.columns].map(([name, at]) => ({ name, at }));
  using source = await opened(
    plan,
    outputs.map(({ at }) => at),
  );
  using scratch = new Scratch(plan.source.gpu);
  using fit = await fitted(
    source.store,
    [...(plan.where ? [plan.where] : []), ...outputs.map(({ at }) => at)],
    scratch,
  );
  const { store } = fit;
  const roots = [...fit.roots];
  const where = plan.where ? roots.shift() : undefined;
  const selections = await select(store, where, plan.limit, scratch);
  const made = outputs.map(({ name }, i) => ({ name, at: roots[i]! }));
  const columns = await gather(store, selections, made, scratch);
  const shared = new Set(source.store.blocks());
  const own = columns
    .flatMap(withChildren)
    .flatMap(({ chunks }) => chunks.map(({ block }) => block))
    .filter((block) => !shared.has(block));
  const rows = selections.map((selection) => selection.rows);
  scratch.keep(own);
  return new Store(plan.source.gpu, columns, rows, source.store.metadata);
}
