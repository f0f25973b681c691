// Computes columns over selected rows into blocks of their own.
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  isNested,
  isText,
  knownAmong,
  layoutOf,
} from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { projectKernel } from "../wgsl/project.ts";
import { gatherNested, type Output } from "./nested.ts";
import { launch, type Scratch } from "./scratch.ts";
import type { Selection } from "./select.ts";
import { finishTexts, startText, type TextJob } from "./texts.ts";

/** The outputs over the selected rows; columns that are taken whole are shared, not copied. */
export async function gather(
  store: ColumnStore,
  selections: readonly Selection[],
  outputs: readonly Output[],
  scratch: Scratch,
): Promise<Column[]> {
  const chunks = outputs.map(() => new Array<ColumnChunk>(selections.length));
  const texts: TextJob[] = [];
  const made = outputs.map(({ name, at }) => sharedColumn(store, name, at, selections));
  // Chunk by chunk, so that those of a table larger than the device come back once.
  for (const [i, selection] of selections.entries()) {
    for (const [column, output] of outputs.entries()) {
      if (made[column] || isNested(output.at.type)) continue;
      const whole = wholeChunk(store, output.at, selection);
      if (whole) chunks[column]![i] = whole;
      else if (isText(output.at.type))
        texts.push(await startText(store, { ...output, selection, column, chunk: i }, scratch));
      else chunks[column]![i] = await project(store, output, selection, scratch);
    }
  }
  for (const [job, chunk] of await finishTexts(store, texts, scratch))
    chunks[job.column]![job.chunk] = chunk;
  for (const [i, output] of outputs.entries()) {
    made[i] ??= isNested(output.at.type)
      ? await gatherNested(gather, store, output, selections, scratch)
      : describe(store, output, chunks[i]!);
  }
  return made as Column[];
}

/** The column itself, where all of it is taken as it is. */
function sharedColumn(
  store: ColumnStore,
  name: string,
  at: Typed,
  selections: readonly Selection[],
): Column | undefined {
  if (!isNested(at.type) || !ownNulls(store, at)) return undefined;
  const column = store.column(at.column!);
  const whole =
    selections.length === column.chunks.length &&
    selections.every((one) => wholeChunk(store, at, one));
  return whole ? { ...column, name } : undefined;
}

/** The chunk itself, where its rows are taken as they are. */
function wholeChunk(store: ColumnStore, at: Typed, { chunk, rows, index }: Selection) {
  if (index || !ownNulls(store, at)) return undefined;
  const found = store.column(at.column!).chunks[chunk]!;
  return found.rows === rows ? found : undefined;
}

/** Whether `at` is a column whose nulls are its own: a field is null also where its struct is. */
function ownNulls(store: ColumnStore, at: Typed): boolean {
  if (at.op !== "column") return false;
  return !store
    .along(at.column!)
    .slice(0, -1)
    .some((parent) => parent.nulls && parent.type.kind === "struct");
}

// A column, or an element of a list, keeps its Arrow field under its new name.
function describe(store: ColumnStore, { name, at }: Output, chunks: ColumnChunk[]): Column {
  const source = at.column === undefined ? undefined : store.column(at.column);
  const nulls = (chunks[0]?.layout.validity ?? -1) >= 0;
  return {
    name,
    type: at.type,
    nulls: nulls || (at.op === "column" && source!.nulls),
    chunks,
    ...knownAmong([source]),
    ...(source?.field ? { field: source.field } : {}),
    ...(source?.dictionary ? { dictionary: source.dictionary } : {}),
  };
}

async function project(
  store: ColumnStore,
  { name, at }: Output,
  selection: Selection,
  scratch: Scratch,
): Promise<ColumnChunk> {
  const { rows, chunk, index } = selection;
  const kernel = projectKernel(store, at, index !== undefined, `column ${name}`);
  const layout = layoutOf(at.type, rows, kernel.nulls);
  const block = await scratch.block(layout.total, `column ${name}`);
  await launch(store, kernel.text, {
    chunk,
    own: [rows, Math.max(layout.validity, 0) / 4],
    extras: [...(index ? [{ block: index }] : []), { block }],
    invocations: Math.ceil(rows / 32),
  });
  return { rows, layout, block };
}
