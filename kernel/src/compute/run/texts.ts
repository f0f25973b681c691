// Makes columns of text: what it measures first, it allocates, and then it copies.
import { CenoteError, formatBytes } from "../../base/index.ts";
import { type ColumnChunk, type ColumnStore, layoutOf } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import type { Typed } from "../typed.ts";
import type { KernelText } from "../wgsl/program.ts";
import { textCopyKernel, textNulls, textSumsKernel } from "../wgsl/text.ts";
import { launch, ranges, type Scratch } from "./scratch.ts";
import { readWords, type Selection, scan } from "./select.ts";

/** Text of one chunk that is measured, and waits for its bytes to be known. */
export interface TextJob {
  readonly name: string;
  readonly column: number;
  readonly chunk: number;
  readonly selection: Selection;
  readonly at: Typed;
  readonly sums: Block;
}

/** Measures the text of one chunk. */
export async function startText(
  store: ColumnStore,
  job: Omit<TextJob, "sums">,
  scratch: Scratch,
): Promise<TextJob> {
  const { at, selection } = job;
  const { each, count } = ranges(selection.rows);
  const sums = await scratch.block((count + 1) * 4, "text sizes");
  const text = textSumsKernel(store, at, selection.index !== undefined);
  await launchText(store, text, selection, [selection.rows, each], [sums], count);
  await scan(store, sums, count);
  return { ...job, sums };
}

/** Makes the texts that were measured, with one small read-back. Throws TEXT_TOO_LONG and OutOfPoolMemory. */
export async function finishTexts(
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
    const { name, selection, at, sums } = job;
    const { rows } = selection;
    const layout = layoutOf(at.type, rows, textNulls(store, at), totals[i]!);
    if (layout.total > store.gpu.maxBinding) throw tooLong(store, job, totals[i]!);
    const block = await scratch.block(layout.total, `column ${name}`, true);
    const { each, count } = ranges(rows);
    const text = textCopyKernel(store, at, selection.index !== undefined);
    const own = [rows, each, Math.max(layout.validity, 0) / 4, layout.bytes / 4];
    await launchText(store, text, selection, own, [sums, block], count);
    scratch.free(sums);
    made.push([job, { rows, layout, block }]);
  }
  return made;
}

// Beyond 4 GiB the sum stays at its greatest value.
function tooLong({ gpu }: ColumnStore, { name, selection }: TextJob, bytes: number): CenoteError {
  const found = bytes === 0xffff_ffff ? "4 GiB or more" : formatBytes(bytes);
  return new CenoteError(
    "TEXT_TOO_LONG",
    `column "${name}" would have ${found} of text in a chunk of ${selection.rows} rows; one binding holds at most ${formatBytes(gpu.maxBinding)}`,
    { mend: "Upload the table in smaller chunks: gpu(table, { chunkRows: … })." },
  );
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
