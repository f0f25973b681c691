// The events of a snapshot as a story that begins with nothing: what was there before the first event is
// put before it, as far as the later events and the table tell. The exports and the replay follow it.
import type { BlockColumns, EventColumns, EventKind, SnapshotData } from "./schema.ts";

/** One event, with the sizes of its block; the free of a spilled block has slab 0. */
export interface Step {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly kind: EventKind;
  /** Number of the allocation that the step concerns, from 1; 0 for steps of no block. */
  readonly serial: number;
  readonly id: number;
  readonly slab: number;
  /** Bytes, as in EventColumns. */
  readonly offset: number;
  readonly size: number;
  readonly requested: number;
  readonly tag: string;
  readonly cell: number;
  readonly line: number;
  /** It happened before the first event; its time is that of the first event. */
  readonly before: boolean;
}

const OF_BLOCKS = new Set<EventKind>(["alloc", "free", "move", "spill", "fetch"]);

/** The steps in order; those from before the first event come first. */
export function* history(data: SnapshotData): Generator<Step> {
  const { events } = data;
  const live = new Map<number, Step>();
  let last = 0;
  yield* slabsBefore(data);
  for (const block of blocksBefore(data)) {
    last = block.serial;
    live.set(block.id, block);
    yield block;
    // Out of its slab already when the events begin: its first event brings it back.
    if (block.slab === 0) yield { ...block, kind: "spill" };
  }
  for (let i = 0; i < events.kind.length; i++) {
    const kind = events.kind[i]!;
    if (kind === "alloc") {
      const step = stepOf(events, i, kind, ++last);
      live.set(step.id, step);
      yield step;
      continue;
    }
    const born = OF_BLOCKS.has(kind) ? live.get(events.id[i]!) : undefined;
    const step = stepOf(events, i, kind, born?.serial ?? 0);
    if (kind === "free") live.delete(step.id);
    const outside = kind === "free" && step.slab === 0 && born !== undefined;
    yield outside ? { ...step, size: born.size, requested: born.requested } : step;
  }
}

/** What a row of either table says of its block. */
function factsOf(rows: EventColumns | BlockColumns, i: number) {
  return {
    id: rows.id[i]!,
    slab: rows.slab[i]!,
    offset: rows.offset[i]!,
    size: rows.size[i]!,
    requested: rows.requested[i]!,
    tag: rows.tag[i]!,
    cell: rows.cell[i]!,
    line: rows.line[i]!,
  };
}

function stepOf(events: EventColumns, i: number, kind: EventKind, serial: number): Step {
  return { time: events.time[i]!, kind, serial, ...factsOf(events, i), before: false };
}

/** Blocks that were live before the first event, as allocations at the place that is known first. */
function blocksBefore(data: SnapshotData): Step[] {
  const { events, blocks } = data;
  const began = startOf(data);
  const seen = new Set<number>();
  const found: Step[] = [];
  for (const [i, kind] of events.kind.entries()) {
    const id = events.id[i]!;
    if (!OF_BLOCKS.has(kind) || seen.has(id)) continue;
    seen.add(id);
    // Of a block that ended while it was spilled nothing else is known.
    const unknown = kind === "free" && events.slab[i] === 0;
    if (kind === "alloc" || unknown) continue;
    const step = stepOf(events, i, "alloc", found.length + 1);
    const slab = kind === "fetch" ? 0 : step.slab;
    found.push({ ...step, slab, time: began, before: true });
  }
  for (const [i, id] of blocks.id.entries()) {
    if (seen.has(id)) continue;
    const serial = found.length + 1;
    found.push({ time: began, kind: "alloc", serial, ...factsOf(blocks, i), before: true });
  }
  return found;
}

/** Slabs that were reserved before the first event. */
function slabsBefore(data: SnapshotData): Step[] {
  const { events, slabs } = data;
  const sizes = new Map(slabs.map(({ id, bytes }) => [id, bytes]));
  for (const [i, kind] of events.kind.entries()) {
    if (kind === "slabFree") sizes.set(events.id[i]!, events.size[i]!);
  }
  for (const [i, kind] of events.kind.entries()) {
    if (kind === "slabNew") sizes.delete(events.id[i]!);
  }
  return [...sizes].map(([id, size]) => ({
    ...{ time: startOf(data), kind: "slabNew", serial: 0, id, slab: id, offset: 0, size },
    ...{ requested: 0, tag: "", cell: 0, line: 0, before: true },
  }));
}

/** The time of the first event. */
export const startOf = ({ events, time }: SnapshotData) => events.time[0] ?? time;

/** "cell [14] line 7", "cell [14]", or "outside cells". */
export function where(cell: number, line: number): string {
  if (cell === 0) return "outside cells";
  return line === 0 ? `cell [${cell}]` : `cell [${cell}] line ${line}`;
}
