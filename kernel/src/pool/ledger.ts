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
  readonly #counters: Float64Array;
  #depth = 0;

  constructor(books: Books) {
    this.books = books;
    this.#counters = books.counters;
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
    const odd = (this.books.control[CONTROL.sequence]! & 1) === 1;
    if (odd) this.#step();
    return odd;
  }

  // A plain store: readers look for a word that stays even for a millisecond, not for an order.
  #step(): void {
    const control = this.books.control;
    control[CONTROL.sequence] = control[CONTROL.sequence]! + 1;
  }

  /** Whether the user has asked the running cell to stop. */
  get stopping(): boolean {
    return Atomics.load(this.books.control, CONTROL.stop) !== 0;
  }

  /** The chunk `row` becomes a live block; returns its generation. */
  blockLive(row: number, requested: number, cell: number, line: number, tag: number): number {
    const rows = this.books.blocks;
    rows.generation[row]! += 1;
    rows.state[row] = BLOCK_STATE.live;
    rows.requestedLow[row] = requested;
    rows.requestedHigh[row] = requested / 2 ** 32;
    rows.cell[row] = cell;
    rows.line[row] = line;
    rows.tag[row] = tag;
    const counters = this.#counters;
    const live = counters[COUNTER.live]! + rows.size[row]! * GRANULE;
    counters[COUNTER.live] = live;
    if (live > counters[COUNTER.peakLive]!) counters[COUNTER.peakLive] = live;
    counters[COUNTER.requested]! += requested;
    counters[COUNTER.allocations]! += 1;
    counters[COUNTER.liveBlocks]! += 1;
    this.#event(EVENT.alloc, row, requested);
    return rows.generation[row]!;
  }

  /** The live block `row` ends; its chunk is the allocator's again. */
  blockFree(row: number): void {
    const rows = this.books.blocks;
    const requested = this.requested(row);
    rows.state[row] = BLOCK_STATE.none;
    rows.generation[row]! += 1;
    const counters = this.#counters;
    counters[COUNTER.live]! -= rows.size[row]! * GRANULE;
    counters[COUNTER.requested]! -= requested;
    counters[COUNTER.frees]! += 1;
    counters[COUNTER.liveBlocks]! -= 1;
    // After the row: a reader that took the ring's head before this sees the event later.
    this.#event(EVENT.free, row, requested);
  }

  slabNew(slab: number, bytes: number): void {
    this.#slab(EVENT.slabNew, slab, bytes, 1);
  }

  slabFree(slab: number, bytes: number): void {
    this.#slab(EVENT.slabFree, slab, bytes, -1);
  }

  /** Bytes that the live block `row` was asked for. */
  requested(row: number): number {
    const rows = this.books.blocks;
    return rows.requestedHigh[row]! * 2 ** 32 + rows.requestedLow[row]!;
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

  #event(kind: number, row: number, requested: number): void {
    const rows = this.books.blocks;
    writeEvent(
      this.books,
      kind,
      row,
      rows.slab[row]!,
      rows.offset[row]!,
      rows.size[row]!,
      requested,
      rows.cell[row]!,
      rows.line[row]!,
      rows.tag[row]!,
    );
  }
}
