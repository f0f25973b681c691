// Operations that put rows in another order or take some of them, as plans.
import { CenoteError } from "../../base/index.ts";
import { optionsOf } from "../given.ts";
import { type NamedKey, type Plan, wholeOf } from "../plan.ts";
import { checkOrdered } from "../run/order.ts";
import { told } from "../told.ts";
import { type SortKey, sortKeys } from "./keys.ts";
import { chosen } from "./sample.ts";
import { type Choose, DistinctSource, rowsWithin, SortSource, TakeSource } from "./sources.ts";

/** What a sample is: a number of rows or a share of them, and the seed of its choice. */
export interface SampleOptions {
  readonly n?: number;
  readonly fraction?: number;
  /** A whole number; the same seed takes the same rows of the same table on every machine. Default 0. */
  readonly seed?: number;
}

export function sorted(plan: Plan, keys: readonly (SortKey | readonly SortKey[])[]): Plan {
  return wholeOf(new SortSource(plan, sortKeys(keys, plan.columns, "sort")));
}

export function topRows(plan: Plan, n: number, keys: readonly SortKey[]): Plan {
  checkedCount(n, "topK(n, …)");
  return wholeOf(new SortSource(plan, sortKeys(keys, plan.columns, "topK"), n));
}

const taken = (plan: Plan, choose: Choose, what: string) =>
  wholeOf(new TakeSource(plan, choose, what));

export function takenRows(plan: Plan, rows: Iterable<number>): Plan {
  if (typeof rows?.[Symbol.iterator] !== "function" || typeof rows === "string")
    throw new CenoteError("BAD_ROW", `take(rows): wanted row numbers, found ${told(rows)}`, {
      mend: "Write them in brackets: .take([0, 2, 4]).",
    });
  const given = [...rows];
  return taken(plan, (count) => rowsWithin(given, count), `take ${given.length} rows`);
}

/** Rows [from, to); negative ones count from the end, as in an array's slice. */
export function sliced(plan: Plan, from: number, to?: number): Plan {
  for (const [name, value] of Object.entries({ from, to: to ?? 0 })) {
    if (Number.isSafeInteger(value)) continue;
    throw new CenoteError(
      "BAD_COUNT",
      `slice(from, to): wanted a whole number of rows for ${name}, found ${told(value)}`,
    );
  }
  const place = (at: number, rows: number) =>
    at < 0 ? Math.max(0, rows + at) : Math.min(at, rows);
  const choose = (rows: number) => {
    const first = place(from, rows);
    const count = Math.max(0, place(to ?? rows, rows) - first);
    return Uint32Array.from({ length: count }, (_, i) => first + i);
  };
  return taken(plan, choose, `slice from ${from} to ${to ?? "the end"}`);
}

export function tailRows(plan: Plan, n: number): Plan {
  checkedCount(n, "tail(n)");
  return n === 0 ? { ...plan, limit: 0 } : sliced(plan, -n);
}

export function sampled(plan: Plan, options: number | SampleOptions): Plan {
  const given = typeof options === "number" ? { n: options } : options;
  const { n, fraction, seed = 0 }: SampleOptions = optionsOf(given, "sample(options)");
  if ((n === undefined) === (fraction === undefined)) {
    throw new CenoteError(
      "BAD_SAMPLE",
      `sample({ n, fraction }): wanted one of n and fraction, found ${n === undefined ? "neither" : "both"}`,
      { mend: "For example sample(100) or sample({ fraction: 0.1, seed: 7 })." },
    );
  }
  if (n !== undefined) checkedCount(n, "sample({ n })");
  else if (!(typeof fraction === "number" && fraction >= 0 && fraction <= 1)) {
    throw new CenoteError(
      "BAD_SAMPLE",
      `sample({ fraction }): wanted a number from 0 to 1, found ${told(fraction)}`,
    );
  }
  if (!Number.isSafeInteger(seed)) {
    throw new CenoteError(
      "BAD_SAMPLE",
      `sample({ seed }): wanted a whole number, found ${told(seed)}`,
    );
  }
  const choose = (rows: number) =>
    chosen(rows, n === undefined ? Math.round(rows * fraction!) : Math.min(n, rows), seed);
  return taken(plan, choose, `sample with seed ${seed}`);
}

export function distinctRows(plan: Plan, keys: readonly NamedKey[]): Plan {
  const all = keys.length > 0 ? keys : [...plan.columns].map(([name, at]) => ({ name, at }));
  for (const { at } of all) checkOrdered(at, "distinct()");
  // Without a column no row differs from another.
  if (all.length === 0) return { ...plan, limit: Math.min(1, plan.limit) };
  return wholeOf(
    new DistinctSource(
      plan,
      all.map(({ at }) => at),
    ),
  );
}

/** Throws BAD_COUNT unless `n` is a whole number from 0 up. */
export function checkedCount(n: number, where: string): number {
  if (Number.isSafeInteger(n) && n >= 0) return n;
  throw new CenoteError(
    "BAD_COUNT",
    `${where}: wanted a whole number of rows from 0 up, found ${told(n)}`,
  );
}
