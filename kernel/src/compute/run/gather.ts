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
  outputs.forEach((output, column) => {
    const source = sourceOf(store, output.at);
    selections.forEach((selection, i) => {
      const whole = source?.chunks[selection.chunk];
      if (whole && !selection.index && whole.rows === selection.rows) chunks[column]![i] = whole;
      else if (isText(output.at.type))
        texts.push(startText(store, output.at, selection, column, i, scratch));
      else chunks[column]![i] = project(store, output, selection, scratch);
    });
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

function project(
  store: ColumnStore,
  { name, at }: Output,
  selection: Selection,
  scratch: Scratch,
): ColumnChunk {
  const { rows, chunk, index } = selection;
  const kernel = projectKernel(store, at, index !== undefined, `column ${name}`);
  const layout = layoutOf(at.type, rows, kernel.nulls);
  const block = scratch.block(layout.total, `column ${name}`);
  launch(store, kernel.text, {
    chunk,
    own: [rows, Math.max(layout.validity, 0) / 4],
    extras: [...(index ? [{ block: index }] : []), { block }],
    invocations: Math.ceil(rows / 32),
  });
  return { rows, layout, block };
}

function startText(
  store: ColumnStore,
  at: Typed,
  selection: Selection,
  column: number,
  chunk: number,
  scratch: Scratch,
): TextJob {
  const { each, count } = ranges(selection.rows);
  const sums = scratch.block((count + 1) * 4, "text sizes");
  const text = textSumsKernel(store, at, selection.index !== undefined);
  launchText(store, text, selection, [selection.rows, each], [sums], count);
  scan(store, sums, count);
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
  return jobs.map((job, i) => {
    const { selection, at, sums } = job;
    const { rows } = selection;
    const layout = layoutOf(at.type, rows, sourceOf(store, at)!.nulls, totals[i]!);
    const block = scratch.block(layout.total, `column ${at.column}`, true);
    const { each, count } = ranges(rows);
    const text = textCopyKernel(store, at, selection.index !== undefined);
    const own = [rows, each, Math.max(layout.validity, 0) / 4, layout.bytes / 4];
    launchText(store, text, selection, own, [sums, block], count);
    scratch.free(sums);
    return [job, { rows, layout, block }];
  });
}

function launchText(
  store: ColumnStore,
  text: KernelText,
  { chunk, index }: Selection,
  own: number[],
  blocks: Block[],
  invocations: number,
): void {
  const extras = [...(index ? [index] : []), ...blocks].map((block) => ({ block }));
  launch(store, text, { chunk, own, extras, invocations });
}
