// The offline placement problem: buffers with known lifetimes and sizes, each to get an offset so that
// no two that live at once overlap (dynamic storage allocation). Units are the caller's: bytes or granules.

/** Buffers as columns. Buffer i lives from time lower[i] up to, but not at, upper[i]. */
export interface Problem {
  readonly count: number;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly size: Float64Array;
}

export interface Placement {
  /** Offset of each buffer. */
  readonly offset: Float64Array;
  /** The highest end of a buffer: what the placement needs. */
  readonly height: number;
}

/** Most that is live at once: no placement needs less. */
export function peakLoad({ count, lower, upper, size }: Problem): number {
  // Ends come before beginnings of the same time.
  const ends = Array.from({ length: count }, (_, i) => i).sort((a, b) => upper[a]! - upper[b]!);
  const begins = Array.from({ length: count }, (_, i) => i).sort((a, b) => lower[a]! - lower[b]!);
  let live = 0;
  let peak = 0;
  let ended = 0;
  for (const i of begins) {
    if (upper[i]! <= lower[i]!) continue;
    while (ended < count && upper[ends[ended]!]! <= lower[i]!) {
      const gone = ends[ended++]!;
      if (upper[gone]! > lower[gone]!) live -= size[gone]!;
    }
    live += size[i]!;
    if (live > peak) peak = live;
  }
  return peak;
}

export function heightOf(size: Float64Array, offset: Float64Array): number {
  let height = 0;
  for (let i = 0; i < size.length; i++) height = Math.max(height, offset[i]! + size[i]!);
  return height;
}
