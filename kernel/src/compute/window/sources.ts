// A table with columns of window functions. Rows are put in order on the device; what follows from the order
// and from running values is computed on the host, shifted values are taken on the device.
import {
  type Column,
  type ColumnStore,
  type ColumnType,
  ColumnStore as Store,
} from "../../columns/index.ts";
import type { Plan } from "../plan.ts";
import { NO_ROW, takeRows } from "../run/across.ts";
import { orderedKeys } from "../run/order.ts";
import { Scratch } from "../run/scratch.ts";
import { withRows } from "../sort/hidden.ts";
import type { TypedSortKey } from "../sort/keys.ts";
import { orderKeys } from "../sort/sources.ts";
import { PendingSource } from "../sources.ts";
import { showTyped, type Typed } from "../typed.ts";
import type { WindowFunction } from "./functions.ts";
import { type Ordered, orderedRows, ranks, shifted } from "./ordered.ts";
import { fitting, running } from "./running.ts";
import { figureColumn, rowValues } from "./values.ts";

/** A window function with its types. */
export interface TypedWindow {
  readonly name: string;
  readonly given: WindowFunction;
  readonly of?: Typed;
  readonly type: ColumnType;
}

/** A window function and the column that its values are in. */
type Job = TypedWindow & { readonly column: string };

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
  explain(): string[] {
    const by = this.#partitions.map(({ at }) => showTyped(at)).join(", ") || "all rows";
    const order = this.#order.map(({ at }) => showTyped(at)).join(", ") || "as they are";
    return [
      ...this.explainPlan(),
      `windows ${this.#functions.map(({ name }) => name).join(", ")}: partitions by ${by}, order ${order}; sorted on the device, figures on the host`,
    ];
  }

  protected make(): Promise<ColumnStore> {
    const keys = [...this.#partitions, ...this.#order];
    const hidden = [...keys.map(({ at }) => at), ...this.#functions.flatMap(({ of }) => of ?? [])];
    return withRows(this.plan, hidden, async (store, names) => {
      using scratch = new Scratch(this.gpu);
      const { packing, ...sorted } = await orderedKeys(store, orderKeys(keys, names), scratch);
      const ordered = orderedRows(sorted, packing, this.#partitions.length);
      const values = names.slice(keys.length);
      const columns = new Map(
        [...this.plan.columns.keys()].map((name) => [name, store.columns.get(name)!]),
      );
      const made: Column[] = [];
      for (const window of this.#functions) {
        const job = { ...window, column: window.of ? values.shift()! : "" };
        made.push(await column(store, job, ordered, scratch));
      }
      for (const one of made) columns.set(one.name, one);
      scratch.keep(made.flatMap(({ chunks }) => chunks.map(({ block }) => block)));
      return new Store(this.gpu, [...columns.values()], store.chunkRows, store.metadata);
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
  const use = fn === "cumCount" ? "validity" : /Sum|Mean/.test(fn) ? "sums" : "numbers";
  const figures = running(await rowValues(store, from, use), ordered, given);
  if (use === "sums" && type.bits === 64 && type.kind !== "f64")
    for (const figure of figures)
      if (figure !== undefined) fitting(figure as bigint, type.kind === "i64", name);
  return figureColumn(store, name, type, figures, scratch);
}
