// Which rows of each chunk a query keeps.
import type { ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import type { Typed } from "../typed.ts";
import { indexKernel, maskKernel, scanKernel } from "../wgsl/filter.ts";
import { launch, ranges, type Scratch } from "./scratch.ts";

/** Rows of a chunk: the first `rows`, or those whose numbers are the first `rows` words of `index`. */
export interface Selection {
  readonly chunk: number;
  readonly rows: number;
  readonly index?: Block;
}

/** A chunk's rows that are kept, as bits, and how many in each range of words. */
interface Mask {
  readonly mask: Block;
  readonly counts: Block;
  readonly each: number;
  readonly count: number;
  readonly rows: number;
  readonly chunk: number;
}

/** The rows where `where` is true, at most `limit` of them, in order; one small read-back. */
export async function select(
  store: ColumnStore,
  where: Typed | undefined,
  limit: number,
  scratch: Scratch,
): Promise<Selection[]> {
  const all = where
    ? await filtered(store, where, scratch)
    : store.chunkRows.map((rows, chunk): Selection => ({ chunk, rows }));
  let left = limit;
  return all.flatMap((selection) => {
    const rows = Math.min(left, selection.rows);
    left -= rows;
    return rows > 0 ? [{ ...selection, rows }] : [];
  });
}

async function filtered(store: ColumnStore, where: Typed, scratch: Scratch): Promise<Selection[]> {
  const text = maskKernel(store, where);
  const masks: Mask[] = [];
  for (const [chunk, rows] of store.chunkRows.entries()) {
    const { each, count } = ranges(rows);
    const mask = await scratch.block(Math.ceil(rows / 32) * 4, "filter mask");
    const counts = await scratch.block((count + 1) * 4, "filter counts");
    const extras = [{ block: mask }, { block: counts }];
    await launch(store, text, { chunk, own: [rows, each], extras, invocations: count });
    await scan(store, counts, count);
    masks.push({ mask, counts, each, count, rows, chunk });
  }
  const totals = await readWords(
    store,
    masks.map(({ counts, count }) => ({ block: counts, word: count })),
  );
  const found: Selection[] = [];
  for (const [i, { mask, counts, each, count, rows, chunk }] of masks.entries()) {
    const kept = totals[i]!;
    const index = await scratch.block(kept * 4, "filter index");
    const extras = [{ block: mask }, { block: counts }, { block: index }];
    if (kept > 0)
      await launch(store, indexKernel(), { chunk, own: [rows, each], extras, invocations: count });
    scratch.free(mask, counts);
    found.push({ chunk, rows: kept, index });
  }
  return found;
}

/** Makes the `count` counts of a block into starts; its word `count` becomes their sum. */
export function scan(store: ColumnStore, counts: Block, count: number): Promise<void> {
  return launch(store, scanKernel(), {
    chunk: 0,
    own: [count],
    extras: [{ block: counts }],
    invocations: 1,
  });
}

/** One word of each block, with one read-back. */
export async function readWords(
  store: ColumnStore,
  from: readonly { block: Block; word: number }[],
): Promise<number[]> {
  if (from.length === 0) return [];
  const found = await store.gpu.read(
    from.map(({ block, word }) => ({ block, offset: word * 4, bytes: 4 })),
  );
  return found.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
}
