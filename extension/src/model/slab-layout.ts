// Where the slab map draws what: each slab a strip whose width is in proportion to its bytes, a line of
// text above it. Also the way back, from a point to the block under it. Pixels, no canvas.
import { BLOCK_STATE, GRANULE } from "../../../kernel/src/base/books.ts";
import type { SlabInfo } from "../../../kernel/src/base/monitor-protocol.ts";
import type { BlockTable } from "./blocks.ts";

export interface Strip {
  slab: number;
  /** Bytes of the slab, and of the blocks in it. */
  bytes: number;
  used: number;
  /** Pixels: the strip's box, and the base line of its text where it has room for one. */
  x: number;
  y: number;
  width: number;
  height: number;
  textY: number | undefined;
}

export interface SlabLayout {
  strips: Strip[];
  /** Pixels. */
  height: number;
  /** Slabs that there was no room for. */
  hidden: number;
}

/** Strips get thinner, and lose their text, as slabs get many. */
const SIZES = [
  { most: 12, text: 15, strip: 18, gap: 7 },
  { most: 32, text: 0, strip: 12, gap: 3 },
  { most: 128, text: 0, strip: 6, gap: 2 },
  { most: 1024, text: 0, strip: 2, gap: 1 },
] as const;

/** Lays out slabs in a picture `width` pixels wide. */
export function layoutSlabs(
  slabs: Iterable<SlabInfo>,
  blocks: BlockTable,
  width: number,
): SlabLayout {
  const all = [...slabs].sort((a, b) => a.id - b.id);
  const used = usedBySlab(blocks);
  const size = SIZES.find(({ most }) => all.length <= most) ?? SIZES[SIZES.length - 1]!;
  const largest = all.reduce((most, { bytes }) => Math.max(most, bytes), 1);
  const shown = all.slice(0, size.most);
  const pitch = size.text + size.strip + size.gap;
  const strips = shown.map(({ id, bytes }, i) => ({
    slab: id,
    bytes,
    used: used.get(id) ?? 0,
    x: 0,
    y: i * pitch + size.text,
    width: Math.max(4, (bytes / largest) * width),
    height: size.strip,
    textY: size.text > 0 ? i * pitch + size.text - 4 : undefined,
  }));
  return {
    strips,
    height: Math.max(0, shown.length * pitch - size.gap),
    hidden: all.length - shown.length,
  };
}

/** The block under a point, if any; between two blocks of less than a pixel, the one that is nearer. */
export function blockAt(
  layout: SlabLayout,
  blocks: BlockTable,
  x: number,
  y: number,
): number | undefined {
  const strip = layout.strips.find((s) => y >= s.y && y < s.y + s.height);
  if (!strip || x < strip.x || x >= strip.x + strip.width) return undefined;
  const scale = strip.bytes / strip.width;
  const at = ((x - strip.x) * scale) / GRANULE;
  const reach = scale / GRANULE;
  let found: number | undefined;
  let nearest = reach;
  for (let id = 0; id < blocks.rows; id++) {
    if (!inSlab(blocks, id) || blocks.slab[id] !== strip.slab) continue;
    const start = blocks.offset[id]!;
    const end = start + blocks.size[id]!;
    if (at >= start && at < end) return id;
    const distance = at < start ? start - at : at - end;
    if (distance < nearest) [nearest, found] = [distance, id];
  }
  return found;
}

/** Ids of the blocks in slabs in the order in which the map shows them: by slab, then by offset. */
export function blockOrder(blocks: BlockTable): Uint32Array {
  const ids = new Uint32Array(blocks.count);
  let to = 0;
  for (let id = 0; id < blocks.rows; id++) {
    if (inSlab(blocks, id)) ids[to++] = id;
  }
  return ids
    .subarray(0, to)
    .sort((a, b) => blocks.slab[a]! - blocks.slab[b]! || blocks.offset[a]! - blocks.offset[b]!);
}

function inSlab(blocks: BlockTable, id: number): boolean {
  const state = blocks.state[id]!;
  return state !== BLOCK_STATE.none && state !== BLOCK_STATE.spilled;
}

function usedBySlab(blocks: BlockTable): Map<number, number> {
  const used = new Map<number, number>();
  for (let id = 0; id < blocks.rows; id++) {
    if (!inSlab(blocks, id)) continue;
    const slab = blocks.slab[id]!;
    used.set(slab, (used.get(slab) ?? 0) + blocks.size[id]! * GRANULE);
  }
  return used;
}
