// The reader against a writer that goes on while the reader copies.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Books,
  CONTROL,
  EVENT_WORDS,
  openBooks,
  RING_CAPACITY,
} from "../../kernel/src/base/index.ts";
import { RingReader } from "../../kernel/src/monitor/ring-reader.ts";

/** Writes `count` records whose words are all their number. */
function write(books: Books, count: number): void {
  for (let i = 0; i < count; i++) {
    const head = books.control[CONTROL.ringHead]!;
    const at = (head % RING_CAPACITY) * EVENT_WORDS;
    books.ring.fill(head, at, at + EVENT_WORDS);
    Atomics.store(books.control, CONTROL.ringHead, (head + 1) >>> 0);
  }
}

/** Books whose writer adds `count` records while the first piece of the ring is copied. */
function overtaking(books: Books, count: number): Books {
  let left = count;
  const subarray = (from: number, to: number) => {
    write(books, left);
    left = 0;
    return books.ring.subarray(from, to);
  };
  return { ...books, ring: { subarray } as unknown as Books["ring"] };
}

function numbers(events: Uint32Array): number[] {
  const found: number[] = [];
  for (let at = 0; at < events.length; at += EVENT_WORDS) {
    const record = events.subarray(at, at + EVENT_WORDS);
    assert.ok(
      record.every((word) => word === record[0]),
      "a record is torn",
    );
    found.push(record[0]!);
  }
  return found;
}

test("records come once, in order, across the ring's end and the head's wrap", () => {
  for (const start of [0, RING_CAPACITY - 3, 2 ** 32 - 5]) {
    const books = openBooks();
    books.control[CONTROL.ringHead] = start;
    const reader = new RingReader(books);
    write(books, 10);
    const wanted = Array.from({ length: 10 }, (_, i) => (start + i) % 2 ** 32);
    assert.deepEqual(numbers(reader.read().events), wanted);
    assert.equal(reader.read().count, 0);
  }
});

test("what was overwritten before the reading is lost, and counted", () => {
  const books = openBooks();
  const reader = new RingReader(books);
  write(books, RING_CAPACITY + 100);
  const { events, count, lost } = reader.read();
  assert.equal(count + lost, RING_CAPACITY + 100);
  const found = numbers(events);
  assert.equal(found.length, count);
  assert.equal(found[0], lost);
  assert.equal(found.at(-1), RING_CAPACITY + 99);
});

test("what is overwritten during the reading is lost, and counted", () => {
  const books = openBooks();
  const reader = new RingReader(overtaking(books, 1000));
  write(books, RING_CAPACITY - 200);
  const { events, count, lost } = reader.read();
  // Records 0 to 799 were overwritten; the writer may be inside record 800 at any time.
  assert.equal(lost, 801);
  assert.equal(count, RING_CAPACITY - 200 - 801);
  assert.deepEqual(numbers(events)[0], 801);
  assert.equal(numbers(reader.read().events)[0], RING_CAPACITY - 200);
});
