// The groups of rows on the host, as columns: the same figures of the same words as those of the device.
import { nullRows } from "../columns/index.ts";
import { sortedFigures } from "./figure-columns.ts";
import { figure, isSorted, partsOf, placesOf, type TypedAggregate, valuesOf } from "./figures.ts";
import { type Grouped, groupedColumns, type Merged } from "./grouped.ts";
import { takenRows } from "./host/order.ts";
import { groupsOn, rowsOf } from "./host/run.ts";
import type { NamedKey, Plan } from "./plan.ts";
import { NO_ROW } from "./run/across.ts";
import type { HostValues } from "./run/values.ts";
import { statisticsOnHost } from "./sort/statistics.ts";
import type { Part } from "./wgsl/parts.ts";

/** Keys and figures of the groups of a plan whose source has its rows on the host. */
export async function groupedOnHost(
  plan: Plan,
  keys: readonly NamedKey[],
  aggregates: readonly TypedAggregate[],
): Promise<Grouped> {
  const parts = partsOf(aggregates);
  const found = await groupsOn(plan, keys, parts);
  const sorted = aggregates.filter(isSorted);
  const ordered = await sortedFigures(plan, keys, sorted, statisticsOnHost);
  return groupedColumns(found, parts, async (merged) => {
    const columns: HostValues[] = [];
    for (const one of aggregates)
      columns.push(ordered.get(one) ?? (await column(plan, one, parts, merged)));
    return columns;
  });
}

async function column(
  plan: Plan,
  aggregate: TypedAggregate,
  parts: readonly Part[],
  { words, groups, pick }: Merged,
): Promise<HostValues> {
  const { fn, name, of } = aggregate;
  if (fn !== "first" && fn !== "last")
    return valuesOf(aggregate, figure(aggregate, parts, words, groups, pick));
  // Rows are numbered as the source has them, before the filter.
  const all = await rowsOf({
    source: plan.source,
    limit: Number.POSITIVE_INFINITY,
    columns: new Map([[name, of!]]),
  });
  const rows = placesOf(aggregate, parts, words, groups, pick);
  const taken = takenRows(all, [name], rows, rows.includes(NO_ROW));
  const chunk = taken.chunks[0]?.columns.get(name);
  return { column: taken.columns.get(name)!, chunk: chunk ?? nullRows(aggregate.type, 0) };
}
