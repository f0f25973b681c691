// Rows of a table by their numbers, in any order, as columns of their own: what sorting, taking, joining and
// shifting end with. The output is cut into chunks that fit a binding, texts by their bytes.
import { CenoteError, formatBytes } from "../../base/index.ts";
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  isNested,
  isText,
  layoutOf,
  rowsWithin,
} from "../../columns/index.ts";
import type { GpuRange } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import { node, type Typed } from "../typed.ts";
import { sizesKernel, takeKernel, textKernel } from "../wgsl/across.ts";
import type { Rows } from "./order.ts";
import { readWords, scan } from "./scan.ts";
import { launch, type Scratch } from "./scratch.ts";

/** A row number that stands for none: its values are null. */
export const NO_ROW = 0xffff_ffff;

/** Columns of one table that are taken by the same row numbers. */
export interface Taken {
  readonly store: ColumnStore;
  readonly names: readonly string[];
  readonly rows: Rows;
  /** Whether some row numbers are NO_ROW. */
  readonly missing?: boolean;
}

export interface TakenColumns {
  readonly columns: Column[];
  readonly chunkRows: number[];
}

/**
 * The rows of each part side by side; all parts have the same number of rows. In chunks of `sizes` rows, if
 * given, which halve where a text does not fit.
 */
export async function takeRows(
  parts: readonly Taken[],
  scratch: Scratch,
  sizes?: readonly number[],
): Promise<TakenColumns> {
  const jobs = parts.flatMap(({ names, ...part }) => names.map((name) => jobOf(part, name)));
  const rows = parts[0]!.rows.count;
  const { gpu } = parts[0]!.store;
  const hard = Math.min(gpu.maxBinding, 2 ** 32 - 4);
  // A dispatch holds a chunk of the source and one of the output: of a small device, small parts.
  const limit = Math.min(hard, Math.max(65_536, gpu.pool.budget / 8));
  const widest = Math.min(...jobs.map(({ at }) => rowsWithin(at.type, limit)));
  // Row numbers are bound from multiples of 256 bytes on.
  const most = Math.max(64, Math.floor(Math.min(limit / 4, widest) / 64) * 64);
  const spans: Span[] = [];
  for (let from = 0; from < rows; from = spans.at(-1)!.to) {
    const size = sizes?.[spans.length] ?? most;
    spans.push({ from, to: Math.min(rows, from + size) });
  }
  const chunkRows: number[] = [];
  const chunks: ColumnChunk[][] = jobs.map(() => []);
  spans.reverse();
  for (let span = spans.pop(); span; span = spans.pop()) {
    const fits = span.to - span.from <= 64 || sizes ? hard : limit;
    const made = await takeSpan(jobs, span, fits, scratch);
    if (made) {
      chunkRows.push(span.to - span.from);
      made.forEach((chunk, i) => {
        chunks[i]!.push(chunk);
      });
      continue;
    }
    const middle = span.from + Math.ceil((span.to - span.from) / 128) * 64;
    spans.push({ from: middle, to: span.to }, { from: span.from, to: middle });
  }
  return { columns: jobs.map((job, i) => ({ ...job.column, chunks: chunks[i]! })), chunkRows };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

interface Job {
  readonly store: ColumnStore;
  readonly rows: Rows;
  readonly at: Typed;
  readonly nulls: boolean;
  readonly column: Omit<Column, "chunks">;
}

function jobOf({ store, rows, missing = false }: Omit<Taken, "names">, name: string): Job {
  const { chunks: _, ...column } = store.columns.get(name)!;
  if (isNested(column.type)) throw notTaken(column);
  const nulls = column.nulls || missing;
  const at = node("column", column.type, [], { column: name });
  return { store, rows, at, nulls, column: { ...column, nulls } };
}

/** One chunk of each column; undefined where a text does not fit `limit` bytes. */
async function takeSpan(
  jobs: readonly Job[],
  span: Span,
  limit: number,
  scratch: Scratch,
): Promise<ColumnChunk[] | undefined> {
  const count = span.to - span.from;
  const index = await Indices.of(jobs, span, scratch);
  const starts = await textStarts(jobs, index, count, scratch);
  const layouts = jobs.map(({ at, nulls }, i) =>
    layoutOf(at.type, count, nulls, starts.get(i)?.bytes ?? 0),
  );
  const tooLong = layouts.findIndex(({ total }) => total > limit);
  if (tooLong >= 0) {
    index.free();
    scratch.free(...[...starts.values()].map(({ block }) => block));
    if (count <= 64) throw tooLongError(jobs[tooLong]!, layouts[tooLong]!.total, limit);
    return undefined;
  }
  const made: ColumnChunk[] = [];
  for (const [i, job] of jobs.entries()) {
    const layout = layouts[i]!;
    const block = await scratch.block(layout.total, `column ${job.column.name}`, true);
    const start = starts.get(i)?.block;
    if (start) await takeText(job, index.of(job), start, block, layout, count);
    else if (job.at.type.bits > 0) {
      const text = takeKernel(job.store, job.at, job.nulls);
      const validity = Math.max(layout.validity, 0) / 4;
      await eachChunk(job, text, count, validity, [index.of(job), { block }]);
    }
    if (start) scratch.free(start);
    made.push({ rows: count, layout, block });
  }
  index.free();
  return made;
}

function tooLongError({ column }: Job, bytes: number, limit: number): CenoteError {
  return new CenoteError(
    "TEXT_TOO_LONG",
    `64 rows of column "${column.name}" (${column.type.name}) take ${formatBytes(bytes)}; one binding holds at most ${formatBytes(limit)}`,
    { mend: "Leave the column out, or cut the text." },
  );
}

// One dispatch for each chunk of the source, with the rows that are in it.
async function eachChunk(
  { store }: Job,
  text: ReturnType<typeof takeKernel>,
  count: number,
  validity: number,
  extras: readonly GpuRange[],
): Promise<void> {
  let base = 0;
  for (const [chunk, rows] of store.chunkRows.entries()) {
    const own = [count, rows, base, validity];
    if (rows > 0)
      await launch(store, text, { chunk, own, extras, invocations: Math.ceil(count / 32) });
    base += rows;
  }
}

interface Starts {
  readonly block: Block;
  readonly bytes: number;
}

/** Offsets of the texts of each text column, by its number, and their bytes in all; one small read-back. */
async function textStarts(
  jobs: readonly Job[],
  index: Indices,
  count: number,
  scratch: Scratch,
): Promise<Map<number, Starts>> {
  const texts = [...jobs.entries()].filter(([, { at }]) => isText(at.type));
  const blocks: Block[] = [];
  for (const [, job] of texts) {
    const block = await scratch.block((count + 2) * 4, "text sizes", true);
    await eachChunk(job, sizesKernel(job.store, job.at), count, 0, [index.of(job), { block }]);
    await scan(job.store, block, count, scratch);
    blocks.push(block);
  }
  if (texts.length === 0) return new Map();
  const totals = await readWords(
    texts[0]![1].store,
    blocks.map((block) => ({ block, word: count })),
  );
  return new Map(texts.map(([i], k) => [i, { block: blocks[k]!, bytes: totals[k]! }]));
}

async function takeText(
  job: Job,
  index: GpuRange,
  starts: Block,
  block: Block,
  layout: ReturnType<typeof layoutOf>,
  count: number,
): Promise<void> {
  const { gpu } = job.store;
  await gpu.resident([starts, block]);
  gpu.copy({ block: starts, bytes: (count + 1) * 4 }, { block, bytes: (count + 1) * 4 });
  const place = Uint32Array.of(layout.bytes / 4);
  await gpu.upload([{ block: starts, offset: (count + 1) * 4, data: place }]);
  const text = textKernel(job.store, job.at, job.nulls);
  const validity = Math.max(layout.validity, 0) / 4;
  await eachChunk(job, text, count, validity, [index, { block: starts }, { block }]);
}

/** The row numbers of a span on the device; those of the host are uploaded once for each list. */
class Indices {
  readonly #ranges = new Map<Rows, GpuRange>();
  readonly #own: Block[] = [];
  readonly #scratch: Scratch;

  private constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  static async of(jobs: readonly Job[], { from, to }: Span, scratch: Scratch): Promise<Indices> {
    const made = new Indices(scratch);
    for (const { rows, store } of jobs) {
      if (made.#ranges.has(rows)) continue;
      const bytes = (to - from) * 4;
      if ("block" in rows) {
        made.#ranges.set(rows, { block: rows.block, offset: from * 4, bytes });
        continue;
      }
      const block = await scratch.block(bytes, "row numbers");
      await store.gpu.upload([{ block, data: rows.host.subarray(from, to) }]);
      made.#own.push(block);
      made.#ranges.set(rows, { block, bytes });
    }
    return made;
  }

  of({ rows }: Job): GpuRange {
    return this.#ranges.get(rows)!;
  }

  free(): void {
    this.#scratch.free(...this.#own);
  }
}

/** The error of lists and structs where columns are put together of rows of several chunks. */
export function notTaken({ name, type }: Omit<Column, "chunks">): CenoteError {
  return new CenoteError(
    "NESTED_COLUMN",
    `column "${name}" is ${type.name}; wanted flat columns: lists and structs are filtered, but not sorted or joined yet`,
    { mend: `Leave it out with .drop("${name}"), or take its fields: col("${name}").field("…").` },
  );
}
