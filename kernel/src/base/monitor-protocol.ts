// The messages between the monitor (kernel) and the panel (JupyterLab), over the comm target below.
// The kernel sends nothing until a page opens the comm, then one snapshot, then deltas while something
// changes, at most 20 messages a second. A page that misses a `seq` sends { kind: "resync" }.

export const MONITOR_TARGET = "cenote.monitor";
export const MONITOR_VERSION = 2;

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
}

interface Common {
  v: number;
  seq: number;
  /** Milliseconds since the epoch, by the kernel's clock. */
  time: number;
  numbers: PoolNumbers;
}

/** Everything, for a page that has just come. Buffers: [block rows, samples]. */
export interface MonitorSnapshot extends Common {
  kind: "snapshot";
  slabs: SlabInfo[];
  cells: CellSpan[];
  /** Interned tags by id. */
  tags: Record<string, string>;
  adapter: { name: string; vendor: string; software: boolean } | null;
}

/** What changed. Buffers: [events (EVENT_WORDS u32 each, as in books.ts), samples]. */
export interface MonitorDelta extends Common {
  kind: "delta";
  /** Events left out of the buffer because there were too many; a snapshot follows when not 0. */
  hidden: number;
  /** Cells that began or ended. */
  cells: CellSpan[];
  tags: Record<string, string>;
  adapter?: MonitorSnapshot["adapter"];
}

export type MonitorMessage = MonitorSnapshot | MonitorDelta;
export type PanelRequest = { kind: "resync" } | { kind: "pause" } | { kind: "resume" };

/** A block in a snapshot: u32 words id, slab, offset and size (granules), requested low and high, cell, line, tag, state. */
export const BLOCK_ROW_WORDS = 10;
/** A sample of the timeline: f64 time (ms since the epoch), live, reserved, requested (bytes). */
export const SAMPLE_VALUES = 4;
