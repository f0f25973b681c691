// Keeps the books: the rows of live blocks, the counters and the events. It is their one writer and
// decides nothing.
import {
  BLOCK_STATE,
  type Books,
  CONTROL,
  COUNTER,
  EVENT,
  GRANULE,
  writeEvent,
} from "../base/index.ts";

export class Ledger {
  readonly books: Books;
  readonly #control: Uint32Array;
  readonly #counters: Float64Array;
  readonly #state: Uint32Array;
  readonly #slabs: Uint32Array;
  readonly #offset: Uint32Array;
  readonly #size: Uint32Array;
  readonly #requestedLow: Uint32Array;
  readonly #requestedHigh: Uint32Array;
  readonly #cell: Uint32Array;
  readonly #line: Uint32Array;
  readonly #tag: Uint32Array;
  readonly #generation: Uint32Array;
  #depth = 0;

  constructor(books: Books) {
    this.books = books;
    this.#control = books.control;
    this.#counters = books.counters;
    const { blocks } = books;
    this.#state = blocks.state;
    this.#slabs = blocks.slab;
    this.#offset = blocks.offset;
    this.#size = blocks.size;
    this.#requestedLow = blocks.requestedLow;
    this.#requestedHigh = blocks.requestedHigh;
    this.#cell = blocks.cell;
    this.#line = blocks.line;
    this.#tag = blocks.tag;
    this.#generation = blocks.generation;
  }

  /** Makes the sequence word odd: the books change, and the thread must not be terminated. Nests. */
  begin(): void {
    if (this.#depth++ === 0) this.#step();
  }

  end(): void {
    if (--this.#depth === 0) this.#step();
  }

  /** After a termination inside an operation: makes the sequence word even again. True if it was odd. */
  heal(): boolean {
    this.#depth = 0;
    const odd = (this.#control[CONTROL.sequence]! & 1) === 1;
    if (odd) this.#step();
    return odd;
  }

  // A plain store: readers look for a word that stays even for a millisecond, not for an order.
  #step(): void {
    this.#control[CONTROL.sequence]! += 1;
  }

  /** Whether the user has asked the running cell to stop. */
  get stopping(): boolean {
    return Atomics.load(this.#control, CONTROL.stop) !== 0;
  }

  /**
   * The same, read plainly, for where an operation ends: the event written before it is an atomic store, so
   * that the word can't be one that was read earlier.
   */
  get stopWord(): boolean {
    return this.#control[CONTROL.stop] !== 0;
  }

  /** The chunk `row` becomes a live block; returns its generation. */
  blockLive(row: number, requested: number, cell: number, line: number, tag: number): number {
    const generation = this.#generation[row]! + 1;
    this.#generation[row] = generation;
    this.#state[row] = BLOCK_STATE.live;
    this.#requestedLow[row] = requested;
    this.#requestedHigh[row] = requested < 2 ** 32 ? 0 : requested / 2 ** 32;
    this.#cell[row] = cell;
    this.#line[row] = line;
    this.#tag[row] = tag;
    const counters = this.#counters;
    const size = this.#size[row]!;
    const live = counters[COUNTER.live]! + size * GRANULE;
    counters[COUNTER.live] = live;
    if (live > counters[COUNTER.peakLive]!) counters[COUNTER.peakLive] = live;
    counters[COUNTER.requested]! += requested;
    counters[COUNTER.allocations]! += 1;
    counters[COUNTER.liveBlocks]! += 1;
    const slab = this.#slabs[row]!;
    const offset = this.#offset[row]!;
    writeEvent(this.books, EVENT.alloc, row, slab, offset, size, requested, cell, line, tag);
    return generation;
  }

  /** The live block `row` ends; its chunk is the allocator's again. */
  blockFree(row: number): void {
    const requested = this.requested(row);
    const size = this.#size[row]!;
    this.#state[row] = BLOCK_STATE.none;
    this.#generation[row]! += 1;
    const counters = this.#counters;
    counters[COUNTER.live]! -= size * GRANULE;
    counters[COUNTER.requested]! -= requested;
    counters[COUNTER.frees]! += 1;
    counters[COUNTER.liveBlocks]! -= 1;
    // After the row: a reader that took the ring's head before this sees the event later.
    this.#writeRow(EVENT.free, row);
  }

  /** The live block `row` has moved to the place that its row has now; `bytes` of it were copied. */
  blockMoved(row: number, bytes: number): void {
    this.#counters[COUNTER.movedBytes]! += bytes;
    this.#writeRow(EVENT.move, row);
  }

  /** The live block `row` has left its slab. */
  blockSpilled(row: number): void {
    this.#counters[COUNTER.live]! -= this.#size[row]! * GRANULE;
    this.#counters[COUNTER.requested]! -= this.requested(row);
    this.#state[row] = BLOCK_STATE.spilled;
    this.#writeRow(EVENT.spill, row);
  }

  /** The spilled block `row` is in a slab again, `pinned` if it must stay there. */
  blockFetched(row: number, pinned: boolean): void {
    const counters = this.#counters;
    counters[COUNTER.live]! += this.#size[row]! * GRANULE;
    counters[COUNTER.peakLive] = Math.max(counters[COUNTER.peakLive]!, counters[COUNTER.live]!);
    counters[COUNTER.requested]! += this.requested(row);
    this.#state[row] = pinned ? BLOCK_STATE.pinned : BLOCK_STATE.live;
    this.#writeRow(EVENT.fetch, row);
  }

  /** The spilled block `row` ends. Its event has size 0, because it has taken nothing since it was spilled. */
  spilledFree(row: number): void {
    this.#state[row] = BLOCK_STATE.none;
    this.#generation[row]! += 1;
    this.#counters[COUNTER.frees]! += 1;
    this.#counters[COUNTER.liveBlocks]! -= 1;
    writeEvent(this.books, EVENT.free, row, 0, 0, 0, 0, this.#cell[row]!, 0, this.#tag[row]!);
  }

  slabNew(slab: number, bytes: number): void {
    this.#slab(EVENT.slabNew, slab, bytes, 1);
  }

  slabFree(slab: number, bytes: number): void {
    this.#slab(EVENT.slabFree, slab, bytes, -1);
  }

  /** Bytes that the live block `row` was asked for. */
  requested(row: number): number {
    return this.#requestedHigh[row]! * 2 ** 32 + this.#requestedLow[row]!;
  }

  /** Row and generation of every live block. */
  *liveRows(): Generator<[row: number, generation: number]> {
    const { state, generation } = this.books.blocks;
    for (let row = 1; row < this.books.control[CONTROL.blockRows]!; row++) {
      if (state[row] !== BLOCK_STATE.none) yield [row, generation[row]!];
    }
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
    writeEvent(
      this.books,
      kind,
      row,
      this.#slabs[row]!,
      this.#offset[row]!,
      this.#size[row]!,
      this.requested(row),
      this.#cell[row]!,
      this.#line[row]!,
      this.#tag[row]!,
    );
  }

  #slab(kind: number, slab: number, bytes: number, sign: number): void {
    const counters = this.#counters;
    counters[COUNTER.reserved]! += sign * bytes;
    counters[COUNTER.peakReserved] = Math.max(
      counters[COUNTER.peakReserved]!,
      counters[COUNTER.reserved]!,
    );
    this.books.control[CONTROL.slabCount]! += sign;
    writeEvent(this.books, kind, slab, slab, 0, bytes / GRANULE, 0, 0, 0, 0);
  }
}
