// The events of a snapshot as a story that begins with nothing: what was there before the first event is
// put before it, as far as the later events and the table tell. The exports and the replay follow it.
import type { EventColumns, EventKind, SnapshotData } from "./schema.ts";

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
  readonly before?: true;
}

type Place = Omit<Step, "time" | "kind" | "serial">;

const OF_BLOCKS = new Set<EventKind>(["alloc", "free", "move", "spill", "fetch"]);

/** The steps in order; those from before the first event come first. */
export function* history(data: SnapshotData): Generator<Step> {
  const { events } = data;
  const began = events.time[0] ?? data.time;
  const serials = new Map<number, number>();
  let last = 0;
  const before = (kind: EventKind, place: Place, serial: number): Step => ({
    ...place,
    ...{ time: began, kind, serial, before: true },
  });
  for (const slab of slabsBefore(data)) yield before("slabNew", slab, 0);
  for (const block of blocksBefore(data)) {
    serials.set(block.id, ++last);
    yield before("alloc", block, last);
    // Out of its slab already when the events begin: its first event brings it back.
    if (block.slab === 0) yield before("spill", block, last);
  }
  for (let i = 0; i < events.kind.length; i++) {
    const kind = events.kind[i]!;
    const place = placeOf(events, i);
    if (kind === "alloc") serials.set(place.id, ++last);
    const serial = OF_BLOCKS.has(kind) ? (serials.get(place.id) ?? 0) : 0;
    if (kind === "free") serials.delete(place.id);
    yield { ...place, time: events.time[i]!, kind, serial };
  }
}

function placeOf(events: EventColumns, i: number): Place {
  return {
    id: events.id[i]!,
    slab: events.slab[i]!,
    offset: events.offset[i]!,
    size: events.size[i]!,
    requested: events.requested[i]!,
    tag: events.tag[i]!,
    cell: events.cell[i]!,
    line: events.line[i]!,
  };
}

/** Blocks that were live before the first event, at the place that is known first. */
function blocksBefore({ events, blocks }: SnapshotData): Place[] {
  const seen = new Set<number>();
  const found: Place[] = [];
  for (const [i, kind] of events.kind.entries()) {
    const id = events.id[i]!;
    if (!OF_BLOCKS.has(kind) || seen.has(id)) continue;
    seen.add(id);
    if (kind === "alloc") continue;
    const place = placeOf(events, i);
    found.push(kind === "fetch" ? { ...place, slab: 0, offset: 0 } : place);
  }
  for (const [i, id] of blocks.id.entries()) {
    if (seen.has(id)) continue;
    found.push({
      ...{ id, slab: blocks.slab[i]!, offset: blocks.offset[i]!, size: blocks.size[i]! },
      ...{ requested: blocks.requested[i]!, tag: blocks.tag[i]! },
      ...{ cell: blocks.cell[i]!, line: blocks.line[i]! },
    });
  }
  return found;
}

/** Slabs that were reserved before the first event. */
function slabsBefore({ events, slabs }: SnapshotData): Place[] {
  const sizes = new Map(slabs.map(({ id, bytes }) => [id, bytes]));
  for (const [i, kind] of events.kind.entries()) {
    if (kind === "slabFree") sizes.set(events.id[i]!, events.size[i]!);
  }
  for (const [i, kind] of events.kind.entries()) {
    if (kind === "slabNew") sizes.delete(events.id[i]!);
  }
  return [...sizes].map(([id, size]) => ({
    ...{ id, slab: id, offset: 0, size, requested: 0, tag: "", cell: 0, line: 0 },
  }));
}

/** "cell [14] line 7", "cell [14]", or "outside cells". */
export function where(cell: number, line: number): string {
  if (cell === 0) return "outside cells";
  return line === 0 ? `cell [${cell}]` : `cell [${cell}] line ${line}`;
}
