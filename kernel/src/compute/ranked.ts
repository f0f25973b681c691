// Groups by more keys than one kernel can read: rows are ranked by the keys, which any number of passes can do, and
// grouped by that one number; the keys are those of each group's first row.
import { TYPES } from "../columns/index.ts";
import type { TypedAggregate } from "./figures.ts";
import { type NamedKey, type Plan, wholeOf } from "./plan.ts";
import type { Typed } from "./typed.ts";
import { denseRank } from "./window/functions.ts";
import { WindowSource } from "./window/sources.ts";

export interface RankedGroups {
  readonly plan: Plan;
  /** The number of a row's group. */
  readonly key: NamedKey;
  /** The keys as figures, then the figures. */
  readonly aggregates: readonly TypedAggregate[];
}

/** The same groups in the same order, by one key. */
export function ranked(
  plan: Plan,
  keys: readonly NamedKey[],
  aggregates: readonly TypedAggregate[],
): RankedGroups {
  const columns = new Map<string, Typed>();
  keys.forEach(({ at }, i) => {
    columns.set(keyName(i), at);
  });
  aggregates.forEach(({ of }, i) => {
    if (of) columns.set(valueName(i), of);
  });
  const group = { name: "\u0001group", given: denseRank(), type: TYPES.uint32 };
  const order = keys.map(({ at }) => ({ at, descending: false, nullsFirst: false }));
  const rows = wholeOf(new WindowSource({ ...plan, columns }, [group], [], order));
  const column = (name: string) => rows.columns.get(name)!;
  const firsts = keys.map(({ name, at }, i): TypedAggregate => {
    return { name, fn: "first", of: column(keyName(i)), type: at.type };
  });
  const figures = aggregates.map((aggregate, i) =>
    aggregate.of ? { ...aggregate, of: column(valueName(i)) } : aggregate,
  );
  return {
    plan: rows,
    key: { name: group.name, at: column(group.name) },
    aggregates: [...firsts, ...figures],
  };
}

const keyName = (i: number) => `\u0001key ${i}`;
const valueName = (i: number) => `\u0001value ${i}`;
