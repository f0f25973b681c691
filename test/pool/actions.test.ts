// What people ask of the pool by hand: to free leaks, and to spill.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  books,
  type CenoteError,
  cellBegan,
  cellEnded,
  runInCell,
} from "../../kernel/src/base/index.ts";
import { Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";
import { ByteMemory } from "./byte-memory.ts";

test("freeing leaks disposes what outlived its cell, and what is pinned stays", () => {
  const pool = new Pool(new SimulatedMemory(), { books: books(), collect: false });
  try {
    const outside = pool.allocate(5000, { tag: "outside cells" });
    cellBegan(7);
    const held = runInCell(7, () => [
      pool.allocate(100_000, { tag: "leak" }),
      pool.allocate(3000, { tag: "pinned" }),
    ]);
    pool.pin(held[1]!);
    cellEnded(7);
    const listed = pool.leaks();
    assert.deepEqual(listed.map(({ tag }) => tag).sort(), ["leak", "pinned"]);
    assert.deepEqual(pool.freeLeaks(), { blocks: 1, bytes: 100_096 });
    assert.equal(held[0]!.disposed, true);
    assert.throws(
      () => pool.place(held[0]!),
      (error: CenoteError) => error.code === "DISPOSED",
    );
    assert.equal(held[1]!.disposed, false);
    assert.equal(outside.disposed, false);
    assert.deepEqual(pool.freeLeaks(), { blocks: 0, bytes: 0 });
  } finally {
    pool.close();
  }
});

test("freeing leaks since a mark frees no older block", () => {
  const pool = new Pool(new SimulatedMemory(), { books: books(), collect: false });
  try {
    const older = pool.allocate(1000);
    const mark = pool.mark("here");
    const newer = pool.allocate(1000);
    assert.deepEqual(pool.freeLeaks(mark), { blocks: 1, bytes: 1024 });
    assert.deepEqual([older.disposed, newer.disposed], [false, true]);
  } finally {
    pool.close();
  }
});

test("a tag or a mark that is no text is refused, and nothing is left of it", () => {
  const pool = new Pool(new SimulatedMemory(), { books: books(), collect: false });
  const badName = (error: CenoteError) => error.code === "BAD_NAME" && /found/.test(error.message);
  try {
    for (const name of [5, {}, true] as unknown as string[]) {
      assert.throws(() => pool.mark(name), badName);
      assert.throws(() => pool.allocate(1000, { tag: name }), badName);
    }
    assert.equal(pool.stats().liveBlocks, 0);
    assert.match(pool.snapshot().toHtml(), /Nothing is live/);
  } finally {
    pool.close();
  }
});

test("spilling by hand takes the longest unused first, and the bytes come back", () => {
  const memory = new ByteMemory();
  const pool = new Pool(memory, {
    ...{ books: books(), collect: false, budget: "256 MiB" },
    tiers: { host: 256 * 2 ** 20, disk: 0 },
  });
  try {
    const blocks = Array.from({ length: 8 }, () => pool.allocate(4 * 2 ** 20, { zeroed: true }));
    for (const block of blocks) pool.place(block); // used, in this order
    const left = pool.spill(9 * 2 ** 20);
    assert.ok(left >= 9 * 2 ** 20, `${left} bytes left`);
    assert.equal(pool.stats().live, 32 * 2 ** 20 - left);
    const { state, id } = pool.snapshot().data.blocks;
    const away = id.filter((_, i) => state[i] === "spilled");
    assert.deepEqual(
      away,
      blocks.slice(0, away.length).map((block) => block.id),
    );
    assert.equal(pool.spill(2 ** 40) + left, 32 * 2 ** 20, "all that there is, and no more");
  } finally {
    pool.close();
  }
});
