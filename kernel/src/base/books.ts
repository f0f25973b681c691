// The pool's books: one SharedArrayBuffer with one writer (the main thread) that any thread may read.
// It holds, in this order:
//   header   control words (stop, sequence, cell, line, ring head …) and f64 counters
//   blocks   the block table, structure of arrays, one u32 array a field, BLOCK_CAPACITY rows
//   ring     the event ring, RING_CAPACITY records of EVENT_WORDS u32 words
// Writers use plain stores, the ring's head last (events.ts says in which order others see them); readers replay the ring and
// notice overruns (head − cursor > RING_CAPACITY). A lock over the whole table would starve the reader.

export const BOOKS_VERSION = 2;
export const BLOCK_CAPACITY = 1 << 18;
export const RING_CAPACITY = 1 << 17;
/** Offsets and sizes in the books are in units of this many bytes, so that u32 reaches 1 TiB. */
export const GRANULE = 256;

/** Index into `control` (u32 words). */
export const CONTROL = {
  version: 0,
  /** Raised by the wire thread to ask the running cell to stop; lowered when a cell starts. */
  stop: 1,
  /** Odd while a pool operation changes the books; even when they are whole. */
  sequence: 2,
  /** Execution count of the running cell; 0 when none runs. */
  cell: 3,
  /** Events ever written, modulo 2^32. Read it with Atomics. */
  ringHead: 4,
  /** Rows of the block table that were ever used. */
  blockRows: 5,
  slabCount: 6,
  /** 1 while the wire thread is about to terminate what the main thread runs (guard.ts). */
  hold: 8,
  /** What of the main thread must not be terminated now: one of GUARD. */
  guarded: 9,
} as const;
export const CONTROL_WORDS = 64;

/** Index into `counters` (f64). Bytes unless the name says otherwise. */
export const COUNTER = {
  live: 0,
  requested: 1,
  reserved: 2,
  peakLive: 3,
  peakReserved: 4,
  budget: 5,
  allocations: 6,
  frees: 7,
  liveBlocks: 8,
  largestFree: 9,
  uploadBytes: 10,
  readBackBytes: 11,
  /** Bytes ever copied because a live block moved. */
  movedBytes: 12,
  /** Bytes of blocks that are in host memory, and on disk, instead of in a slab. */
  spilledBytes: 13,
  diskBytes: 14,
  /** Bytes of buffers that the host fills or reads. */
  stagingBytes: 15,
  /** Bytes that others allocated on the same device. */
  outsideBytes: 16,
  /** Bytes ever asked for. */
  allocatedBytes: 17,
  /** What blocks may take of host memory and of the disk. */
  hostBudget: 18,
  diskBudget: 19,
  /** The most that was live since the running cell, or the last one, began. */
  cellPeak: 20,
  /** The most that was live since a cell or a region began or ended: below it no other peak rises. */
  recentPeak: 21,
} as const;
export const COUNTER_SLOTS = 64;

export const BLOCK_STATE = {
  none: 0,
  live: 1,
  cached: 2,
  /** Live, and must stay where it is. */
  pinned: 3,
  /** Live, but its bytes are in host memory or on disk; it has slab 0. */
  spilled: 4,
} as const;

/**
 * The fields of a block's row, each a u32 array in the table. Row 0 is never used. A row whose state is
 * "none" and whose size is not 0 is a hole: blocks that are not spilled and holes together tile their slab.
 */
export const BLOCK_FIELDS = [
  "state",
  "slab",
  "offset", // granules from the start of the slab
  "size", // granules
  "requestedLow", // bytes asked for, low 32 bits
  "requestedHigh",
  "cell",
  "line",
  "tag", // id of an interned string, 0 for none
  "generation",
] as const;
export type BlockField = (typeof BLOCK_FIELDS)[number];

export const EVENT = {
  alloc: 1,
  free: 2,
  slabNew: 3,
  slabFree: 4,
  cellBegin: 5,
  cellEnd: 6,
  /** Words 2–3 hold the time as f64 milliseconds since the epoch; later events happened after it. */
  clock: 7,
  mark: 8,
  /** A live block has moved: words as for alloc, with the place that it has now. */
  move: 9,
  /** A live block has left its slab: words as for alloc, with slab and offset 0. */
  spill: 10,
  /** A spilled block is in a slab again: words as for alloc, with the place that it has now. */
  fetch: 11,
  /** A request found no room: the requested bytes, cell, line and tag; as size what was free of the budget. */
  failed: 12,
} as const;

// An event is EVENT_WORDS u32 words:
//   0  kind (low 8 bits) | tag id << 8
//   1  block id (row of the table); cell number for cellBegin and cellEnd; slab id for slabNew, slabFree
//   2  slab id            } for clock: f64 milliseconds since the epoch
//   3  offset, granules   }
//   4  size, granules (slabNew, slabFree: the slab's)
//   5  requested bytes, low 32 bits
//   6  cell
//   7  line (low 20 bits) | requested bytes, high 12 bits << 20
export const EVENT_WORDS = 8;

const HEADER_BYTES = CONTROL_WORDS * 4 + COUNTER_SLOTS * 8;
/** Bytes from one field to the next. A power of two would put all fields of a row into one set of the cache. */
const FIELD_BYTES = BLOCK_CAPACITY * 4 + 320;
const TABLE_BYTES = BLOCK_FIELDS.length * FIELD_BYTES;
/** Where each field of the block table begins in `Books.words`. */
export const FIELD_WORD = Object.fromEntries(
  BLOCK_FIELDS.map((field, i) => [field, (HEADER_BYTES + i * FIELD_BYTES) / 4]),
) as Record<BlockField, number>;
/** Where the event ring begins in `Books.words`. */
export const RING_WORD = (HEADER_BYTES + TABLE_BYTES) / 4;
const RING_BYTES = RING_CAPACITY * EVENT_WORDS * 4;

/** Typed views over the books. */
export interface Books {
  readonly buffer: SharedArrayBuffer;
  /**
   * All of it as u32 words: the control words first, then as FIELD_WORD and RING_WORD say. Whoever writes
   * many parts at once does so here, because looking up an array costs more than writing to it.
   */
  readonly words: Uint32Array<SharedArrayBuffer>;
  readonly control: Uint32Array<SharedArrayBuffer>;
  readonly counters: Float64Array<SharedArrayBuffer>;
  readonly blocks: Readonly<Record<BlockField, Uint32Array<SharedArrayBuffer>>>;
  readonly ring: Uint32Array<SharedArrayBuffer>;
  /** The ring's memory as f64, for clock events: record r, words 2–3, is element r * 4 + 1. */
  readonly ringTimes: Float64Array<SharedArrayBuffer>;
}

/** Views over existing books, or over new ones. Throws when `buffer` was laid out by another version. */
export function openBooks(buffer?: SharedArrayBuffer): Books {
  const fresh = buffer === undefined;
  const memory = buffer ?? new SharedArrayBuffer(HEADER_BYTES + TABLE_BYTES + RING_BYTES);
  const control = new Uint32Array(memory, 0, CONTROL_WORDS);
  if (fresh) control[CONTROL.version] = BOOKS_VERSION;
  if (control[CONTROL.version] !== BOOKS_VERSION) {
    throw new Error(`books version ${control[CONTROL.version]}, wanted ${BOOKS_VERSION}`);
  }
  const blocks = Object.fromEntries(
    BLOCK_FIELDS.map((field, i) => [
      field,
      new Uint32Array(memory, HEADER_BYTES + i * FIELD_BYTES, BLOCK_CAPACITY),
    ]),
  ) as Record<BlockField, Uint32Array<SharedArrayBuffer>>;
  const ringStart = HEADER_BYTES + TABLE_BYTES;
  return {
    buffer: memory,
    words: new Uint32Array(memory),
    control,
    counters: new Float64Array(memory, CONTROL_WORDS * 4, COUNTER_SLOTS),
    blocks,
    ring: new Uint32Array(memory, ringStart, RING_CAPACITY * EVENT_WORDS),
    ringTimes: new Float64Array(memory, ringStart, (RING_CAPACITY * EVENT_WORDS) / 2),
  };
}

let processBooks: Books | undefined;

/** The books of this process's pool; made on first use. The kernel hands their buffer to its wire thread. */
export function books(): Books {
  processBooks ??= openBooks();
  return processBooks;
}
