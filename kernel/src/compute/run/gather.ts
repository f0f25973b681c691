// Computes columns over selected rows into blocks of their own.
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  isText,
  layoutOf,
} from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { projectKernel } from "../wgsl/project.ts";
import { launch, type Scratch } from "./scratch.ts";
import type { Selection } from "./select.ts";
import { finishTexts, startText, type TextJob } from "./texts.ts";

export interface Output {
  readonly name: string;
  readonly at: Typed;
}

/** The outputs over the selected rows; columns that are taken whole are shared, not copied. */
export async function gather(
  store: ColumnStore,
  selections: readonly Selection[],
  outputs: readonly Output[],
  scratch: Scratch,
): Promise<Column[]> {
  const chunks = outputs.map(() => new Array<ColumnChunk>(selections.length));
  const texts: TextJob[] = [];
  const nulls = outputs.map(() => false);
  // Chunk by chunk, so that those of a table larger than the device come back once.
  for (const [i, selection] of selections.entries()) {
    for (const [column, output] of outputs.entries()) {
      const whole = sourceOf(store, output.at)?.chunks[selection.chunk];
      if (whole && !selection.index && whole.rows === selection.rows) chunks[column]![i] = whole;
      else if (isText(output.at.type))
        texts.push(await startText(store, { ...output, selection, column, chunk: i }, scratch));
      else chunks[column]![i] = await project(store, output, selection, scratch);
    }
  }
  for (const [job, chunk] of await finishTexts(store, texts, scratch))
    chunks[job.column]![job.chunk] = chunk;
  outputs.forEach(({ at }, column) => {
    const source = sourceOf(store, at);
    nulls[column] = source ? source.nulls : (chunks[column]![0]?.layout.validity ?? -1) >= 0;
  });
  return outputs.map(({ name, at }, i) => describe(store, name, at, nulls[i]!, chunks[i]!));
}

const sourceOf = (store: ColumnStore, at: Typed) =>
  at.op === "column" ? store.columns.get(at.column!)! : undefined;

function describe(
  store: ColumnStore,
  name: string,
  at: Typed,
  nulls: boolean,
  chunks: ColumnChunk[],
): Column {
  const source = sourceOf(store, at);
  return {
    name,
    type: at.type,
    nulls,
    chunks,
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
