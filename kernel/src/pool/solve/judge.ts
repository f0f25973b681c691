// Judges a placement, by means of its own and without trust in the solvers: every offset is a number of
// 0 or more, every buffer ends within the capacity, and no two that live at once overlap.
import type { Problem } from "./problem.ts";

/** What is wrong with the placement, in words; undefined when it is right. */
export function fault(
  { count, lower, upper, size }: Problem,
  offset: ArrayLike<number>,
  capacity: number,
): string | undefined {
  if (offset.length !== count) return `${offset.length} offsets for ${count} buffers`;
  const events: [time: number, begins: boolean, buffer: number][] = [];
  for (let i = 0; i < count; i++) {
    const from = offset[i]!;
    if (!(from >= 0)) return `buffer ${i} has the offset ${from}`;
    if (from + size[i]! > capacity) return `buffer ${i} ends at ${from + size[i]!} of ${capacity}`;
    if (upper[i]! <= lower[i]! || size[i]! === 0) continue;
    events.push([lower[i]!, true, i], [upper[i]!, false, i]);
  }
  events.sort((a, b) => a[0] - b[0] || Number(a[1]) - Number(b[1]));
  const live: number[] = []; // by offset
  for (const [, begins, i] of events) {
    const at = position(live, offset, offset[i]!);
    if (!begins) {
      live.splice(at, 1);
      continue;
    }
    const below = live[at - 1];
    const above = live[at];
    if (below !== undefined && offset[below]! + size[below]! > offset[i]!) {
      return `buffers ${below} and ${i} overlap`;
    }
    if (above !== undefined && offset[i]! + size[i]! > offset[above]!) {
      return `buffers ${i} and ${above} overlap`;
    }
    live.splice(at, 0, i);
  }
  return undefined;
}

/** Index of the first of `live` whose offset is `from` or more. */
function position(live: number[], offset: ArrayLike<number>, from: number): number {
  let low = 0;
  let high = live.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offset[live[middle]!]! < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
