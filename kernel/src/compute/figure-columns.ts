// The columns of an aggregate's figures: of the groups' words, of single rows, or of values in order.
import { type ColumnStore, nullable, nullRows } from "../columns/index.ts";
import { figure, placesOf, type TypedAggregate, valuesOf } from "./figures.ts";
import type { Merged } from "./grouped.ts";
import type { NamedKey, Plan } from "./plan.ts";
import { NO_ROW } from "./run/across.ts";
import type { Scratch } from "./run/scratch.ts";
import { type HostValues, valuesAt } from "./run/values.ts";
import { statistics } from "./sort/statistics.ts";
import type { Part } from "./wgsl/parts.ts";

export interface Figures {
  readonly aggregates: readonly TypedAggregate[];
  readonly parts: readonly Part[];
  /** The rows that were grouped. */
  readonly store: ColumnStore;
}

/** One column for each figure, with a row for each group in the order of the result. */
export async function figureColumns(
  query: Figures,
  merged: Merged,
  scratch: Scratch,
): Promise<HostValues[]> {
  const { words, groups, pick } = merged;
  const columns: HostValues[] = [];
  for (const aggregate of query.aggregates) {
    const { fn } = aggregate;
    columns.push(
      fn === "first" || fn === "last"
        ? await placed(query, aggregate, merged, scratch)
        : valuesOf(aggregate, figure(aggregate, query.parts, words, groups, pick)),
    );
  }
  return columns;
}

/** The figures of values in order (`of` finds them, on the device or on the host), with a row for each group as above; those of one expression share its sort. */
export async function sortedFigures(
  plan: Plan,
  keys: readonly NamedKey[],
  wanted: readonly TypedAggregate[],
  of: typeof statistics = statistics,
): Promise<Map<TypedAggregate, HostValues>> {
  const found = new Map<TypedAggregate, HostValues>();
  for (const alike of Map.groupBy(wanted, (one) => one.of!.key).values()) {
    const columns = await of(plan, keys, alike[0]!.of!, alike);
    alike.forEach((aggregate, i) => {
      found.set(aggregate, columns[i]!);
    });
  }
  return found;
}

async function placed(
  { store, parts }: Figures,
  aggregate: TypedAggregate,
  { words, groups, pick }: Merged,
  scratch: Scratch,
): Promise<HostValues> {
  const { name, of, type } = aggregate;
  const rows = placesOf(aggregate, parts, words, groups, pick);
  if (rows[0] !== NO_ROW) return valuesAt(store, name, of!, rows, scratch);
  // All rows of a table without any.
  const facts = of!.op === "column" ? store.column(of!.column!) : undefined;
  return { column: nullable({ ...facts, name, type, nulls: true }), chunk: nullRows(type, 1) };
}
