// What a cell did to the pool: its peak and what it left, also beside regions, which have peaks of their own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { books, cellBegan, cellEnded } from "../../kernel/src/base/index.ts";
import { Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";

const MIB = 2 ** 20;

test("a cell's peak and net bytes are its own, whatever was before", () => {
  const pool = new Pool(new SimulatedMemory(), { books: books(), budget: "1 GiB" });
  cellBegan(1);
  const kept = pool.allocate(10 * MIB);
  pool.allocate(50 * MIB).dispose();
  assert.deepEqual(cellEnded(1), { cell: 1, peak: 60 * MIB, net: 10 * MIB });

  cellBegan(2);
  assert.equal(cellEnded(2), undefined, "the pool was left alone");

  cellBegan(3);
  const region = pool.region(() => pool.allocate(5 * MIB).dispose());
  assert.equal(region.peak, 5 * MIB);
  pool.allocate(2 * MIB).dispose();
  assert.deepEqual(cellEnded(3), { cell: 3, peak: 15 * MIB, net: 0 }, "below the pool's peak");

  cellBegan(4);
  const inner = pool.region(() => {
    const block = pool.allocate(30 * MIB);
    block.dispose();
    return pool.region(() => pool.allocate(MIB).dispose()).peak;
  });
  kept.dispose();
  assert.equal(inner.peak, 30 * MIB);
  assert.equal(inner.value, MIB);
  assert.deepEqual(cellEnded(4), { cell: 4, peak: 40 * MIB, net: -10 * MIB });
  assert.equal(pool.stats().peakLive, 60 * MIB);
});
