// Groups of two kinds of keys as a table: a row for each index, a column for each value of another column.
import { CenoteError } from "../../base/index.ts";
import type { Aggregate } from "../aggregates.ts";
import { entriesOf, optionsOf } from "../given.ts";
import { aggregated, groupKeys } from "../grouping.ts";
import { choiceOf } from "../host/run.ts";
import type { Plan, Selected } from "../plan.ts";
import { NO_ROW } from "../run/across.ts";
import { unlimited } from "../sources.ts";
import { type GroupedRows, groupedInPool, groupedOnHost, type PivotColumn } from "./pivot-rows.ts";

export interface PivotOptions {
  /** Columns whose values are the rows. */
  readonly index: Selected | readonly Selected[];
  /** The column whose values become columns. */
  readonly on: Selected;
  /** What stands in them: a figure, or several by name. */
  readonly values: Aggregate | Readonly<Record<string, Aggregate>>;
}

/** Columns that a pivot may make. */
const MOST_COLUMNS = 2000;

/** The name of the column whose values become columns, among the groups. */
const ON = "\u0001on";

/** Runs the pivot. Throws NO_KEYS, SAME_NAME, NOT_A_FIGURE and TOO_MANY_COLUMNS. */
export async function pivoted(plan: Plan, options: PivotOptions): Promise<Plan> {
  const { index, on, values } = optionsOf(options, "pivot(options)") as PivotOptions;
  for (const [name, value] of Object.entries({ index, on, values })) {
    if (value !== undefined) continue;
    throw new CenoteError(
      "NO_KEYS",
      `pivot({ index, on, values }): ${name} is missing; found ${Object.keys(options ?? {}).join(", ") || "nothing"}`,
      { mend: 'For example pivot({ index: "origin", on: "month", values: mean("delay") }).' },
    );
  }
  const all = unlimited(plan);
  const rows = groupKeys([index].flat() as Selected[], all);
  const [column, ...more] = groupKeys([on], all);
  if (more.length > 0) {
    throw new CenoteError(
      "TOO_MANY_KEYS",
      `pivot({ on }): wanted one column, found ${more.length + 1}`,
    );
  }
  const one = typeof (values as Aggregate)?.fn === "string";
  const figures: [string, Aggregate][] = one
    ? [["", values as Aggregate]]
    : entriesOf(values as Record<string, Aggregate>, "pivot({ values })");
  const places = figures.map(([name], i) => ({ place: `\u0001${i}`, name }));
  const wanted = Object.fromEntries(figures.map(([, figure], i) => [places[i]!.place, figure]));
  const groups = aggregated(all, [...rows, { ...column!, name: ON }], wanted);
  const onHost = choiceOf(all, {}).on === "host";
  using grouped = await (onHost ? groupedOnHost(groups) : groupedInPool(groups));
  const names = rows.map(({ name }) => name);
  return await spread(grouped, names, places, column!.name);
}

async function spread(
  groups: GroupedRows,
  index: readonly string[],
  places: readonly { readonly place: string; readonly name: string }[],
  on: string,
): Promise<Plan> {
  const rows = await groups.classes(index);
  const columns = await groups.classes([ON]);
  if (columns.firsts.length * places.length > MOST_COLUMNS) {
    throw new CenoteError(
      "TOO_MANY_COLUMNS",
      `pivot({ on: "${on}" }): found ${columns.firsts.length} values, which would make ${columns.firsts.length * places.length} columns; the most is ${MOST_COLUMNS}`,
    );
  }
  const lists = columns.firsts.map(() => new Uint32Array(rows.firsts.length).fill(NO_ROW));
  rows.of.forEach((place, row) => {
    lists[columns.of[row]!]![place] = row;
  });
  const firsts = Uint32Array.from(rows.firsts);
  const keys = index.map((name): PivotColumn => ({ name, from: name, rows: firsts }));
  const headings = await groups.headings(ON, Uint32Array.from(columns.firsts));
  const made = headings.flatMap((heading, i) =>
    places.map(({ place, name }): PivotColumn => {
      return { name: name ? `${name}_${heading}` : heading, from: place, rows: lists[i]! };
    }),
  );
  const all = [...keys, ...made];
  checkNames(all.map(({ name }) => name));
  return await groups.table(all);
}

function checkNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new CenoteError("SAME_NAME", `pivot: two columns would be named "${twice}"`, {
    mend: "Rename the index: { index: { other: … } }.",
  });
}
