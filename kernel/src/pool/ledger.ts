// Keeps the books: the rows of live blocks, the counters and the events. It is their one writer and
// decides nothing.
import {
  BLOCK_STATE,
  type Books,
  CONTROL,
  COUNTER,
  EVENT,
  FIELD_WORD,
  GRANULE,
  standStill,
  writeClock,
  writeEvent,
} from "../base/index.ts";

// Constants of this module's own, because V8 compiles those into the code but looks imported ones up.
const { state: STATE, slab: SLAB, offset: OFFSET, size: SIZE, generation: GENERATION } = FIELD_WORD;
const { requestedLow: LOW, requestedHigh: HIGH, cell: CELL, line: LINE, tag: TAG } = FIELD_WORD;
const { sequence: SEQUENCE, stop: STOP, hold: HOLD } = CONTROL;
const { live: LIVE_BYTES, peakLive: PEAK_LIVE, requested: REQUESTED } = COUNTER;
const { cellPeak: CELL_PEAK, recentPeak: RECENT_PEAK } = COUNTER;
const { allocatedBytes: ALLOCATED } = COUNTER;
const { allocations: ALLOCATIONS, frees: FREES, liveBlocks: LIVE_BLOCKS } = COUNTER;
const { live: LIVE, none: NONE } = BLOCK_STATE;
const { alloc: ALLOC, free: FREE } = EVENT;
const UNIT = GRANULE;

export class Ledger {
  readonly books: Books;
  readonly #words: Uint32Array;
  readonly #counters: Float64Array;
  #depth = 0;
  /** The most that was live since takePeak(). */
  #peak = 0;

  constructor(books: Books) {
    this.books = books;
    this.#words = books.words;
    this.#counters = books.counters;
  }

  /**
   * Makes the sequence word odd: the books change, and the thread must not be terminated. Nests. Where a
   * termination is about to come, it is waited for first; the word is stored before the look, so that
   * the wire, which looks after a millisecond, sees one of the two.
   */
  begin(): void {
    if (this.#depth++ > 0) return;
    this.#step();
    while (this.#words[HOLD] !== 0) {
      this.#step();
      const stood = standStill();
      this.#step();
      if (!stood) return;
    }
  }

  end(): void {
    if (--this.#depth === 0) this.#step();
  }

  /** Whether an operation runs inside another. */
  get nested(): boolean {
    return this.#depth > 1;
  }

  /** After a termination inside an operation: makes the sequence word even again. True if it was odd. */
  heal(): boolean {
    this.#depth = 0;
    const odd = (this.#words[SEQUENCE]! & 1) === 1;
    if (odd) this.#step();
    return odd;
  }

  // A plain store: readers look for a word that stays even for a millisecond, not for an order.
  #step(): void {
    this.#words[SEQUENCE]! += 1;
  }

  /** Whether the user has asked the running cell to stop. */
  get stopping(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  /** The same, read plainly, for where an operation ends. It may lag by what a store takes to be seen. */
  get stopWord(): boolean {
    return this.#words[STOP] !== 0;
  }

  /** The chunk `row` becomes a live block; returns its generation. */
  blockLive(row: number, requested: number, cell: number, line: number, tag: number): number {
    const words = this.#words;
    const generation = words[GENERATION + row]! + 1;
    words[GENERATION + row] = generation;
    words[STATE + row] = LIVE;
    words[LOW + row] = requested;
    words[HIGH + row] = requested * 2 ** -32;
    words[CELL + row] = cell;
    words[LINE + row] = line;
    words[TAG + row] = tag;
    const counters = this.#counters;
    const size = words[SIZE + row]!;
    const live = counters[LIVE_BYTES]! + size * UNIT;
    counters[LIVE_BYTES] = live;
    if (live > counters[RECENT_PEAK]!) this.#raisePeaks(live);
    counters[REQUESTED]! += requested;
    counters[ALLOCATIONS]! += 1;
    counters[ALLOCATED]! += requested;
    counters[LIVE_BLOCKS]! += 1;
    const slab = words[SLAB + row]!;
    const offset = words[OFFSET + row]!;
    writeEvent(this.books, ALLOC, row, slab, offset, size, requested, cell, line, tag);
    return generation;
  }

  /** The live block `row` ends; its chunk is the allocator's again. */
  blockFree(row: number): void {
    const words = this.#words;
    words[STATE + row] = NONE;
    words[GENERATION + row]! += 1;
    const counters = this.#counters;
    counters[LIVE_BYTES]! -= words[SIZE + row]! * UNIT;
    counters[REQUESTED]! -= this.requested(row);
    counters[FREES]! += 1;
    counters[LIVE_BLOCKS]! -= 1;
    // After the row: a reader that took the ring's head before this sees the event later.
    this.#writeRow(FREE, row);
  }

  /** The live block `row` has moved to the place that its row has now; `bytes` of it were copied. */
  blockMoved(row: number, bytes: number): void {
    this.#counters[COUNTER.movedBytes]! += bytes;
    this.#writeRow(EVENT.move, row);
  }

  /** The live block `row` has left its slab. */
  blockSpilled(row: number): void {
    this.#counters[COUNTER.live]! -= this.#words[SIZE + row]! * GRANULE;
    this.#counters[COUNTER.requested]! -= this.requested(row);
    this.#words[STATE + row] = BLOCK_STATE.spilled;
    this.#writeRow(EVENT.spill, row);
  }

  /** The spilled block `row` is in a slab again, `pinned` if it must stay there. */
  blockFetched(row: number, pinned: boolean): void {
    const counters = this.#counters;
    counters[COUNTER.live]! += this.#words[SIZE + row]! * GRANULE;
    const live = counters[COUNTER.live]!;
    if (live > counters[COUNTER.recentPeak]!) this.#raisePeaks(live);
    counters[COUNTER.requested]! += this.requested(row);
    this.#words[STATE + row] = pinned ? BLOCK_STATE.pinned : BLOCK_STATE.live;
    this.#writeRow(EVENT.fetch, row);
  }

  /** The spilled block `row` ends. Its event has size 0, because it has taken nothing since it was spilled. */
  spilledFree(row: number): void {
    this.#words[STATE + row] = BLOCK_STATE.none;
    this.#words[GENERATION + row]! += 1;
    this.#counters[COUNTER.frees]! += 1;
    this.#counters[COUNTER.liveBlocks]! -= 1;
    writeEvent(
      this.books,
      EVENT.free,
      row,
      0,
      0,
      0,
      0,
      this.#words[CELL + row]!,
      0,
      this.#words[TAG + row]!,
    );
  }

  slabNew(slab: number, bytes: number): void {
    this.#slab(EVENT.slabNew, slab, bytes, 1);
  }

  slabFree(slab: number, bytes: number): void {
    this.#slab(EVENT.slabFree, slab, bytes, -1);
  }

  /** Bytes that the live block `row` was asked for. */
  requested(row: number): number {
    return this.#words[HIGH + row]! * 2 ** 32 + this.#words[LOW + row]!;
  }

  state(row: number): number {
    return this.#words[STATE + row]!;
  }

  /** Whether `row` still is the block that was given this generation. */
  isCurrent(row: number, generation: number): boolean {
    return this.#words[GENERATION + row] === generation;
  }

  /** Row and generation of every live block. */
  *liveRows(): Generator<[row: number, generation: number]> {
    const { state, generation } = this.books.blocks;
    for (let row = 1; row < this.books.control[CONTROL.blockRows]!; row++) {
      if (state[row] !== BLOCK_STATE.none) yield [row, generation[row]!];
    }
  }

  /** The most that was live since this was called last; begins anew with what is live now. */
  takePeak(): number {
    const peak = this.#peak;
    this.#peak = this.#counters[LIVE_BYTES]!;
    this.#counters[RECENT_PEAK] = this.#peak;
    return peak;
  }

  #raisePeaks(live: number): void {
    const counters = this.#counters;
    counters[RECENT_PEAK] = live;
    if (live > this.#peak) this.#peak = live;
    if (live > counters[CELL_PEAK]!) counters[CELL_PEAK] = live;
    if (live > counters[PEAK_LIVE]!) counters[PEAK_LIVE] = live;
  }

  /** A counter's value (see COUNTER). */
  get(counter: number): number {
    return this.#counters[counter]!;
  }

  set(counter: number, value: number): void {
    this.#counters[counter] = value;
  }

  /** Writes an event that says all of the block's row. */
  #writeRow(kind: number, row: number): void {
    const words = this.#words;
    const [slab, offset] = [words[SLAB + row]!, words[OFFSET + row]!];
    const [cell, line, tag] = [words[CELL + row]!, words[LINE + row]!, words[TAG + row]!];
    const requested = this.requested(row);
    writeEvent(this.books, kind, row, slab, offset, words[SIZE + row]!, requested, cell, line, tag);
  }

  #slab(kind: number, slab: number, bytes: number, sign: number): void {
    const counters = this.#counters;
    counters[COUNTER.reserved]! += sign * bytes;
    counters[COUNTER.peakReserved] = Math.max(
      counters[COUNTER.peakReserved]!,
      counters[COUNTER.reserved]!,
    );
    this.books.control[CONTROL.slabCount]! += sign;
    // Seldom, and slow anyway: the large blocks that slabs come and go with are then dated by themselves.
    writeClock(this.books);
    writeEvent(this.books, kind, slab, slab, 0, bytes / GRANULE, 0, 0, 0, 0);
  }
}
