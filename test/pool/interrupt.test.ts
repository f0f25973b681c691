import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { CONTROL, Interrupted, openBooks } from "../../kernel/src/base/index.ts";
import { Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";

test("a loop that does nothing but allocate sees the stop word, compiled as it is by then", async () => {
  const books = openBooks();
  const pool = new Pool(new SimulatedMemory(), { books, budget: "1 GiB" });
  // Raises the stop word when the loop is long compiled, after a million events.
  const other = new Worker(
    `const { workerData: { words, stop, head } } = require("node:worker_threads");
     while (Atomics.load(words, head) < 1e6) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
     Atomics.store(words, stop, 1);`,
    {
      eval: true,
      workerData: { words: books.words, stop: CONTROL.stop, head: CONTROL.ringHead },
    },
  );
  const ended = once(other, "exit");
  assert.throws(() => {
    for (;;) pool.allocate(256).dispose();
  }, Interrupted);
  Atomics.store(books.control, CONTROL.stop, 0);
  assert.equal(pool.stats().liveBlocks, 0);
  assert.equal(books.control[CONTROL.sequence]! % 2, 0);
  await ended;
});
