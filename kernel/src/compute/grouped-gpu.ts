// The groups of rows in the pool, as columns on the host. What needs more columns than a kernel reads is done in
// several passes, each with some of the figures, over the same groups.
import { type ColumnStore, isNarrow, TYPES } from "../columns/index.ts";
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
import type { Part } from "./wgsl/parts.ts";

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
  const figures = notedFigures(given, plan, keys, aggregates);
  const added = aggregates.filter((one) => !isSorted(one) && !figures.has(one));
  using coded = await codedKeys(given, keys);
  using fit = await fittedGroups(coded, plan, keys, added, scratch);
  const { store, where } = fit;
  let rows = 1;
  const keyColumns: HostValues[] = [];
  for (const some of keys.length === 0 && added.length === 0 ? [] : batches(fit)) {
    const shorter = some.map(({ fit: aggregate }) => narrowed(store, aggregate));
    const parts = partsOver(store, keys.length > 0, shorter);
    const query = { ...(where ? { where } : {}), keys: fit.keys, by: fit.by, parts };
    const groups = await group(store, query, scratch);
    const found = await groupedColumns(groups, parts, (merged) =>
      figureColumns({ aggregates: shorter, parts, store }, merged, scratch),
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

/** The figures that are known without a kernel. */
function notedFigures(
  store: ColumnStore,
  { where }: Plan,
  keys: readonly NamedKey[],
  aggregates: readonly TypedAggregate[],
): Map<TypedAggregate, HostValues> {
  const figures = new Map<TypedAggregate, HostValues>();
  if (keys.length > 0 || where) return figures;
  for (const one of aggregates) {
    const chunk = noted(store, one);
    if (chunk) figures.set(one, valuesOf(one, chunk));
  }
  return figures;
}

/** What is kept of these figures, in as few words as what is known of their columns allows. */
function partsOver(
  store: ColumnStore,
  keyed: boolean,
  aggregates: readonly TypedAggregate[],
): Part[] {
  // Of a column without nulls every group has a value; only without keys there may be no rows.
  const certain = (of: Typed) =>
    keyed && of.op === "column" && store.along(of.column!).every(({ nulls }) => !nulls);
  return partsOf(aggregates, certain).map((part) => trimmed(store, part));
}

/** The parts that a kernel adds to, and the names of the figures that need none, where the columns are in the pool. */
export function partsToRun(
  plan: Plan,
  keys: readonly NamedKey[],
  aggregates: readonly TypedAggregate[],
): { parts: Part[]; known: string[] } {
  const { store } = plan.source;
  if (!store) return { parts: partsOf(aggregates), known: [] };
  const known = notedFigures(store, plan, keys, aggregates);
  const added = aggregates.filter((one) => !known.has(one)).map((one) => narrowed(store, one));
  return {
    parts: partsOver(store, keys.length > 0, added),
    known: [...known.keys()].map(({ name }) => name),
  };
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
        fit: aggregate.of ? { ...aggregate, of: values.shift()! } : aggregate,
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

/** The same of a column whose values fit 32 bits as one of those; figures of such are fewer words. */
function narrowed(store: ColumnStore, aggregate: TypedAggregate): TypedAggregate {
  const { of, fn } = aggregate;
  if (of?.op !== "column" || fn === "first" || fn === "last") return aggregate;
  const { type, bounds } = store.column(of.column!);
  if (!isNarrow(type, bounds)) return aggregate;
  const narrow = type.kind === "i64" ? TYPES.int32 : TYPES.uint32;
  return { ...aggregate, of: node("column", narrow, [], { column: of.column! }) };
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
