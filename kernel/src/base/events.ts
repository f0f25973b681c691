// Writes the event ring. Only the books' one writer (the main thread) may call these.
import { type Books, books, CONTROL, EVENT, EVENT_WORDS, RING_CAPACITY } from "./books.ts";

/** Events between two readings of the clock while events come thick and fast. */
const CLOCK_EVERY = 64;
let untilClock = 0;

/**
 * Appends one record, its words as described in books.ts. A record's time is that of the clock record
 * before it; the clock is read once every CLOCK_EVERY records and at cell and slab events.
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
  if (untilClock-- <= 0) writeClock(to);
  const head = to.control[CONTROL.ringHead]!;
  const at = (head % RING_CAPACITY) * EVENT_WORDS;
  const ring = to.ring;
  ring[at] = kind | (tag << 8);
  ring[at + 1] = id;
  ring[at + 2] = slab;
  ring[at + 3] = offset;
  ring[at + 4] = size;
  ring[at + 5] = requested >>> 0;
  ring[at + 6] = cell;
  ring[at + 7] = (line & 0xfffff) | ((requested / 2 ** 32) << 20);
  Atomics.store(to.control, CONTROL.ringHead, (head + 1) >>> 0);
}

/** Appends the time, so that the events after it are dated by now. */
export function writeClock(to: Books): void {
  const head = to.control[CONTROL.ringHead]!;
  const slot = head % RING_CAPACITY;
  to.ring[slot * EVENT_WORDS] = EVENT.clock;
  to.ringTimes[slot * 4 + 1] = performance.timeOrigin + performance.now();
  Atomics.store(to.control, CONTROL.ringHead, (head + 1) >>> 0);
  untilClock = CLOCK_EVERY;
}

/** Marks the beginning of a cell in the books: lowers the stop word and names the running cell. */
export function cellBegan(cell: number): void {
  const to = books();
  Atomics.store(to.control, CONTROL.stop, 0);
  to.control[CONTROL.cell] = cell;
  writeClock(to);
  writeEvent(to, EVENT.cellBegin, cell, 0, 0, 0, 0, cell, 0, 0);
}

/** Marks the end of a cell. */
export function cellEnded(cell: number): void {
  const to = books();
  writeClock(to);
  writeEvent(to, EVENT.cellEnd, cell, 0, 0, 0, 0, cell, 0, 0);
  to.control[CONTROL.cell] = 0;
}
