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
  // As they begin.
  ({ lower, size, count }) => sorted(count, (a, b) => lower[a]! - lower[b]! || size[b]! - size[a]!),
  // Largest area first.
  ({ lower, upper, size, count }) =>
    sorted(
      count,
      (a, b) => size[b]! * (upper[b]! - lower[b]!) - size[a]! * (upper[a]! - lower[a]!) || a - b,
    ),
];

/**
 * Places again and again, each time with those that came to lie highest moved forward in the order, until
 * `enough` is reached or `milliseconds` are spent. Returns the lowest placement, `best` where none is lower.
 */
export function improve(
  problem: Problem,
  best: Placement,
  order: Uint32Array,
  enough: number,
  milliseconds: number,
): Placement {
  const until = performance.now() + milliseconds;
  let lowest = best;
  let current = order.slice();
  let placement = best;
  let since = 0;
  while (lowest.height > enough && performance.now() < until) {
    const { offset, height } = placement;
    // Those that end in the topmost part, which narrows the longer nothing is gained.
    const top = height - (height - enough) / (1 + (since & 7));
    const high = current.filter((i) => offset[i]! + problem.size[i]! > top);
    const others = current.filter((i) => offset[i]! + problem.size[i]! <= top);
    // To the front, and in turns only some places forward, so that the rounds don't go in circles.
    const at = since % 3 === 0 ? 0 : Math.floor((others.length * ((since * 37) % 61)) / 61);
    current = Uint32Array.from([...others.subarray(0, at), ...high, ...others.subarray(at)]);
    placement = placeInOrder(problem, current);
    since++;
    if (placement.height < lowest.height) {
      lowest = placement;
      since = 0;
    }
  }
  return lowest;
}

function sorted(count: number, compare: (a: number, b: number) => number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => compare(a, b) || a - b);
}
