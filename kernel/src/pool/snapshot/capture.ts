// Copies the books for a snapshot, as raw words: the only part that has to be quick, because the cell
// waits for it. What the words say is decoded when somebody asks (decode.ts).
import { BLOCK_FIELDS, type Books, CONTROL, EVENT_WORDS, RING_CAPACITY } from "../../base/index.ts";
import type { PoolStats } from "../types.ts";

export interface Capture {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cell: number;
  readonly counts: PoolStats;
  /** Rows of the block table that were ever used; row 0 is none. */
  readonly rows: number;
  /** The fields of the table one after another, `rows` words each. */
  readonly table: Uint32Array<ArrayBuffer>;
  /** Whole records, oldest first. */
  readonly events: Uint32Array<ArrayBuffer>;
  /** Records that were written over before. */
  readonly lost: number;
}

/** Copies the books; to be called by their writer, at rest. */
export function capture(books: Books, counts: PoolStats): Capture {
  const rows = books.control[CONTROL.blockRows]!;
  const table = new Uint32Array(rows * BLOCK_FIELDS.length);
  for (const [i, field] of BLOCK_FIELDS.entries()) {
    table.set(books.blocks[field].subarray(0, rows), i * rows);
  }
  const head = books.control[CONTROL.ringHead]!;
  const count = Math.min(head, RING_CAPACITY);
  return {
    time: performance.timeOrigin + performance.now(),
    cell: books.control[CONTROL.cell]!,
    counts,
    rows,
    table,
    events: lastEvents(books, head, count),
    lost: head - count,
  };
}

function lastEvents(books: Books, head: number, count: number): Uint32Array<ArrayBuffer> {
  const copied = new Uint32Array(count * EVENT_WORDS);
  const slot = ((head - count) >>> 0) % RING_CAPACITY;
  const first = Math.min(count, RING_CAPACITY - slot);
  copied.set(books.ring.subarray(slot * EVENT_WORDS, (slot + first) * EVENT_WORDS));
  copied.set(books.ring.subarray(0, (count - first) * EVENT_WORDS), first * EVENT_WORDS);
  return copied;
}
