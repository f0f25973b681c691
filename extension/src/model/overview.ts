// What the panel says at a glance: whether live memory rises, and what may leak.
import type { Group } from "./groups.ts";
import type { Timeline } from "./timeline.ts";

export type Trend = "rising" | "falling" | "flat";

/** How far the trend looks back on the axis, in milliseconds. */
const LOOK_BACK_MS = 60_000;
/** A change of the lowest level below this share of the highest is flat. */
const FLAT = 0.02;

/** Stretches whose floors are compared. */
const STRETCHES = 4;

/**
 * Whether the floor of live bytes rises: the lowest level in the later half of the last minute against that in
 * the earlier half. What comes and goes in between doesn't count. `bytes`: by how much it changed; `steadily`: it
 * rose in each quarter, so that it is no single upload.
 */
export function trend(timeline: Timeline): { trend: Trend; bytes: number; steadily: boolean } {
  const { length, place, live } = timeline;
  const flat = { trend: "flat", bytes: 0, steadily: false } as const;
  if (length < 2) return flat;
  const end = place[length - 1]!;
  const from = Math.max(place[0]!, end - LOOK_BACK_MS);
  const floors = new Array<number>(STRETCHES).fill(Number.POSITIVE_INFINITY);
  floors[STRETCHES - 1] = live[length - 1]!;
  let most = 0;
  for (let i = length - 1; i >= 0; i--) {
    // A level holds until the next sample, so that the one before a stretch counts for it too.
    const until = i + 1 < length ? place[i + 1]! : end;
    if (until < from) break;
    most = Math.max(most, live[i]!);
    const share = (at: number) => ((at - from) / (end - from)) * STRETCHES;
    const first = Math.max(0, Math.floor(share(place[i]!)));
    for (let k = first; k < STRETCHES && (k < share(until) || k === first); k++) {
      floors[k] = Math.min(floors[k]!, live[i]!);
    }
  }
  const half = STRETCHES / 2;
  const bytes = Math.min(...floors.slice(half)) - Math.min(...floors.slice(0, half));
  if (!Number.isFinite(bytes) || Math.abs(bytes) <= FLAT * most) return flat;
  const steadily = floors.every((floor, i) => i === 0 || floor > floors[i - 1]!);
  return { trend: bytes > 0 ? "rising" : "falling", bytes, steadily };
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
