// Who holds the pool's memory: live blocks summed by tag, cell and line.
import { BLOCK_STATE, GRANULE } from "../../../kernel/src/base/books.ts";
import type { BlockTable } from "./blocks.ts";

/** Blocks with one tag, cell and line. */
export interface Holder {
  tag: number;
  cell: number;
  line: number;
  blocks: number;
  /** Bytes taken in the slabs. */
  bytes: number;
  /** Bytes asked for. */
  requested: number;
}

const LINES = 2 ** 20;

/** Every holder, the largest first. Blocks that are kept for reuse (cached) have no holder. */
export function holders(blocks: BlockTable): Holder[] {
  const byTag = new Map<number, Map<number, Holder>>();
  for (let id = 0; id < blocks.rows; id++) {
    const state = blocks.state[id]!;
    if (state !== BLOCK_STATE.live && state !== BLOCK_STATE.pinned) continue;
    const holder = holderOf(byTag, blocks.tag[id]!, blocks.cell[id]!, blocks.line[id]!);
    holder.blocks++;
    holder.bytes += blocks.size[id]! * GRANULE;
    holder.requested += blocks.requested[id]!;
  }
  const all = [...byTag.values()].flatMap((places) => [...places.values()]);
  return all.sort((a, b) => b.bytes - a.bytes || a.cell - b.cell || a.line - b.line);
}

function holderOf(
  byTag: Map<number, Map<number, Holder>>,
  tag: number,
  cell: number,
  line: number,
): Holder {
  let places = byTag.get(tag);
  if (!places) byTag.set(tag, (places = new Map()));
  const place = cell * LINES + line;
  let holder = places.get(place);
  if (!holder) places.set(place, (holder = { tag, cell, line, blocks: 0, bytes: 0, requested: 0 }));
  return holder;
}
