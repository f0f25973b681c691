// Turns the raw words of a capture into the snapshot's columns (schema.ts).
import {
  BLOCK_FIELDS,
  BLOCK_STATE,
  type BlockField,
  EVENT,
  EVENT_WORDS,
  GRANULE,
} from "../../base/index.ts";
import { tagText } from "../tags.ts";
import type { Capture } from "./capture.ts";
import { sizeHistogram } from "./histogram.ts";
import {
  type BlockColumns,
  type BlockState,
  type EventColumns,
  type EventKind,
  type HoleColumns,
  type SlabInfo,
  SNAPSHOT_FORMAT,
  SNAPSHOT_VERSION,
  type SnapshotData,
} from "./schema.ts";

type Table = Record<BlockField, Uint32Array>;

const KINDS: (keyof typeof EVENT | undefined)[] = [];
for (const [name, kind] of Object.entries(EVENT)) KINDS[kind] = name as keyof typeof EVENT;

const STATES: Record<number, BlockState> = {
  [BLOCK_STATE.live]: "live",
  [BLOCK_STATE.pinned]: "pinned",
  [BLOCK_STATE.spilled]: "spilled",
};

/** The columns of the table in a capture. */
export function tableOf({ table, rows }: Capture): Table {
  return Object.fromEntries(
    BLOCK_FIELDS.map((field, i) => [field, table.subarray(i * rows, (i + 1) * rows)]),
  ) as Table;
}

/** The whole snapshot as data. */
export function decode(captured: Capture, adapter: Record<string, unknown> | null): SnapshotData {
  const table = tableOf(captured);
  const events = decodeEvents(captured);
  const { blocks, holes } = chunks(table, captured.rows, bornTimes(captured.rows, events));
  return {
    format: SNAPSHOT_FORMAT,
    version: SNAPSHOT_VERSION,
    time: captured.time,
    cell: captured.cell,
    adapter,
    counts: captured.counts,
    slabs: slabsOf(blocks, holes),
    histogram: sizeHistogram(table, captured.rows),
    blocks,
    holes,
    events,
    eventsLost: captured.lost,
  };
}

function decodeEvents({ events: words, time: taken }: Capture): EventColumns {
  const to: EventColumns = {
    ...{ time: [], kind: [], id: [], slab: [], offset: [], size: [] },
    ...{ requested: [], tag: [], cell: [], line: [] },
  };
  const times = new Float64Array(words.buffer);
  let time = firstTime(words, times) ?? taken;
  for (let at = 0; at < words.length; at += EVENT_WORDS) {
    const kind = KINDS[words[at]! & 0xff];
    if (kind === "clock") time = times[at / 2 + 1]!;
    if (kind === undefined || kind === "clock") continue;
    const last = words[at + 7]!;
    to.time.push(time);
    to.kind.push(kind satisfies EventKind);
    to.id.push(words[at + 1]!);
    to.slab.push(words[at + 2]!);
    to.offset.push(words[at + 3]! * GRANULE);
    to.size.push(words[at + 4]! * GRANULE);
    to.requested.push(words[at + 5]! + (last >>> 20) * 2 ** 32);
    to.tag.push(tagText(words[at]! >>> 8));
    to.cell.push(words[at + 6]!);
    to.line.push(last & 0xfffff);
  }
  return to;
}

/** The first time in the records: where they begin between two clocks, the second stands for the first. */
function firstTime(words: Uint32Array, times: Float64Array): number | undefined {
  for (let at = 0; at < words.length; at += EVENT_WORDS) {
    if ((words[at]! & 0xff) === EVENT.clock) return times[at / 2 + 1]!;
  }
  return undefined;
}

/** When the block that each row holds was allocated, as far as the events say. */
function bornTimes(rows: number, events: EventColumns): (number | null)[] {
  const born = new Array<number | null>(rows).fill(null);
  for (const [i, kind] of events.kind.entries()) {
    if (kind === "alloc") born[events.id[i]!] = events.time[i]!;
  }
  return born;
}

function chunks(table: Table, rows: number, born: (number | null)[]) {
  const blocks: BlockColumns = {
    ...{ id: [], generation: [], slab: [], offset: [], size: [], requested: [] },
    ...{ state: [], tag: [], cell: [], line: [], born: [] },
  };
  const holes: HoleColumns = { slab: [], offset: [], size: [] };
  for (let row = 1; row < rows; row++) {
    if (table.size[row] === 0) continue;
    const state = STATES[table.state[row]!];
    const to = state === undefined ? holes : blocks;
    to.slab.push(table.slab[row]!);
    to.offset.push(table.offset[row]! * GRANULE);
    to.size.push(table.size[row]! * GRANULE);
    if (state === undefined) continue;
    blocks.id.push(row);
    blocks.generation.push(table.generation[row]!);
    blocks.requested.push(table.requestedLow[row]! + table.requestedHigh[row]! * 2 ** 32);
    blocks.state.push(state);
    blocks.tag.push(tagText(table.tag[row]!));
    blocks.cell.push(table.cell[row]!);
    blocks.line.push(table.line[row]!);
    blocks.born.push(born[row]!);
  }
  return { blocks, holes };
}

/** The slabs, by what lies in them: blocks and holes tile a slab. */
function slabsOf(blocks: BlockColumns, holes: HoleColumns): SlabInfo[] {
  const slabs = new Map<number, SlabInfo>();
  const slabOf = (id: number) => {
    const slab = slabs.get(id) ?? { id, bytes: 0, live: 0, blocks: 0, largestHole: 0 };
    slabs.set(id, slab);
    return slab;
  };
  for (const [i, id] of blocks.slab.entries()) {
    if (id === 0) continue;
    const slab = slabOf(id);
    slab.bytes += blocks.size[i]!;
    slab.live += blocks.size[i]!;
    slab.blocks++;
  }
  for (const [i, id] of holes.slab.entries()) {
    const slab = slabOf(id);
    slab.bytes += holes.size[i]!;
    slab.largestHole = Math.max(slab.largestHole, holes.size[i]!);
  }
  return [...slabs.values()].sort((a, b) => a.id - b.id);
}
