// What the panel says at a glance: whether live memory rises, and what may leak.
import type { Group } from "./groups.ts";
import type { Timeline } from "./timeline.ts";

export type Trend = "rising" | "falling" | "flat";

/** How far the trend looks back on the axis, in milliseconds. */
const LOOK_BACK_MS = 60_000;
/** A change of the lowest level below this share of the highest is flat. */
const FLAT = 0.02;

/**
 * Whether the floor of live bytes rises: the lowest level in the later half of the last minute against that in
 * the earlier half. What comes and goes in between doesn't count. `bytes`: by how much it changed.
 */
export function trend(timeline: Timeline): { trend: Trend; bytes: number } {
  const { length, place, live } = timeline;
  if (length < 2) return { trend: "flat", bytes: 0 };
  const end = place[length - 1]!;
  const from = Math.max(place[0]!, end - LOOK_BACK_MS);
  const middle = (from + end) / 2;
  let [early, late, most] = [Number.POSITIVE_INFINITY, live[length - 1]!, 0];
  for (let i = length - 1; i >= 0; i--) {
    // A level holds until the next sample, so that the one before a half counts for it too.
    const until = i + 1 < length ? place[i + 1]! : end;
    if (until < from) break;
    most = Math.max(most, live[i]!);
    if (until > middle) late = Math.min(late, live[i]!);
    if (place[i]! <= middle) early = Math.min(early, live[i]!);
  }
  const bytes = late - early;
  if (!Number.isFinite(bytes) || Math.abs(bytes) <= FLAT * most) return { trend: "flat", bytes: 0 };
  return { trend: bytes > 0 ? "rising" : "falling", bytes };
}

/** Blocks of one tag and line that several cells, or runs of one cell, have allocated and nobody has freed. */
export interface Repeated {
  tag: number;
  line: number;
  /** Cells whose blocks are there. */
  cells: number;
  /** Bytes of all but the latest cell's blocks. */
  bytes: number;
}

/** What looks like a leak among groups by line: one line's blocks from more than one cell, the largest first. */
export function repeated(lines: readonly Group[]): Repeated[] {
  const places = new Map<string, { tag: number; line: number; byCell: Map<number, number> }>();
  for (const { tag, cell, line, bytes } of lines) {
    if (!cell || !line) continue;
    const key = `${tag} ${line}`;
    const found = places.get(key) ?? { tag: tag ?? 0, line, byCell: new Map() };
    places.set(key, found);
    found.byCell.set(cell, bytes);
  }
  return [...places.values()]
    .filter(({ byCell }) => byCell.size > 1)
    .map(({ tag, line, byCell }) => {
      const latest = Math.max(...byCell.keys());
      const all = [...byCell.values()].reduce((sum, bytes) => sum + bytes, 0);
      return { tag, line, cells: byCell.size, bytes: all - byCell.get(latest)! };
    })
    .sort((a, b) => b.bytes - a.bytes);
}
