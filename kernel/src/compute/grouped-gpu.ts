// The groups of rows in the pool, as columns on the host. What needs more columns than a kernel reads is done in
// several passes, each with some of the figures, over the same groups.
import { type ColumnStore, isNarrow, TYPES } from "../columns/index.ts";
import type { AggregateFunction } from "./aggregates.ts";
import { figureColumns, sortedFigures } from "./figure-columns.ts";
import { isSorted, partsOf, type TypedAggregate, valuesOf } from "./figures.ts";
import { type Grouped, groupedColumns } from "./grouped.ts";
import type { NamedKey, Plan } from "./plan.ts";
import { type CodedKeys, codedKeys, groupsSeen } from "./run/codes.ts";
import { fitted, mostColumns } from "./run/fitted.ts";
import { group } from "./run/group.ts";
import { noted } from "./run/noted.ts";
import { Scratch } from "./run/scratch.ts";
import { trimmed } from "./run/trimmed.ts";
import type { HostValues } from "./run/values.ts";
import { columnsOf, node, type Typed } from "./typed.ts";

/** Keys that one kernel can group by, beside a filter and a figure. */
export const mostKeys = (store: ColumnStore): number => mostColumns(store) - 2;

/** Keys and figures; `given` has the columns that they read. Throws OutOfPoolMemory. */
export async function groupedOnGpu(
  given: ColumnStore,
  plan: Plan,
  keys: readonly NamedKey[],
  aggregates: readonly TypedAggregate[],
): Promise<Grouped> {
  using scratch = new Scratch(given.gpu);
  const figures = new Map<TypedAggregate, HostValues>();
  if (keys.length === 0 && !plan.where) {
    for (const one of aggregates) {
      const chunk = noted(given, one);
      if (chunk) figures.set(one, valuesOf(one, chunk));
    }
  }
  const added = aggregates.filter((one) => !isSorted(one) && !figures.has(one));
  using coded = await codedKeys(given, keys);
  using fit = await fittedGroups(coded, plan, keys, added, scratch);
  const { store, where } = fit;
  // Of a column without nulls every group has a value; only without keys there may be no rows.
  const certain = (of: Typed) =>
    keys.length > 0 && of.op === "column" && !store.columns.get(of.column!)!.nulls;
  let rows = 1;
  const keyColumns: HostValues[] = [];
  for (const some of keys.length === 0 && added.length === 0 ? [] : batches(fit)) {
    const parts = partsOf(
      some.map(({ fit: aggregate }) => aggregate),
      certain,
    ).map((part) => trimmed(store, part));
    const query = { ...(where ? { where } : {}), keys: fit.keys, by: fit.by, parts };
    const groups = await group(store, query, scratch);
    const found = await groupedColumns(groups, parts, (merged) =>
      figureColumns(
        { aggregates: some.map(({ fit: aggregate }) => aggregate), parts, store },
        merged,
        scratch,
      ),
    );
    rows = found.rows;
    if (keyColumns.length === 0) keyColumns.push(...found.columns.slice(0, keys.length));
    some.forEach(({ given: aggregate }, i) => {
      figures.set(aggregate, found.columns[keys.length + i]!);
    });
  }
  groupsSeen(given, keys, rows);
  const ordered = await sortedFigures(plan, keys, aggregates.filter(isSorted));
  const columns = aggregates.map((one) => figures.get(one) ?? ordered.get(one)!);
  return { columns: [...keyColumns, ...columns], rows };
}

/** A figure, and the same over columns that fit. */
interface FittedFigure {
  readonly given: TypedAggregate;
  readonly fit: TypedAggregate;
}

interface FittedGroups extends Disposable {
  readonly store: ColumnStore;
  readonly where: Typed | undefined;
  readonly keys: readonly NamedKey[];
  /** What tells groups apart: the keys, or their codes. */
  readonly by: readonly Typed[];
  readonly figures: readonly FittedFigure[];
  /** Columns that one pass reads. */
  readonly most: number;
}

// Where all do not fit one kernel, the filter is a column and so is each key: what is left is the figures'.
async function fittedGroups(
  { store: given, keys: by }: CodedKeys,
  plan: Plan,
  keys: readonly NamedKey[],
  aggregates: readonly TypedAggregate[],
  scratch: Scratch,
): Promise<FittedGroups> {
  const most = mostColumns(given);
  const shared = [...(plan.where ? [plan.where] : []), ...by];
  const ofs = aggregates.flatMap(({ of }) => of ?? []);
  const one = columnsOf(...shared, ...ofs).length <= most;
  const first = await fitted(given, shared, scratch, one ? most : 1);
  try {
    const each = one ? most : Math.max(1, most - shared.length);
    const second = await fitted(first.store, ofs, scratch, each);
    const roots = [...first.roots];
    const where = plan.where ? roots.shift() : undefined;
    const values = [...second.roots];
    return {
      store: second.store,
      where,
      keys: keys.map(({ name, at }, i) => ({ name, at: by[i] === at ? roots[i]! : at })),
      by: roots,
      figures: aggregates.map((aggregate) => ({
        given: aggregate,
        fit: aggregate.of
          ? { ...aggregate, of: narrowed(second.store, values.shift()!, aggregate.fn) }
          : aggregate,
      })),
      most,
      [Symbol.dispose]() {
        second[Symbol.dispose]();
        first[Symbol.dispose]();
      },
    };
  } catch (error) {
    first[Symbol.dispose]();
    throw error;
  }
}

/** A column whose values fit 32 bits as one of those; figures of such are fewer words. */
function narrowed(store: ColumnStore, of: Typed, fn: AggregateFunction): Typed {
  if (of.op !== "column" || fn === "first" || fn === "last") return of;
  const column = store.column(of.column!);
  if (!isNarrow(column.type, column.bounds)) return of;
  const type = of.type.kind === "i64" ? TYPES.int32 : TYPES.uint32;
  return node("column", type, [], { column: of.column! });
}

/** The figures of each pass; there is one also without figures. */
function batches({ where, by, figures, most }: FittedGroups): FittedFigure[][] {
  const shared = [...(where ? [where] : []), ...by];
  const found: FittedFigure[][] = [[]];
  for (const figure of figures) {
    const some = found.at(-1)!;
    const ofs = [...some, figure].flatMap(({ fit }) => fit.of ?? []);
    if (some.length === 0 || columnsOf(...shared, ...ofs).length <= most) some.push(figure);
    else found.push([figure]);
  }
  return found;
}
