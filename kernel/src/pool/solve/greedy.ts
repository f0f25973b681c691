// Places buffers one after another, each at the lowest offset that is free for its whole life. How good
// that is depends on the order; solve.ts tries several.
import { heightOf, type Placement, type Problem } from "./problem.ts";

/** Places in the order given, which names every buffer once. */
export function placeInOrder(problem: Problem, order: ArrayLike<number>): Placement {
  const { count, lower, upper, size } = problem;
  const offset = new Float64Array(count);
  // The buffers placed so far, by offset: what is asked of each lies side by side.
  const from = new Float64Array(count);
  const to = new Float64Array(count);
  const begin = new Float64Array(count);
  const end = new Float64Array(count);
  let placed = 0;
  for (let n = 0; n < count; n++) {
    const i = order[n]!;
    const began = lower[i]!;
    const ended = upper[i]!;
    const wanted = size[i]!;
    if (ended <= began || wanted === 0) continue;
    let at = 0;
    for (let k = 0; k < placed; k++) {
      if (begin[k]! >= ended || end[k]! <= began) continue;
      if (from[k]! - at >= wanted) break;
      if (to[k]! > at) at = to[k]!;
    }
    offset[i] = at;
    let slot = placed;
    // Insert by offset; most buffers end up near the top.
    while (slot > 0 && from[slot - 1]! > at) slot--;
    for (const column of [from, to, begin, end]) column.copyWithin(slot + 1, slot, placed);
    from[slot] = at;
    to[slot] = at + wanted;
    begin[slot] = began;
    end[slot] = ended;
    placed++;
  }
  return { offset, height: heightOf(size, offset) };
}

/** Orders by which to place, best first on the traces we have (docs/memory.md, Planning). */
export const ORDERS: readonly ((problem: Problem) => Uint32Array)[] = [
  // Largest first; of equal ones the longest.
  ({ lower, upper, size, count }) =>
    sorted(count, (a, b) => size[b]! - size[a]! || upper[b]! - lower[b]! - (upper[a]! - lower[a]!)),
  // Longest first; of equal ones the largest.
  ({ lower, upper, size, count }) =>
    sorted(count, (a, b) => upper[b]! - lower[b]! - (upper[a]! - lower[a]!) || size[b]! - size[a]!),
  // Largest area first.
  ({ lower, upper, size, count }) =>
    sorted(
      count,
      (a, b) => size[b]! * (upper[b]! - lower[b]!) - size[a]! * (upper[a]! - lower[a]!) || a - b,
    ),
];

function sorted(count: number, compare: (a: number, b: number) => number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => compare(a, b) || a - b);
}
