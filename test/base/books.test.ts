import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BLOCK_FIELDS,
  BOOKS_VERSION,
  books,
  CONTROL,
  cellBegan,
  cellEnded,
  EVENT,
  EVENT_WORDS,
  FIELD_WORD,
  openBooks,
  RING_CAPACITY,
  RING_WORD,
  writeEvent,
} from "../../kernel/src/base/index.ts";

test("a second view over the same buffer sees what the writer wrote", () => {
  const writer = openBooks();
  const reader = openBooks(writer.buffer);
  writer.blocks.size[7] = 42;
  writer.counters[3] = 1.5;
  assert.equal(reader.blocks.size[7], 42);
  assert.equal(reader.counters[3], 1.5);
  assert.equal(reader.control[CONTROL.version], BOOKS_VERSION);
});

test("fields of the books do not overlap", () => {
  const it = openBooks();
  const parts = [it.control, it.counters, ...Object.values(it.blocks), it.ring]
    .map((view) => [view.byteOffset, view.byteOffset + view.byteLength] as const)
    .sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < parts.length; i++) {
    const gap = parts[i]![0] - parts[i - 1]![1];
    assert.ok(gap >= 0 && gap <= 320, `a gap of ${gap} bytes`);
  }
  assert.equal(parts.at(-1)![1], it.buffer.byteLength);
});

test("fields and ring lie in the words where they are said to", () => {
  const it = openBooks();
  for (const [n, field] of BLOCK_FIELDS.entries()) {
    it.blocks[field][7] = n + 1;
    assert.equal(it.words[FIELD_WORD[field] + 7], n + 1);
  }
  it.ring[9] = 99;
  assert.equal(it.words[RING_WORD + 9], 99);
  it.control[CONTROL.sequence] = 4;
  assert.equal(it.words[CONTROL.sequence], 4);
});

test("books of another version are refused", () => {
  const it = openBooks();
  it.control[CONTROL.version] = BOOKS_VERSION + 1;
  assert.throws(() => openBooks(it.buffer), /version/);
});

test("events come back as written, and the clock before them is a date of now", () => {
  const it = openBooks();
  const before = Date.now() - 1;
  const requested = 5 * 2 ** 32 + 17;
  writeEvent(it, EVENT.alloc, 3, 2, 100, 9, requested, 12, 34, 56);
  const head = it.control[CONTROL.ringHead]!;
  assert.equal(head, 2, "a clock record and the event");
  assert.equal(it.ring[0]! & 0xff, EVENT.clock);
  assert.ok(it.ringTimes[1]! >= before && it.ringTimes[1]! <= Date.now() + 1);
  const [kindAndTag, id, slab, offset, size, low, cell, lineAndHigh] = it.ring.subarray(
    EVENT_WORDS,
    2 * EVENT_WORDS,
  );
  assert.deepEqual(
    [kindAndTag! & 0xff, kindAndTag! >>> 8, id, slab, offset, size, cell, lineAndHigh! & 0xfffff],
    [EVENT.alloc, 56, 3, 2, 100, 9, 12, 34],
  );
  assert.equal((lineAndHigh! >>> 20) * 2 ** 32 + low!, requested);
});

test("the ring wraps, and its head counts on", () => {
  const it = openBooks();
  for (let i = 0; i < RING_CAPACITY + 10; i++) writeEvent(it, EVENT.alloc, i, 0, 0, 1, 1, 0, 0, 0);
  const head = it.control[CONTROL.ringHead]!;
  assert.ok(head > RING_CAPACITY);
  const last = ((head - 1) % RING_CAPACITY) * EVENT_WORDS;
  assert.equal(it.ring[last + 1], RING_CAPACITY + 9);
});

test("a cell's beginning lowers the stop word and names the cell; its end clears the name", () => {
  const it = books();
  it.control[CONTROL.stop] = 1;
  cellBegan(8);
  assert.equal(it.control[CONTROL.stop], 0);
  assert.equal(it.control[CONTROL.cell], 8);
  cellEnded(8);
  assert.equal(it.control[CONTROL.cell], 0);
});
