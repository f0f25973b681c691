// Rows of lists and structs by their numbers: their own offsets and validity, then the columns of what is in them,
// by the numbers of the rows that belong to those taken.
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  type ColumnType,
  knownAmong,
  type Layout,
  ColumnStore as Store,
} from "../../columns/index.ts";
import type { GpuRange } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import type { Typed } from "../typed.ts";
import { listItemsKernel, takeValidityKernel } from "../wgsl/across.ts";
import { fixedItemsKernel } from "../wgsl/lists.ts";
import type { Rows } from "./order.ts";
import { launch, type Scratch } from "./scratch.ts";

/** Rows [from, to) of the output. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A column to be taken. */
export interface Job {
  readonly store: ColumnStore;
  readonly rows: Rows;
  /** Whether some row numbers are NO_ROW. */
  readonly missing: boolean;
  readonly at: Typed;
  readonly nulls: boolean;
  readonly column: Omit<Column, "chunks">;
}

/** A chunk that was taken, and those of what is in it. */
export interface Made {
  readonly chunk: ColumnChunk;
  readonly inside: readonly Made[];
}

/** A column of which a span does not fit. */
export interface Unfit {
  readonly name: string;
  readonly type: ColumnType;
  readonly bytes: number;
}

/** Takes a span of all columns of a part: takeSpan() of across.ts. */
export type TakeInside = (
  part: { readonly store: ColumnStore; readonly rows: Rows; readonly missing: boolean },
  span: Span,
) => Promise<readonly Made[] | Unfit>;

export interface NestedSpan {
  readonly span: Span;
  readonly limit: number;
  readonly layout: Layout;
  /** The row numbers of the span. */
  readonly index: GpuRange;
  /** Of lists: where the items of each begin, and how many there are. */
  readonly starts: { readonly block: Block; readonly total: number } | undefined;
}

/** One chunk of a list or struct and what is in it, or what does not fit. */
export async function takeNested(
  job: Job,
  { span, limit, layout, index, starts }: NestedSpan,
  takeInside: TakeInside,
  scratch: Scratch,
): Promise<Made | Unfit> {
  const { store, column, at, missing } = job;
  const rows = span.to - span.from;
  const block = await scratch.block(layout.total, `column ${column.name}`, true);
  const chunk: ColumnChunk = { rows, layout, block };
  if (job.nulls) {
    const extras = [index, { block }];
    await eachChunk(store, takeValidityKernel(store, at), rows, layout.validity / 4, extras);
  }
  using inside = insideOf(store, column.name);
  const isStruct = at.type.kind === "struct";
  const items = starts?.total ?? rows * (at.type.size ?? 1);
  if (!isStruct && items * 4 > limit) return { ...column, bytes: items * 4 };
  const numbers = isStruct ? undefined : await scratch.block(items * 4, "items of lists");
  if (starts) {
    const bytes = (rows + 1) * 4;
    await store.gpu.resident([starts.block, block]);
    store.gpu.copy({ block: starts.block, bytes }, { block, bytes });
    const extras = [index, { block: starts.block }, { block: numbers! }];
    await eachChunk(store, listItemsKernel(store, at), rows, inside.chunkRows, extras);
  } else if (numbers && items > 0)
    await launch(store, fixedItemsKernel(), {
      chunk: 0,
      own: [items, at.type.size!],
      extras: [index, { block: numbers }],
      invocations: Math.ceil(items / 32),
    });
  const part = {
    store: inside,
    rows: numbers ? { count: items, block: numbers } : job.rows,
    missing: isMissing(at.type, missing),
  };
  const made = await takeInside(part, numbers ? { from: 0, to: items } : span);
  if (numbers) scratch.free(numbers);
  return "bytes" in made ? made : { chunk, inside: made };
}

// A missing row of a list has no items; of structs and lists of one size those are missing too.
const isMissing = ({ kind }: ColumnType, missing: boolean) => missing && kind !== "list";

/**
 * One dispatch for each chunk of the source, with the rows that are in it. The kernel's last parameter is the same
 * for all of them, or what came in the chunks before of which `last` has the sizes.
 */
export async function eachChunk(
  store: ColumnStore,
  text: Parameters<typeof launch>[1],
  count: number,
  last: number | readonly number[],
  extras: readonly GpuRange[],
): Promise<void> {
  let [base, before] = [0, 0];
  for (const [chunk, rows] of store.chunkRows.entries()) {
    const own = [count, rows, base, typeof last === "number" ? last : before];
    if (rows > 0 && count > 0)
      await launch(store, text, { chunk, own, extras, invocations: Math.ceil(count / 32) });
    base += rows;
    if (typeof last !== "number") before += last[chunk]!;
  }
}

/** What is in a list or a struct, as a table of its own that shares its blocks; it must be disposed. */
function insideOf({ gpu, columns, chunkRows }: ColumnStore, name: string): ColumnStore {
  const { children = [] } = columns.get(name)!;
  return new Store(gpu, children, children[0]?.chunks.map(({ rows }) => rows) ?? chunkRows);
}

/** The column of the chunks that were taken of it. */
export function assembled(
  column: Omit<Column, "chunks">,
  missing: boolean,
  made: readonly Made[],
): Column {
  const children = column.children?.map((child, k) =>
    assembled(
      child,
      isMissing(column.type, missing),
      made.map(({ inside }) => inside[k]!),
    ),
  );
  return {
    ...column,
    ...knownAmong([column]),
    nulls: column.nulls || missing,
    chunks: made.map(({ chunk }) => chunk),
    ...(children ? { children } : {}),
  };
}

/** The chunks of columns that are alike in all else, one column after another. */
export function appended(columns: readonly Column[]): Column {
  const [first] = columns as [Column];
  const children = first.children?.map((_, k) =>
    appended(columns.map((column) => column.children![k]!)),
  );
  const chunks = columns.flatMap((column) => column.chunks);
  return { ...first, chunks, ...(children ? { children } : {}) };
}
