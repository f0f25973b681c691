// Sources whose rows are those of a plan in another order, or some of them.

import { CenoteError } from "../../base/index.ts";
import type { ColumnStore } from "../../columns/index.ts";
import { type Estimate, rowsBytes, sortEstimate, takenBytes } from "../estimate.ts";
import { differ, orderOf, rowCount, takenRows } from "../host/order.ts";
import { sideOf } from "../host/run.ts";
import type { HostRows, HostSide, RunOptions } from "../host/side.ts";
import type { Plan, Source } from "../plan.ts";
import { takeRows } from "../run/across.ts";
import { type OrderKey, orderedKeys, orderRows, type Rows } from "../run/order.ts";
import { Scratch } from "../run/scratch.ts";
import { PendingSource } from "../sources.ts";
import { told } from "../told.ts";
import { showTyped, type Typed } from "../typed.ts";
import { keptStore, withHidden, withRows } from "./hidden.ts";
import type { TypedSortKey } from "./keys.ts";

/** Rows of a plan by their numbers. */
abstract class TakenSource extends PendingSource {
  get columns() {
    return [...this.plan.columns].map(([name, { type }]) => ({ name, type }));
  }
  /** Expressions that `pick` needs. */
  protected abstract readonly hidden: readonly Typed[];
  protected abstract pick(
    store: ColumnStore,
    names: readonly string[],
    scratch: Scratch,
  ): Promise<Rows>;

  /** The same on the host. */
  protected abstract pickOnHost(all: HostRows, names: readonly string[]): Uint32Array;

  override get host(): HostSide {
    const { plan, names } = withHidden(this.plan, this.hidden);
    return sideOf(plan, (all) =>
      takenRows(all, [...this.plan.columns.keys()], this.pickOnHost(all, names)),
    );
  }

  protected make(): Promise<ColumnStore> {
    return withRows(this.plan, this.hidden, async (store, names) => {
      using scratch = new Scratch(this.gpu);
      const rows = await this.pick(store, names, scratch);
      const shown = [...this.plan.columns.keys()];
      return keptStore(store, await takeRows([{ store, names: shown, rows }], scratch), scratch);
    });
  }
}

/** The rows in the order of keys; the first `limit` of them. */
export class SortSource extends TakenSource {
  readonly keys: readonly TypedSortKey[];
  readonly limit: number;

  constructor(plan: Plan, keys: readonly TypedSortKey[], limit = Number.POSITIVE_INFINITY) {
    super(plan);
    this.keys = keys;
    this.limit = limit;
  }
  override get rows(): number | undefined {
    const { source, where, limit } = this.plan;
    if (where || source.rows === undefined) return undefined;
    return Math.min(source.rows, limit, this.limit);
  }
  override limited(rows: number): Source {
    return new SortSource(this.plan, this.keys, Math.min(rows, this.limit));
  }
  protected get hidden() {
    return this.keys.map(({ at }) => at);
  }
  protected async pick(store: ColumnStore, names: readonly string[], scratch: Scratch) {
    const rows = await orderRows(store, orderKeys(this.keys, names), scratch);
    return { ...rows, count: Math.min(rows.count, this.limit) };
  }
  protected pickOnHost(all: HostRows, names: readonly string[]) {
    const { rows } = orderOf(all, orderKeys(this.keys, names));
    return rows.subarray(0, Math.min(rows.length, this.limit));
  }
  explain(options: RunOptions = {}): string[] {
    const keys = this.keys.map(({ at, descending, nullsFirst }) =>
      [showTyped(at), descending ? "descending" : "", nullsFirst ? "nulls first" : ""]
        .filter((x) => x)
        .join(" "),
    );
    const rows = this.limit === Number.POSITIVE_INFINITY ? "all rows" : `${this.limit} rows`;
    const what = `sort by ${keys.join(", ")}`;
    const how = `bounds, packed keys, radix passes of 8 bits, then ${rows} are taken`;
    return (
      this.explainOnHost(`${what}, ${rows}`, options) ??
      this.explainOnGpu(what, how, options, () => sortEstimate(this.plan, this.hidden, this.limit))
    );
  }
}

/** Keys by the names that their columns have in a store. */
export function orderKeys(keys: readonly TypedSortKey[], names: readonly string[]): OrderKey[] {
  return keys.map(({ descending, nullsFirst }, i) => ({
    column: names[i]!,
    descending,
    nullsFirst,
  }));
}

/** Numbers of the rows to take, of this many. */
export type Choose = (rows: number) => Uint32Array;

/** Rows by their numbers. */
export class TakeSource extends TakenSource {
  protected readonly hidden = [];
  readonly #choose: Choose;
  readonly #what: string;

  constructor(plan: Plan, choose: Choose, what: string) {
    super(plan);
    this.#choose = choose;
    this.#what = what;
  }
  protected async pick(store: ColumnStore) {
    const host = this.#choose(store.rows);
    return { count: host.length, host };
  }
  protected pickOnHost(all: HostRows) {
    return this.#choose(rowCount(all));
  }
  explain(options: RunOptions = {}): string[] {
    const how = "rows are taken by their numbers";
    return (
      this.explainOnHost(this.#what, options) ??
      this.explainOnGpu(this.#what, how, options, () => this.#estimate())
    );
  }
  // Rows that come again may be those of the longest texts.
  #estimate(): Estimate | undefined {
    const { plan } = this;
    const { source, where, limit } = plan;
    if (where) return undefined;
    const rows = this.#choose(Math.min(source.store!.rows, limit));
    const seen = new Uint8Array(source.store!.rows);
    for (const row of rows) {
      if (seen[row] === 1) return undefined;
      seen[row] = 1;
    }
    return { bytes: rowsBytes(plan, []) + takenBytes(plan, rows.length), ranked: [] };
  }
}

/** The first row of each distinct key, in the order of the rows. */
export class DistinctSource extends TakenSource {
  protected readonly hidden: readonly Typed[];

  constructor(plan: Plan, keys: readonly Typed[]) {
    super(plan);
    this.hidden = keys;
  }
  protected async pick(store: ColumnStore, names: readonly string[], scratch: Scratch) {
    const keys = names.map((column) => ({ column, descending: false, nullsFirst: false }));
    const { rows, words } = await orderedKeys(store, keys, scratch);
    // Of equal keys the first in order is the first row.
    const firsts = rows.filter((_, i) => i === 0 || words.some((word) => word[i] !== word[i - 1]));
    const host = firsts.sort();
    return { count: host.length, host };
  }
  protected pickOnHost(all: HostRows, names: readonly string[]) {
    const keys = names.map((column) => ({ column, descending: false, nullsFirst: false }));
    const { rows, ranks } = orderOf(all, keys);
    return rows
      .filter((row, i) => i === 0 || differ(ranks, ranks.length, row, rows[i - 1]!))
      .sort();
  }
  explain(options: RunOptions = {}): string[] {
    const by = this.hidden.map(showTyped).join(", ");
    const what = `distinct by ${by}`;
    return (
      this.explainOnHost(what, options) ??
      this.explainOnGpu(what, "sorted keys, compared on the host", options, () =>
        sortEstimate(this.plan, this.hidden, Number.POSITIVE_INFINITY),
      )
    );
  }
}

/** Checks row numbers that somebody gave. Throws BAD_ROW. */
export function rowsWithin(given: readonly number[] | Uint32Array, rows: number): Uint32Array {
  const odd = Array.prototype.findIndex.call(
    given,
    (row: number) => !(Number.isInteger(row) && row >= 0 && row < rows),
  );
  if (odd >= 0) {
    throw new CenoteError(
      "BAD_ROW",
      `take(rows): wanted whole numbers from 0 to ${rows - 1}, found ${told(given[odd])} at ${odd}`,
    );
  }
  return Uint32Array.from(given);
}
