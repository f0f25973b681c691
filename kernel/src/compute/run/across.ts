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
import { node } from "../typed.ts";
import { sizesKernel, takeKernel, textKernel } from "../wgsl/across.ts";
import {
  assembled,
  eachChunk,
  type Job,
  type Made,
  type NestedSpan,
  type Span,
  type TakeInside,
  takeNested,
  type Unfit,
} from "./across-nested.ts";
import type { Rows } from "./order.ts";
import { readWords, scan } from "./scan.ts";
import type { Scratch } from "./scratch.ts";

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
  readonly chunkRows: readonly number[];
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
  const chunks: Made[][] = jobs.map(() => []);
  spans.reverse();
  for (let span = spans.pop(); span; span = spans.pop()) {
    const fits = span.to - span.from <= 64 || sizes ? hard : limit;
    const made = await takeSpan(jobs, span, fits, scratch);
    if (!("bytes" in made)) {
      chunkRows.push(span.to - span.from);
      made.forEach((chunk, i) => {
        chunks[i]!.push(chunk);
      });
      continue;
    }
    if (span.to - span.from <= 64) throw tooLong(made, fits);
    const middle = span.from + Math.ceil((span.to - span.from) / 128) * 64;
    spans.push({ from: middle, to: span.to }, { from: span.from, to: middle });
  }
  const columns = jobs.map(({ column, missing }, i) => assembled(column, missing, chunks[i]!));
  return { columns, chunkRows };
}

function jobOf({ store, rows, missing = false }: Omit<Taken, "names">, name: string): Job {
  const { chunks: _, ...column } = store.columns.get(name)!;
  const at = node("column", column.type, [], { column: name });
  return { store, rows, missing, at, nulls: column.nulls || missing, column };
}

/** One chunk of each column, or the first one that does not fit `limit` bytes. */
async function takeSpan(
  jobs: readonly Job[],
  span: Span,
  limit: number,
  scratch: Scratch,
): Promise<Made[] | Unfit> {
  const count = span.to - span.from;
  const index = await Indices.of(jobs, span, scratch);
  const starts = await startsOf(jobs, index, count, scratch);
  try {
    const layouts = jobs.map(({ at, nulls }, i) =>
      layoutOf(at.type, count, nulls, isText(at.type) ? starts.get(i)!.total : 0),
    );
    const long = layouts.findIndex(({ total }) => total > limit);
    if (long >= 0) return { ...jobs[long]!.column, bytes: layouts[long]!.total };
    const made: Made[] = [];
    for (const [i, job] of jobs.entries()) {
      const one = { span, limit, layout: layouts[i]!, index: index.of(job), starts: starts.get(i) };
      const inside: TakeInside = (part, within) =>
        takeSpan(
          [...part.store.columns.keys()].map((name) => jobOf(part, name)),
          within,
          limit,
          scratch,
        );
      const taken = isNested(job.at.type)
        ? await takeNested(job, one, inside, scratch)
        : { chunk: await takeFlat(job, one, scratch), inside: [] };
      if ("bytes" in taken) return taken;
      made.push(taken);
    }
    return made;
  } finally {
    index.free();
    scratch.free(...[...starts.values()].map(({ block }) => block));
  }
}

async function takeFlat(
  job: Job,
  { span, layout, index, starts }: NestedSpan,
  scratch: Scratch,
): Promise<ColumnChunk> {
  const { store, at, nulls, column } = job;
  const rows = span.to - span.from;
  const block = await scratch.block(layout.total, `column ${column.name}`, true);
  const validity = Math.max(layout.validity, 0) / 4;
  if (starts) await takeText(job, index, starts.block, block, layout, rows);
  else if (at.type.bits > 0)
    await eachChunk(store, takeKernel(store, at, nulls), rows, validity, [index, { block }]);
  return { rows, layout, block };
}

function tooLong({ name, type, bytes }: Unfit, limit: number): CenoteError {
  return new CenoteError(
    "TEXT_TOO_LONG",
    `64 rows of column "${name}" (${type.name}) take ${formatBytes(bytes)}; one binding holds at most ${formatBytes(limit)}`,
    { mend: "Leave the column out, or cut the text or the list." },
  );
}

interface Starts {
  readonly block: Block;
  /** Bytes of the texts, or items of the lists, in all. */
  readonly total: number;
}

/** Where the texts and the lists of each such column begin, by its number; one small read-back. */
async function startsOf(
  jobs: readonly Job[],
  index: Indices,
  count: number,
  scratch: Scratch,
): Promise<Map<number, Starts>> {
  const sized = [...jobs.entries()].filter(
    ([, { at }]) => isText(at.type) || at.type.kind === "list",
  );
  const blocks: Block[] = [];
  for (const [, job] of sized) {
    const { store, at } = job;
    const block = await scratch.block((count + 2) * 4, "sizes", true);
    await eachChunk(store, sizesKernel(store, at), count, 0, [index.of(job), { block }]);
    await scan(store, block, count, scratch);
    blocks.push(block);
  }
  if (sized.length === 0) return new Map();
  const totals = await readWords(
    sized[0]![1].store,
    blocks.map((block) => ({ block, word: count })),
  );
  return new Map(sized.map(([i], k) => [i, { block: blocks[k]!, total: totals[k]! }]));
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
  await eachChunk(job.store, text, count, validity, [index, { block: starts }, { block }]);
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
