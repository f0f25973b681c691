// Follows the event ring from a cursor of its own, without a lock. Records that the writer may have
// overwritten while they were being copied are left out and counted as lost.
import { type Books, CONTROL, EVENT_WORDS, RING_CAPACITY } from "../base/index.ts";

export interface Batch {
  /** Whole records, EVENT_WORDS words each, oldest first. */
  events: Uint32Array<ArrayBuffer>;
  count: number;
  /** Records that were overwritten before they could be read. */
  lost: number;
}

export class RingReader {
  readonly #books: Books;
  #cursor: number;

  /** Begins at the writer's position; `rewind` goes back to the oldest record that is still there. */
  constructor(books: Books) {
    this.#books = books;
    this.#cursor = this.head;
  }

  /** The head up to which records were read. */
  get cursor(): number {
    return this.#cursor;
  }

  get head(): number {
    return Atomics.load(this.#books.control, CONTROL.ringHead);
  }

  /** Records that wait to be read. */
  get waiting(): number {
    return (this.head - this.#cursor) >>> 0;
  }

  rewind(): void {
    const head = this.head;
    this.#cursor = (head - Math.min(head, RING_CAPACITY - 1)) >>> 0;
  }

  /** Goes on without reading, but for the last `keep` records; returns the number of records passed over. */
  skip(keep = 0): number {
    const passed = Math.max(0, this.waiting - keep);
    this.#cursor = (this.#cursor + passed) >>> 0;
    return passed;
  }

  /** Copies out all records since the last call. */
  read(): Batch {
    const head = this.head;
    const wanted = (head - this.#cursor) >>> 0;
    const count = Math.min(wanted, RING_CAPACITY - 1);
    const copied = this.#copy((head - count) >>> 0, count);
    this.#cursor = head;
    // The writer may be inside record `now` at this moment, whose slot record now − RING_CAPACITY had.
    const now = this.head;
    const overrun = Math.max(0, ((now - head) >>> 0) + count + 1 - RING_CAPACITY);
    const torn = Math.min(count, overrun);
    return {
      events: copied.slice(torn * EVENT_WORDS),
      count: count - torn,
      lost: wanted - count + torn,
    };
  }

  /** The last records before the cursor, at most `most`, as far as they are still there whole. */
  past(most: number): Uint32Array<ArrayBuffer> {
    const behind = (this.head - this.#cursor) >>> 0;
    const count = Math.max(0, Math.min(most, this.#cursor, RING_CAPACITY - 1 - behind));
    const from = (this.#cursor - count) >>> 0;
    const copied = this.#copy(from, count);
    const torn = Math.min(count, Math.max(0, ((this.head - from) >>> 0) + 1 - RING_CAPACITY));
    return copied.slice(torn * EVENT_WORDS);
  }

  #copy(from: number, count: number): Uint32Array<ArrayBuffer> {
    const ring = this.#books.ring;
    const copied = new Uint32Array(count * EVENT_WORDS);
    const slot = from % RING_CAPACITY;
    const first = Math.min(count, RING_CAPACITY - slot);
    copied.set(ring.subarray(slot * EVENT_WORDS, (slot + first) * EVENT_WORDS));
    copied.set(ring.subarray(0, (count - first) * EVENT_WORDS), first * EVENT_WORDS);
    return copied;
  }
}
