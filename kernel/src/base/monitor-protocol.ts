// The messages between the monitor (kernel) and the panel (JupyterLab), over the comm target below.
// The kernel sends nothing until a page opens the comm. A page that looks closely gets one snapshot, then
// deltas while something changes, at most 20 messages a second; one that only wants the numbers gets a
// summary, then another at most once a second. A page that misses a `seq` sends { kind: "resync" }.
import type { AdapterNote, MarkNote, WhatNote } from "./outlet.ts";

export const MONITOR_TARGET = "cenote.monitor";
export const MONITOR_VERSION = 3;

/** Bytes unless the name says otherwise. */
export interface PoolNumbers {
  live: number;
  requested: number;
  reserved: number;
  peakLive: number;
  peakReserved: number;
  budget: number;
  allocations: number;
  frees: number;
  liveBlocks: number;
  largestFree: number;
  uploadBytes: number;
  readBackBytes: number;
  movedBytes: number;
  spilledBytes: number;
  diskBytes: number;
  stagingBytes: number;
  outsideBytes: number;
  allocatedBytes: number;
  hostBudget: number;
  diskBudget: number;
  cellPeak: number;
  recentPeak: number;
}

export interface SlabInfo {
  id: number;
  bytes: number;
}

export interface CellSpan {
  cell: number;
  /** Milliseconds since the epoch. */
  begin: number;
  /** Absent while the cell runs. */
  end?: number;
  /** The notebook's own name of the cell, which stays when it runs again; absent where the frontend tells none. */
  id?: string;
}

/**
 * What a cell did to the pool, bytes of blocks: the value of POOL_METADATA in the metadata of its execute_reply,
 * whether or not anybody watches, and in the notebook. A cell that left the pool alone has none.
 */
export interface CellFigures {
  cell: number;
  /** The most that was live at once while it ran, with what was live before. */
  peak: number;
  /** More live at its end than at its beginning, wherever it lies; below 0 when the cell gave memory back. */
  net: number;
}
export const POOL_METADATA = "cenote_pool";

interface Common {
  v: number;
  seq: number;
  /** Milliseconds since the epoch, by the kernel's clock. */
  time: number;
  numbers: PoolNumbers;
}

/** The numbers alone, for a page whose panel is closed. No buffers. */
export interface MonitorSummary extends Common {
  kind: "summary";
  adapter: AdapterNote | null;
}

/**
 * Everything, for a page that has just come. Buffers: [block rows, samples, records]; the records (as in a
 * delta) are the latest of the ring, oldest first, and lead to the rows. None where there were too many.
 */
export interface MonitorSnapshot extends Common {
  kind: "snapshot";
  slabs: SlabInfo[];
  cells: CellSpan[];
  /** Interned tags by id. */
  tags: Record<string, string>;
  adapter: AdapterNote | null;
  marks: MarkNote[];
  /** What blocks hold, where that was said. */
  whats: WhatNote[];
  /** The ring's head behind the records: the delta that follows begins there. */
  head: number;
}

/** What changed. Buffers: [records (EVENT_WORDS u32 each, as in books.ts), samples]. */
export interface MonitorDelta extends Common {
  kind: "delta";
  /** The ring's head before the first record. */
  from: number;
  /** The records happened after this, whatever the last clock among them says. Milliseconds since the epoch. */
  since: number;
  /** Records left out of the buffer because there were too many; a snapshot follows when not 0. */
  hidden: number;
  /** Cells that began or ended. */
  cells: CellSpan[];
  tags: Record<string, string>;
  adapter?: AdapterNote | null;
  marks?: MarkNote[];
  whats?: WhatNote[];
}

export type MonitorMessage = MonitorSnapshot | MonitorDelta | MonitorSummary;

/** How closely a page looks: the data of its comm_open, and of later messages. */
export type PanelRequest =
  /** Snapshot and deltas from here on. */
  | { kind: "resync" | "resume" }
  /** Summaries from here on. */
  | { kind: "summary" }
  /** Nothing from here on. */
  | { kind: "pause" };

/**
 * A block in a snapshot: u32 words id, slab, offset and size (granules), requested low and high, cell, line,
 * tag, state, generation.
 */
export const BLOCK_ROW_WORDS = 11;
/**
 * A sample of the timeline: f64 time (ms since the epoch), live, reserved, requested, spilled to host and
 * disk (bytes), and how many allocations and frees there were until then.
 */
export const SAMPLE_VALUES = 6;
