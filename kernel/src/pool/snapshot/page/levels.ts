// The pool's bytes over time, as the events of a snapshot tell them, with the spans of cells and the marks.
import { history, type Step, startOf } from "../history.ts";
import type { SnapshotData } from "../schema.ts";

/** Bytes at a moment (milliseconds since the epoch). */
export interface Level {
  time: number;
  live: number;
  reserved: number;
  spilled: number;
}

export interface CellSpan {
  cell: number;
  begin: number;
  /** Undefined while it runs. */
  end: number | undefined;
  /** Live bytes when it began, the most while it ran, and when it ended. */
  before: number;
  peak: number;
  after: number;
  /** Bytes allocated, and given back, while it ran. */
  allocated: number;
  freed: number;
}

export interface Levels {
  levels: Level[];
  cells: CellSpan[];
  marks: { time: number; name: string }[];
}

/** A level for each event that changes one; the last one is the snapshot's own. */
export function levelsOf(data: SnapshotData): Levels {
  const now = { live: 0, reserved: 0, spilled: 0 };
  const found: Levels = { levels: [], cells: [], marks: [] };
  let first: Level = { time: startOf(data), ...now };
  let running: CellSpan | undefined;
  for (const step of history(data)) {
    if (step.kind === "cellBegin") {
      const { live } = now;
      running = {
        ...{ cell: step.id, begin: step.time, end: undefined },
        ...{ before: live, peak: live, after: live, allocated: 0, freed: 0 },
      };
      found.cells.push(running);
    } else if (step.kind === "cellEnd") {
      if (running?.cell === step.id) running.end = step.time;
      running = undefined;
    } else if (step.kind === "mark") found.marks.push({ time: step.time, name: step.tag });
    if (!change(now, step)) continue;
    const level = { ...now, time: step.time };
    if (step.before) first = level;
    else found.levels.push(level);
    if (running && !step.before) count(running, step, now.live);
  }
  const { live, reserved, spilled, disk } = data.counts;
  const last = { time: data.time, live, reserved, spilled: spilled + disk };
  found.levels = [first, ...found.levels, last];
  return found;
}

/** False where the step changes no level. */
function change(now: Omit<Level, "time">, { kind, size, slab }: Step): boolean {
  switch (kind) {
    case "alloc":
      now.live += size;
      return true;
    case "free":
      if (slab === 0) now.spilled -= size;
      else now.live -= size;
      return true;
    case "spill":
      now.live -= size;
      now.spilled += size;
      return true;
    case "fetch":
      now.live += size;
      now.spilled -= size;
      return true;
    case "slabNew":
      now.reserved += size;
      return true;
    case "slabFree":
      now.reserved -= size;
      return true;
    default:
      return false;
  }
}

function count(cell: CellSpan, { kind, size }: Step, live: number): void {
  cell.peak = Math.max(cell.peak, live);
  cell.after = live;
  if (kind === "alloc") cell.allocated += size;
  if (kind === "free") cell.freed += size;
}

/** As drawn in `columns` columns: of each the first, lowest, highest and last, so that peaks stay. */
export function thinned(levels: readonly Level[], columnOf: (time: number) => number): Level[] {
  const kept: Level[] = [];
  for (let i = 0; i < levels.length; ) {
    const column = columnOf(levels[i]!.time);
    let j = i;
    let [low, high] = [i, i];
    for (; j < levels.length && columnOf(levels[j]!.time) === column; j++) {
      if (levels[j]!.live < levels[low]!.live) low = j;
      if (levels[j]!.live > levels[high]!.live) high = j;
    }
    const of = [...new Set([i, low, high, j - 1])].sort((a, b) => a - b);
    kept.push(...of.map((at) => levels[at]!));
    i = j;
  }
  return kept;
}
