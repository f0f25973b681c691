// Reduces the timeline to what a picture of some columns can show: the least and most live bytes, the most
// reserved and spilled bytes in each column. Peaks narrower than a pixel stay visible.
import type { Timeline } from "./timeline.ts";

/** One element a column; NaN where the timeline had not begun. Bytes. */
export interface Envelope {
  lowLive: Float64Array;
  highLive: Float64Array;
  highReserved: Float64Array;
  highSpilled: Float64Array;
  /** Allocations and frees in the window, and how many of them the columns can't tell apart. */
  changes: number;
  hidden: number;
  /** The largest value in the window, 0 for none. */
  most: number;
}

/**
 * The envelope of places `from` to `to` (milliseconds on the axis) in `columns` columns. A value holds
 * until the next sample; columns after `end` (the newest time that is known, as a place) are NaN.
 */
export function envelope(
  timeline: Timeline,
  from: number,
  to: number,
  columns: number,
  end = to,
): Envelope {
  const out: Envelope = {
    lowLive: new Float64Array(columns).fill(Number.NaN),
    highLive: new Float64Array(columns).fill(Number.NaN),
    highReserved: new Float64Array(columns).fill(Number.NaN),
    highSpilled: new Float64Array(columns).fill(Number.NaN),
    ...{ changes: 0, hidden: 0, most: 0 },
  };
  if (timeline.length === 0 || columns <= 0 || to <= from) return out;
  const width = (to - from) / columns;
  let i = timeline.indexBefore(timeline.timeOf(from));
  const first = timeline.changes[Math.max(i, 0)]!;
  let drawn = 0;
  for (let column = 0; column < columns; column++) {
    const columnEnd = from + (column + 1) * width;
    if (from + column * width > end) break;
    // The value that came into the column, then every sample inside it.
    if (i >= 0) take(out, column, timeline, i);
    const before = i;
    while (i + 1 < timeline.length && timeline.place[i + 1]! < columnEnd) {
      take(out, column, timeline, ++i);
    }
    drawn += Math.min(LEVELS_A_COLUMN, i - before);
  }
  out.changes = i < 0 ? 0 : timeline.changes[i]! - first;
  out.hidden = Math.max(0, out.changes - drawn);
  return out;
}

/** A column shows its lowest and its highest level. */
const LEVELS_A_COLUMN = 2;

function take(out: Envelope, column: number, timeline: Timeline, i: number): void {
  const live = timeline.live[i]!;
  const reserved = timeline.reserved[i]!;
  if (!(live >= out.lowLive[column]!)) out.lowLive[column] = live;
  if (!(live <= out.highLive[column]!)) out.highLive[column] = live;
  if (!(reserved <= out.highReserved[column]!)) out.highReserved[column] = reserved;
  const spilled = timeline.spilled[i]!;
  if (!(spilled <= out.highSpilled[column]!)) out.highSpilled[column] = spilled;
  out.most = Math.max(out.most, live, reserved, spilled);
}

/** The least "round" number of bytes at or above `bytes`: 1, 1¼, 1½, 1¾ or 2 times a power of two. */
export function niceCeiling(bytes: number): number {
  if (!(bytes > 0)) return 1024;
  const power = 2 ** Math.floor(Math.log2(bytes));
  return (
    [1, 1.25, 1.5, 1.75].map((times) => times * power).find((step) => step >= bytes) ?? 2 * power
  );
}
