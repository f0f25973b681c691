// Rows in the order of a window: partitions one after another, and what follows from the order alone.
import type { Packing } from "../run/keys.ts";
import type { Sorted } from "../run/radix.ts";

/** Row numbers in order, and where partitions and rows of equal order begin. */
export interface Ordered {
  readonly rows: Uint32Array;
  /** For each place the first place of its partition. */
  readonly starts: Uint32Array;
  /** For each place the first place of the rows that are equal in order. */
  readonly peers: Uint32Array;
}

/** The first `partitions` keys are those of partitions, the others order the rows in them. */
export function orderedRows(sorted: Sorted, packing: Packing, partitions: number): Ordered {
  const { rows, words } = sorted;
  const starts = new Uint32Array(rows.length);
  const peers = new Uint32Array(rows.length);
  // Bits of keys above this one are the partition's.
  const bit = partitions > 0 ? packing.plans[partitions - 1]!.at(-1)! : packing.bits;
  for (let i = 1; i < rows.length; i++) {
    const highest = highestDifference(words, i);
    starts[i] = partitions > 0 && highest >= bit ? i : starts[i - 1]!;
    peers[i] = highest >= 0 ? i : peers[i - 1]!;
  }
  return { rows, starts, peers };
}

/** The highest bit in which the keys of places i − 1 and i differ, or −1. */
function highestDifference(words: readonly Uint32Array[], i: number): number {
  for (let w = words.length - 1; w >= 0; w--) {
    const difference = words[w]![i]! ^ words[w]![i - 1]!;
    if (difference !== 0) return w * 32 + 31 - Math.clz32(difference);
  }
  return -1;
}

/** Row numbers by place, from 1 in each partition: of rows, of peers, or of different orders. */
export function ranks(
  { rows, starts, peers }: Ordered,
  fn: "rowNumber" | "rank" | "denseRank",
): Uint32Array {
  const out = new Uint32Array(rows.length);
  rows.forEach((row, i) => {
    if (fn === "rowNumber") out[row] = i - starts[i]! + 1;
    else if (fn === "rank") out[row] = peers[i]! - starts[i]! + 1;
    else {
      const same = peers[i] !== i;
      const before = starts[i] === i ? 0 : out[rows[i - 1]!]!;
      out[row] = before + (same ? 0 : 1);
    }
  });
  return out;
}

/** For each row the number of the row `by` places before it in its partition (after it, if negative). */
export function shifted({ rows, starts }: Ordered, by: number, none: number): Uint32Array {
  const out = new Uint32Array(rows.length);
  rows.forEach((row, i) => {
    const from = i - by;
    const inside = from >= starts[i]! && from < rows.length && starts[from] === starts[i];
    out[row] = inside ? rows[from]! : none;
  });
  return out;
}
