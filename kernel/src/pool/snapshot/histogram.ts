// The size histogram: blocks and holes by size, a class each doubling.
import { BLOCK_STATE, GRANULE } from "../../base/index.ts";
import type { SizeClass } from "./schema.ts";

/** The columns of the block table that the histogram needs; row 0 is none. */
export interface SizedRows {
  state: Uint32Array;
  slab: Uint32Array;
  size: Uint32Array;
}

/** Classes that have something in them, smallest first. Spilled blocks lie in no slab and are left out. */
export function sizeHistogram({ state, slab, size }: SizedRows, rows: number): SizeClass[] {
  const classes: SizeClass[] = [];
  for (let row = 1; row < rows; row++) {
    const granules = size[row]!;
    if (granules === 0 || slab[row] === 0) continue;
    const of = 31 - Math.clz32(granules);
    classes[of] ??= newClass(of);
    const found = classes[of];
    if (state[row] === BLOCK_STATE.none) {
      found.holes++;
      found.holeBytes += granules * GRANULE;
    } else {
      found.blocks++;
      found.blockBytes += granules * GRANULE;
    }
  }
  return classes.filter((found) => found !== undefined);
}

function newClass(of: number): SizeClass {
  const from = 2 ** of * GRANULE;
  return { from, below: from * 2, blocks: 0, blockBytes: 0, holes: 0, holeBytes: 0 };
}
