// The slabs of a page: each a strip in proportion to its size, its blocks in the colours of their cells.
import { formatBytes } from "../../../base/index.ts";
import { where } from "../history.ts";
import type { SnapshotData } from "../schema.ts";
import { COLOURS, cellColour, svg, tag, text, title } from "./svg.ts";

const WIDTH = 960;
const LEFT = 90;
const STRIP = 18;
const GAP = 6;
const MOST_SLABS = 48;
/** Pixels below which neighbours of one cell are drawn as one. */
const LEAST_WIDTH = 0.7;

interface Run {
  offset: number;
  bytes: number;
  cell: number;
  blocks: number;
  words: string;
}

/** The largest slabs, and how many are left out. */
export function mapSvg(data: SnapshotData): { picture: string; hidden: number } {
  const slabs = [...data.slabs].sort((a, b) => b.bytes - a.bytes);
  const shown = slabs.slice(0, MOST_SLABS).sort((a, b) => a.id - b.id);
  const scale = (WIDTH - LEFT) / Math.max(1, ...shown.map(({ bytes }) => bytes));
  const runs = runsBySlab(data, LEAST_WIDTH / scale);
  const strips = shown.map((slab, i) => {
    const top = i * (STRIP + GAP);
    const width = Math.max(1, slab.bytes * scale);
    const words = `slab ${slab.id}: ${slab.bytes} bytes, ${slab.live} of them live in ${slab.blocks} blocks, largest hole ${slab.largestHole} bytes`;
    const box = { y: top, height: STRIP };
    const blocks = (runs.get(slab.id) ?? []).map(({ offset, bytes, cell, words }) =>
      tag(
        "rect",
        { ...box, x: LEFT + offset * scale, width: bytes * scale, fill: cellColour(cell) },
        title(words),
      ),
    );
    return (
      text(LEFT - 8, top + 13, formatBytes(slab.bytes), {
        "text-anchor": "end",
        fill: COLOURS.faint,
      }) +
      tag("rect", { ...box, x: LEFT, width, fill: COLOURS.free }, title(words)) +
      blocks.join("")
    );
  });
  const height = Math.max(1, shown.length) * (STRIP + GAP);
  const label = `${slabs.length} slabs and the blocks in them`;
  return {
    picture: svg(WIDTH, height, label, strips.join("")),
    hidden: slabs.length - shown.length,
  };
}

/** Blocks by slab, in order; those that are too small to be seen are joined with a neighbour of their cell. */
function runsBySlab({ blocks }: SnapshotData, least: number): Map<number, Run[]> {
  const order = blocks.id.map((_, i) => i).filter((i) => blocks.slab[i] !== 0);
  order.sort((a, b) => blocks.slab[a]! - blocks.slab[b]! || blocks.offset[a]! - blocks.offset[b]!);
  const bySlab = new Map<number, Run[]>();
  for (const i of order) {
    const runs = bySlab.get(blocks.slab[i]!) ?? [];
    bySlab.set(blocks.slab[i]!, runs);
    const [offset, bytes, cell] = [blocks.offset[i]!, blocks.size[i]!, blocks.cell[i]!];
    const last = runs.at(-1);
    const joins =
      last && last.cell === cell && bytes < least && offset - last.offset - last.bytes < least;
    if (joins) {
      last.bytes = offset + bytes - last.offset;
      last.blocks++;
      last.words = `${last.blocks} small blocks of ${where(cell, 0)}`;
      continue;
    }
    const words = `${blocks.tag[i] || "(no tag)"}: ${bytes} bytes (${blocks.requested[i]} asked for), ${where(cell, blocks.line[i]!)}, ${blocks.state[i]}`;
    runs.push({ offset, bytes, cell, blocks: 1, words });
  }
  return bySlab;
}
