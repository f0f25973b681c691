// Groups of two kinds of keys as a table: a row for each index, a column for each value of another column.
import { CenoteError } from "../../base/index.ts";
import { type Column, type ColumnStore, readTable } from "../../columns/index.ts";
import type { Aggregate } from "../aggregates.ts";
import { entriesOf, optionsOf } from "../given.ts";
import { aggregated, groupKeys } from "../grouping.ts";
import { type Plan, type Selected, wholeOf } from "../plan.ts";
import { NO_ROW, type Taken, takeRows } from "../run/across.ts";
import { orderedKeys } from "../run/order.ts";
import { Scratch } from "../run/scratch.ts";
import { shownCell } from "../show.ts";
import { keptStore } from "../sort/hidden.ts";
import { materialise, StoreSource, unlimited } from "../sources.ts";

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
  const keys = [...rows, { ...column!, name: "\u0001on" }];
  using grouped = await materialise(aggregated(all, keys, wanted));
  return wholeOf(
    new StoreSource(
      await spread(
        grouped,
        rows.map(({ name }) => name),
        places,
        column!.name,
      ),
    ),
  );
}

async function spread(
  store: ColumnStore,
  index: readonly string[],
  places: readonly { readonly place: string; readonly name: string }[],
  on: string,
): Promise<ColumnStore> {
  using scratch = new Scratch(store.gpu);
  const rows = await classes(store, index, scratch);
  const columns = await classes(store, ["\u0001on"], scratch);
  if (columns.firsts.length * places.length > MOST_COLUMNS) {
    throw new CenoteError(
      "TOO_MANY_COLUMNS",
      `pivot({ on: "${on}" }): found ${columns.firsts.length} values, which would make ${columns.firsts.length * places.length} columns; the most is ${MOST_COLUMNS}`,
    );
  }
  const lists = columns.firsts.map(() => new Uint32Array(rows.firsts.length).fill(NO_ROW));
  for (let row = 0; row < store.rows; row++) lists[columns.of[row]!]![rows.of[row]!] = row;
  const rowsOf = (host: Uint32Array) => ({ count: host.length, host });
  const parts: Taken[] = [
    { store, names: index, rows: rowsOf(Uint32Array.from(rows.firsts)) },
    ...lists.flatMap((list) => {
      const missing = list.includes(NO_ROW);
      return places.map(({ place }) => ({ store, names: [place], rows: rowsOf(list), missing }));
    }),
  ];
  const taken = await takeRows(parts, scratch);
  const names = await headings(store, columns.firsts, scratch);
  const made = names.flatMap((heading) =>
    places.map(({ name }) => (name ? `${name}_${heading}` : heading)),
  );
  checkNames([...index, ...made]);
  const named = taken.columns.map((column, i): Column => {
    return i < index.length ? column : { ...column, name: made[i - index.length]! };
  });
  return keptStore(store, { columns: named, chunkRows: taken.chunkRows }, scratch);
}

/** Numbers of distinct keys by row, in their order, and the first row of each. */
async function classes(store: ColumnStore, names: readonly string[], scratch: Scratch) {
  const keys = names.map((column) => ({ column, descending: false, nullsFirst: false }));
  const { rows, words } = await orderedKeys(store, keys, scratch);
  const of = new Uint32Array(rows.length);
  const firsts: number[] = [];
  rows.forEach((row, i) => {
    if (i === 0 || words.some((word) => word[i] !== word[i - 1])) firsts.push(row);
    of[row] = firsts.length - 1;
  });
  return { of, firsts };
}

// The values of the column as people read them.
async function headings(
  store: ColumnStore,
  firsts: readonly number[],
  scratch: Scratch,
): Promise<string[]> {
  const host = Uint32Array.from(firsts);
  const part = { store, names: ["\u0001on"], rows: { count: host.length, host } };
  using taken = keptStore(store, await takeRows([part], scratch), scratch);
  const values = (await readTable(taken)).getChildAt(0)!;
  const { type } = store.columns.get("\u0001on")!;
  return [...values].map((value) => shownCell(value, type.name));
}

function checkNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new CenoteError("SAME_NAME", `pivot: two columns would be named "${twice}"`, {
    mend: "Rename the index: { index: { other: … } }.",
  });
}
