// Where the slab map draws what: each slab a strip whose width is in proportion to its bytes, a line of text
// above it, and one strip more for the blocks that were moved to the host or to disk. Also the way back, from
// a point to the block under it. Pixels, no canvas.
import { BLOCK_STATE, GRANULE } from "../../../kernel/src/base/books.ts";
import type { SlabInfo } from "../../../kernel/src/base/monitor-protocol.ts";
import type { BlockTable } from "./blocks.ts";

/** Stands for the slab of blocks that lie in none: they were moved to the host or to disk. */
export const AWAY = -1;

export interface Strip {
  /** Id of the slab, or AWAY. */
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
  /** Granules from the start of their strip, for blocks that are away, by id. */
  away: Map<number, number>;
}

/** Where a block is drawn: its strip's slab, and granules from the strip's start. */
export function spotOf(
  { away }: Pick<SlabLayout, "away">,
  blocks: BlockTable,
  id: number,
): { slab: number; offset: number } {
  const offset = blocks.state[id] === BLOCK_STATE.spilled ? away.get(id) : undefined;
  return offset === undefined
    ? { slab: blocks.slab[id]!, offset: blocks.offset[id]! }
    : { slab: AWAY, offset };
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
  const { used, away } = usedBySlab(blocks);
  const gone = used.get(AWAY);
  if (gone !== undefined) all.unshift({ id: AWAY, bytes: gone });
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
    away,
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
    if (blocks.state[id] === BLOCK_STATE.none) continue;
    const { slab, offset: start } = spotOf(layout, blocks, id);
    if (slab !== strip.slab) continue;
    const end = start + blocks.size[id]!;
    if (at >= start && at < end) return id;
    const distance = at < start ? start - at : at - end;
    if (distance < nearest) [nearest, found] = [distance, id];
  }
  return found;
}

/** Ids of the blocks in the order in which the map shows them: by slab, then by offset. */
export function blockOrder(layout: Pick<SlabLayout, "away">, blocks: BlockTable): Uint32Array {
  const ids = new Uint32Array(blocks.count);
  let to = 0;
  for (let id = 0; id < blocks.rows; id++) {
    if (blocks.state[id] !== BLOCK_STATE.none) ids[to++] = id;
  }
  const spots = new Map(Array.from(ids, (id) => [id, spotOf(layout, blocks, id)]));
  return ids.sort((a, b) => {
    const [left, right] = [spots.get(a)!, spots.get(b)!];
    return left.slab - right.slab || left.offset - right.offset;
  });
}

/** Bytes of the blocks by slab, and where those that are away are put, one behind the other. */
function usedBySlab(blocks: BlockTable): { used: Map<number, number>; away: Map<number, number> } {
  const used = new Map<number, number>();
  const away = new Map<number, number>();
  // Neighbouring rows are often of one slab: its sum is kept aside until another slab's turn.
  let slab = AWAY;
  let sum = 0;
  for (let id = 0; id < blocks.rows; id++) {
    const state = blocks.state[id]!;
    if (state === BLOCK_STATE.none) continue;
    const own = state === BLOCK_STATE.spilled ? AWAY : blocks.slab[id]!;
    if (own !== slab) {
      used.set(slab, sum);
      slab = own;
      sum = used.get(own) ?? 0;
    }
    if (own === AWAY) away.set(id, sum);
    sum += blocks.size[id]!;
  }
  used.set(slab, sum);
  if (used.get(AWAY) === 0) used.delete(AWAY);
  for (const [id, granules] of used) used.set(id, granules * GRANULE);
  return { used, away };
}
