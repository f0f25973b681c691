// A table with columns of window functions. Rows are put in order on the device; what follows from the order
// and from running values is computed on the host, shifted values are taken on the device.
import type { Column, ColumnStore } from "../../columns/index.ts";
import { windowEstimate } from "../estimate.ts";
import { orderOf } from "../host/order.ts";
import { sideOf } from "../host/run.ts";
import type { HostSide, RunOptions } from "../host/side.ts";
import type { Plan } from "../plan.ts";
import { NO_ROW, takeRows } from "../run/across.ts";
import { orderedKeys } from "../run/order.ts";
import { Scratch } from "../run/scratch.ts";
import { keptStore, withHidden, withRows } from "../sort/hidden.ts";
import type { TypedSortKey } from "../sort/keys.ts";
import { orderKeys } from "../sort/sources.ts";
import { PendingSource } from "../sources.ts";
import { showTyped, type Typed } from "../typed.ts";
import { orderedOf, windowsOf } from "./on-host.ts";
import { type Ordered, orderedRows, ranks, shifted } from "./ordered.ts";
import { running } from "./running.ts";
import { checkSums, type Job, type TypedWindow } from "./typed.ts";
import { figureColumn, rowValues, useOf } from "./values.ts";

export class WindowSource extends PendingSource {
  readonly #functions: readonly TypedWindow[];
  readonly #partitions: readonly TypedSortKey[];
  readonly #order: readonly TypedSortKey[];

  constructor(
    plan: Plan,
    functions: readonly TypedWindow[],
    partitions: readonly TypedSortKey[],
    order: readonly TypedSortKey[],
  ) {
    super(plan);
    this.#functions = functions;
    this.#partitions = partitions;
    this.#order = order;
  }
  get columns() {
    const made = new Map(this.#functions.map(({ name, type }) => [name, type]));
    const kept = [...this.plan.columns].map(([name, { type }]) => ({
      name,
      type: made.get(name) ?? type,
    }));
    const names = new Set(this.plan.columns.keys());
    const added = this.#functions.filter(({ name }) => !names.has(name));
    return [...kept, ...added.map(({ name, type }) => ({ name, type }))];
  }
  override get rows(): number | undefined {
    const { source, where, limit } = this.plan;
    return where || source.rows === undefined ? undefined : Math.min(source.rows, limit);
  }
  override get host(): HostSide {
    const keys = [...this.#partitions, ...this.#order];
    const { plan, names } = withHidden(this.plan, this.#hidden());
    return sideOf(plan, (all) => {
      const order = orderedOf(orderOf(all, orderKeys(keys, names)), this.#partitions.length);
      return windowsOf(all, [...this.plan.columns.keys()], this.#jobs(names), order);
    });
  }
  #hidden(): Typed[] {
    const keys = [...this.#partitions, ...this.#order];
    return [...keys.map(({ at }) => at), ...this.#functions.flatMap(({ of }) => of ?? [])];
  }
  /** The functions and where their values are, of the names of what was hidden. */
  #jobs(names: readonly string[]): Job[] {
    const values = names.slice(this.#partitions.length + this.#order.length);
    return this.#functions.map((window) => ({
      ...window,
      column: window.of ? values.shift()! : "",
    }));
  }
  explain(options: RunOptions = {}): string[] {
    const by = this.#partitions.map(({ at }) => showTyped(at)).join(", ") || "all rows";
    const order = this.#order.map(({ at }) => showTyped(at)).join(", ") || "as they are";
    const what = `windows ${this.#functions.map(({ name }) => name).join(", ")}`;
    const how = `partitions by ${by}, order ${order}; sorted on the device, figures on the host`;
    const keys = [...this.#partitions, ...this.#order].map(({ at }) => at);
    return (
      this.explainOnHost(what, options) ??
      this.explainOnGpu(what, how, options, () => windowEstimate(this.plan, keys, this.#functions))
    );
  }

  protected make(): Promise<ColumnStore> {
    const keys = [...this.#partitions, ...this.#order];
    return withRows(this.plan, this.#hidden(), async (store, names) => {
      using scratch = new Scratch(this.gpu);
      const { packing, ...sorted } = await orderedKeys(store, orderKeys(keys, names), scratch);
      const ordered = orderedRows(sorted, packing, this.#partitions.length);
      const columns = new Map(
        [...this.plan.columns.keys()].map((name) => [name, store.columns.get(name)!]),
      );
      const made: Column[] = [];
      for (const job of this.#jobs(names)) made.push(await column(store, job, ordered, scratch));
      for (const one of made) columns.set(one.name, one);
      const rows = { columns: [...columns.values()], chunkRows: store.chunkRows };
      return keptStore(store, rows, scratch);
    });
  }
}

async function column(
  store: ColumnStore,
  { name, given, column: from, type }: Job,
  ordered: Ordered,
  scratch: Scratch,
): Promise<Column> {
  const { fn } = given;
  if (fn === "rowNumber" || fn === "rank" || fn === "denseRank")
    return figureColumn(store, name, type, ranks(ordered, fn), scratch);
  if (fn === "shift") {
    const host = shifted(ordered, given.rows!, NO_ROW);
    const rows = { count: host.length, host };
    const part = { store, names: [from], rows, missing: true };
    const taken = await takeRows([part], scratch, store.chunkRows);
    return { ...taken.columns[0]!, name };
  }
  const figures = running(await rowValues(store, from, useOf(fn)), ordered, given);
  checkSums(name, type, fn, figures);
  return figureColumn(store, name, type, figures, scratch);
}
