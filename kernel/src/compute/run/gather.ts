// Computes columns over selected rows into blocks of their own.
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  isText,
  layoutOf,
} from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import type { Typed } from "../typed.ts";
import type { KernelText } from "../wgsl/program.ts";
import { projectKernel } from "../wgsl/project.ts";
import { textCopyKernel, textSumsKernel } from "../wgsl/text.ts";
import { launch, ranges, type Scratch } from "./scratch.ts";
import { readWords, type Selection, scan } from "./select.ts";

export interface Output {
  readonly name: string;
  readonly at: Typed;
}

interface TextJob {
  readonly column: number;
  readonly chunk: number;
  readonly selection: Selection;
  readonly at: Typed;
  readonly sums: Block;
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
        texts.push(await startText(store, output.at, selection, column, i, scratch));
      else chunks[column]![i] = await project(store, output, selection, scratch);
    }
  }
  outputs.forEach(({ at }, column) => {
    const source = sourceOf(store, at);
    nulls[column] = source ? source.nulls : (chunks[column]![0]?.layout.validity ?? -1) >= 0;
  });
  for (const [job, chunk] of await finishTexts(store, texts, scratch))
    chunks[job.column]![job.chunk] = chunk;
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

async function startText(
  store: ColumnStore,
  at: Typed,
  selection: Selection,
  column: number,
  chunk: number,
  scratch: Scratch,
): Promise<TextJob> {
  const { each, count } = ranges(selection.rows);
  const sums = await scratch.block((count + 1) * 4, "text sizes");
  const text = textSumsKernel(store, at, selection.index !== undefined);
  await launchText(store, text, selection, [selection.rows, each], [sums], count);
  await scan(store, sums, count);
  return { column, chunk, selection, at, sums };
}

async function finishTexts(
  store: ColumnStore,
  jobs: readonly TextJob[],
  scratch: Scratch,
): Promise<[TextJob, ColumnChunk][]> {
  const totals = await readWords(
    store,
    jobs.map(({ sums, selection }) => ({ block: sums, word: ranges(selection.rows).count })),
  );
  const made: [TextJob, ColumnChunk][] = [];
  for (const [i, job] of jobs.entries()) {
    const { selection, at, sums } = job;
    const { rows } = selection;
    const layout = layoutOf(at.type, rows, sourceOf(store, at)!.nulls, totals[i]!);
    const block = await scratch.block(layout.total, `column ${at.column}`, true);
    const { each, count } = ranges(rows);
    const text = textCopyKernel(store, at, selection.index !== undefined);
    const own = [rows, each, Math.max(layout.validity, 0) / 4, layout.bytes / 4];
    await launchText(store, text, selection, own, [sums, block], count);
    scratch.free(sums);
    made.push([job, { rows, layout, block }]);
  }
  return made;
}

function launchText(
  store: ColumnStore,
  text: KernelText,
  { chunk, index }: Selection,
  own: number[],
  blocks: Block[],
  invocations: number,
): Promise<void> {
  const extras = [...(index ? [index] : []), ...blocks].map((block) => ({ block }));
  return launch(store, text, { chunk, own, extras, invocations });
}
