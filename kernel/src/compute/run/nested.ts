// Takes lists and structs of selected rows: their own offsets and validity, then the columns of what is in them,
// by the numbers of the rows that belong to those taken.
import { CenoteError, formatBytes } from "../../base/index.ts";
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  layoutOf,
  pathTo,
  stepsOf,
} from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import { node, type Typed } from "../typed.ts";
import {
  fixedItemsKernel,
  listCopyKernel,
  listSumsKernel,
  nestedNulls,
  validityKernel,
} from "../wgsl/lists.ts";
import { launch, ranges, type Scratch } from "./scratch.ts";
import { readWords, type Selection, scan } from "./select.ts";

export interface Output {
  readonly name: string;
  readonly at: Typed;
}

/** Computes columns over selected rows: gather() of gather.ts. */
export type Gather = (
  store: ColumnStore,
  selections: readonly Selection[],
  outputs: readonly Output[],
  scratch: Scratch,
) => Promise<Column[]>;

interface Taken {
  readonly chunk: ColumnChunk;
  /** The rows of what is inside. */
  readonly inside: Selection;
}

/** The column of a nested output over the selected rows. Throws LIST_TOO_LONG and OutOfPoolMemory. */
export async function gatherNested(
  gather: Gather,
  store: ColumnStore,
  { name, at }: Output,
  selections: readonly Selection[],
  scratch: Scratch,
): Promise<Column> {
  const taken: Taken[] = [];
  const take = at.type.kind === "list" ? takeLists : takeParts;
  for (const selection of selections) taken.push(await take(store, at, selection, scratch));
  const outputs = at.type.children!.map(({ name: child, type }) => ({
    name: child,
    at: node("column", type, [], { column: pathTo(at.column!, child) }),
  }));
  const inside = taken.map((one) => one.inside);
  const children = await gather(store, inside, outputs, scratch);
  for (const [i, { index }] of inside.entries())
    if (index && index !== selections[i]!.index) scratch.free(index);
  const { field } = store.column(at.column!);
  const chunks = taken.map(({ chunk }) => chunk);
  const nulls = nestedNulls(store, at);
  return { name, type: at.type, nulls, chunks, children, ...(field ? { field } : {}) };
}

// Structs, and lists of one size.
async function takeParts(
  store: ColumnStore,
  at: Typed,
  selection: Selection,
  scratch: Scratch,
): Promise<Taken> {
  const { rows, index } = selection;
  const nulls = nestedNulls(store, at);
  const layout = layoutOf(at.type, rows, nulls);
  const block = await scratch.block(layout.total, labelOf(at));
  const chunk: ColumnChunk = { rows, layout, block };
  if (nulls) {
    const text = validityKernel(store, at, index !== undefined);
    const own = [rows, layout.validity / 4];
    await launchOn(store, text, selection, own, [block], Math.ceil(rows / 32));
  }
  if (at.type.kind === "struct") return { chunk, inside: selection };
  const items = rows * at.type.size!;
  if (!index) return { chunk, inside: { ...selection, rows: items } };
  const numbers = await scratch.block(items * 4, "items of lists");
  const extras = [{ block: index }, { block: numbers }];
  const own = [items, at.type.size!];
  const invocations = Math.ceil(items / 32);
  if (items > 0)
    await launch(store, fixedItemsKernel(), { chunk: selection.chunk, own, extras, invocations });
  return { chunk, inside: { chunk: selection.chunk, rows: items, index: numbers } };
}

async function takeLists(
  store: ColumnStore,
  at: Typed,
  selection: Selection,
  scratch: Scratch,
): Promise<Taken> {
  const { rows, index } = selection;
  const indexed = index !== undefined;
  const { each, count } = ranges(rows);
  const sums = await scratch.block((count + 1) * 4, "list sizes");
  await launchOn(store, listSumsKernel(store, at, indexed), selection, [rows, each], [sums], count);
  await scan(store, sums, count);
  const [items] = (await readWords(store, [{ block: sums, word: count }])) as [number];
  const { maxBinding } = store.gpu;
  if (items * 4 > maxBinding) throw tooLong(at, rows, items, maxBinding);
  const layout = layoutOf(at.type, rows, nestedNulls(store, at));
  const block = await scratch.block(layout.total, labelOf(at), true);
  const numbers = await scratch.block(items * 4, "items of lists");
  const own = [rows, each, Math.max(layout.validity, 0) / 4];
  const text = listCopyKernel(store, at, indexed);
  await launchOn(store, text, selection, own, [sums, block, numbers], count);
  scratch.free(sums);
  const inside = { chunk: selection.chunk, rows: items, index: numbers };
  return { chunk: { rows, layout, block }, inside };
}

const labelOf = (at: Typed) => `column ${stepsOf(at.column!).join(".")}`;

function tooLong(at: Typed, rows: number, items: number, most: number): CenoteError {
  return new CenoteError(
    "LIST_TOO_LONG",
    `${labelOf(at)} would have ${items} items in a chunk of ${rows} rows; the numbers of ${Math.floor(most / 4)} fit a binding of ${formatBytes(most)}`,
    { mend: "Upload the table in smaller chunks: gpu(table, { chunkRows: … })." },
  );
}

function launchOn(
  store: ColumnStore,
  text: Parameters<typeof launch>[1],
  { chunk, index }: Selection,
  own: number[],
  blocks: Block[],
  invocations: number,
): Promise<void> {
  const extras = [...(index ? [index] : []), ...blocks].map((block) => ({ block }));
  return launch(store, text, { chunk, own, extras, invocations });
}
