// Writes the event ring. Only the books' one writer (the main thread) may call these.
import {
  type Books,
  books,
  CONTROL,
  COUNTER,
  EVENT,
  EVENT_WORDS,
  RING_CAPACITY,
  RING_WORD,
} from "./books.ts";
import type { CellFigures } from "./monitor-protocol.ts";

// Constants of this module's own, because V8 compiles those into the code but looks imported ones up.
const WORDS = EVENT_WORDS;
const RING = RING_WORD;
const LAST_SLOT = RING_CAPACITY - 1;
const HEAD = CONTROL.ringHead;
/** Milliseconds since the epoch at which performance.now() was 0, once asked for; looking it up takes as long as that. */
let origin: number | undefined;
/** A record of the clock stands at least before every 64th slot. */
const CLOCK_MASK = 63;
/** Whether others see this processor's plain stores in their order. Elsewhere the head's store must be atomic. */
const STORES_IN_ORDER = process.arch === "x64" || process.arch === "ia32";

/**
 * Appends one record, its words as described in books.ts. A record's time is that of the clock record
 * before it; the clock is read once in 64 records, at cell and slab events and at marks.
 */
export function writeEvent(
  to: Books,
  kind: number,
  id: number,
  slab: number,
  offset: number,
  size: number,
  requested: number,
  cell: number,
  line: number,
  tag: number,
): void {
  const words = to.words;
  if ((words[HEAD]! & CLOCK_MASK) === 0) writeClock(to);
  const head = words[HEAD]!;
  const at = RING + (head & LAST_SLOT) * WORDS;
  words[at] = kind | (tag << 8);
  words[at + 1] = id;
  words[at + 2] = slab;
  words[at + 3] = offset;
  words[at + 4] = size;
  words[at + 5] = requested;
  words[at + 6] = cell;
  words[at + 7] = (line & 0xfffff) | ((requested * 2 ** -32) << 20);
  publish(words, head + 1);
}

/** Appends the time, so that the events after it are dated by now. */
export function writeClock(to: Books): void {
  const head = to.words[HEAD]!;
  const slot = head & LAST_SLOT;
  to.ring[slot * WORDS] = EVENT.clock;
  origin ??= performance.timeOrigin;
  to.ringTimes[slot * 4 + 1] = origin + performance.now();
  publish(to.words, head + 1);
}

/** Shows the records before `head` to the readers. */
function publish(words: Uint32Array, head: number): void {
  if (STORES_IN_ORDER) words[HEAD] = head;
  else Atomics.store(words, HEAD, head >>> 0);
}

let begun = { held: 0, allocations: 0, frees: 0 };

/** Marks the beginning of a cell in the books: lowers the stop word and names the running cell. */
export function cellBegan(cell: number): void {
  const to = books();
  const { counters } = to;
  counters[COUNTER.cellPeak] = counters[COUNTER.recentPeak] = counters[COUNTER.live]!;
  begun = standing(counters);
  Atomics.store(to.control, CONTROL.stop, 0);
  to.control[CONTROL.cell] = cell;
  writeClock(to);
  writeEvent(to, EVENT.cellBegin, cell, 0, 0, 0, 0, cell, 0, 0);
}

/** Marks the end of a cell. Returns what it did to the pool; undefined where it left the pool alone. */
export function cellEnded(cell: number): CellFigures | undefined {
  const to = books();
  writeClock(to);
  writeEvent(to, EVENT.cellEnd, cell, 0, 0, 0, 0, cell, 0, 0);
  to.control[CONTROL.cell] = 0;
  const { held, allocations, frees } = standing(to.counters);
  if (allocations === begun.allocations && frees === begun.frees) return undefined;
  return { cell, peak: to.counters[COUNTER.cellPeak]!, net: held - begun.held };
}

/** What is live, in slabs and elsewhere, and what has happened so far. */
function standing(counters: Float64Array): typeof begun {
  const value = (slot: number) => counters[slot]!;
  return {
    held: value(COUNTER.live) + value(COUNTER.spilledBytes) + value(COUNTER.diskBytes),
    allocations: value(COUNTER.allocations),
    frees: value(COUNTER.frees),
  };
}
