// What a block's colour in the slab map can stand for, and the index of the colour that it then has. The
// colours themselves are CSS variables: --cenote-cell-0 and on for kinds, --cenote-step-0 and on for steps
// from few to many, --cenote-state-… for states.
import { BLOCK_STATE, GRANULE } from "../../../kernel/src/base/books.ts";
import type { BlockTable } from "./blocks.ts";
import { CELL_COLOURS, cellIndex } from "./colours.ts";

export const COLOURINGS = ["cell", "tag", "size", "age", "state"] as const;
export type Colouring = (typeof COLOURINGS)[number];

/** In the order of their colours. */
export const STATES = ["live", "pinned", "cached", "spilled", "moving"] as const;
/** A block that moved so recently is shown as moving, in milliseconds. */
const MOVING_MS = 1000;

/** Colours that change by time alone, and how often one looks whether they have, in milliseconds. */
export const FADES_MS: Partial<Record<Colouring, number>> = { age: 5000, state: MOVING_MS };

/** Upper bounds of the classes of size (bytes) and of age (milliseconds); what is above has one more colour. */
export const SIZE_CLASSES = [
  2 ** 12,
  2 ** 16,
  2 ** 20,
  2 ** 22,
  2 ** 24,
  2 ** 26,
  2 ** 28,
  2 ** 30,
];
export const AGE_CLASSES = [1e3, 5e3, 15e3, 60e3, 300e3, 900e3, 3600e3, 14400e3];

/** The index of a block's colour at time `now` (milliseconds since the epoch), below CELL_COLOURS. */
export function colourOf(by: Colouring, blocks: BlockTable, now: number): (id: number) => number {
  if (by === "cell") return (id) => cellIndex(blocks.cell[id]!);
  if (by === "tag") return (id) => cellIndex(blocks.tag[id]!);
  if (by === "size") return (id) => classOf(SIZE_CLASSES, blocks.size[id]! * GRANULE);
  if (by === "age") return (id) => ageClass(now - blocks.born[id]!);
  return (id) => stateIndex(blocks, id, now);
}

function classOf(bounds: readonly number[], value: number): number {
  let index = 0;
  while (index < bounds.length && value >= bounds[index]!) index++;
  return Math.min(index, CELL_COLOURS - 1);
}

/** What is older than anything that is known is as old as can be. */
function ageClass(age: number): number {
  return Number.isNaN(age) ? CELL_COLOURS - 1 : classOf(AGE_CLASSES, age);
}

/** Index into STATES. */
export function stateIndex(blocks: BlockTable, id: number, now: number): number {
  const state = blocks.state[id]!;
  const moved = blocks.moved[id]!;
  if (moved > 0 && now - moved < MOVING_MS) return STATES.indexOf("moving");
  if (state === BLOCK_STATE.pinned) return STATES.indexOf("pinned");
  if (state === BLOCK_STATE.cached) return STATES.indexOf("cached");
  return STATES.indexOf(state === BLOCK_STATE.spilled ? "spilled" : "live");
}
