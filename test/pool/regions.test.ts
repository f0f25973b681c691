import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openBooks, runInCell } from "../../kernel/src/base/index.ts";
import { type Block, Pool, SimulatedMemory } from "../../kernel/src/pool/index.ts";

const newPool = () => new Pool(new SimulatedMemory(), { books: openBooks(), budget: "1 GiB" });
const KIB = 1024;

test("a region has its own peak; that of the region around it contains it", () => {
  const pool = newPool();
  const weights = pool.allocate(4 * KIB);
  const outer = pool.region(() => {
    pool.allocate(10 * KIB).dispose();
    const acts = pool.allocate(KIB);
    const inner = pool.region(() => pool.allocate(2 * KIB).dispose());
    assert.deepEqual(inner, {
      value: undefined,
      live: 0,
      peak: 2 * KIB,
      allocations: 1,
      frees: 1,
    });
    weights.dispose();
    return acts;
  });
  const { value, ...counts } = outer;
  assert.deepEqual(counts, { live: -3 * KIB, peak: 10 * KIB, allocations: 3, frees: 3 });
  value.dispose();
  assert.equal(pool.stats().peakLive, 14 * KIB);
});

test("asynchronous regions may overlap; one that throws is over", async () => {
  const pool = newPool();
  const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
  const slow = pool.region(async () => {
    await hold;
    return "slow";
  });
  await assert.rejects(
    pool.region(() => Promise.reject(new Error("no"))),
    /no/,
  );
  const quick = await pool.region(async () => pool.allocate(3 * KIB).dispose());
  pool.allocate(5 * KIB).dispose();
  letGo();
  const { value, peak } = await slow;
  assert.deepEqual([quick.peak, value, peak], [3 * KIB, "slow", 5 * KIB]);
});

test("a region that a termination left open is forgotten", async () => {
  const pool = newPool();
  const { promise, resolve } = Promise.withResolvers<void>();
  const open = runInCell(7, () => pool.region(() => promise));
  pool.recover(7);
  pool.allocate(KIB).dispose();
  resolve();
  assert.equal((await open).peak, 0);
});

type Step = { allocate: number } | { free: number } | { begin: true } | { end: true };
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ allocate: fc.nat(64 * KIB) }) },
    { weight: 3, arbitrary: fc.record({ free: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.constant<Step>({ begin: true }) },
    { weight: 1, arbitrary: fc.constant<Step>({ end: true }) },
  ),
  { maxLength: 60 },
);

/** Runs the steps; a region's steps run inside its body. Returns how many were used. */
function run(
  pool: Pool,
  all: readonly Step[],
  from: number,
  live: Block[],
  seen: number[],
): number {
  let at = from;
  while (at < all.length) {
    const step = all[at++]!;
    if ("allocate" in step) live.push(pool.allocate(step.allocate));
    else if ("free" in step) live.splice(step.free % (live.length || 1), 1)[0]?.dispose();
    else if ("end" in step) return at;
    else {
      const before = pool.stats().live;
      const first = seen.length;
      const region = pool.region(() => run(pool, all, at, live, seen));
      at = region.value;
      const most = Math.max(before, ...seen.slice(first));
      assert.equal(region.peak, most - before);
      assert.equal(region.live, pool.stats().live - before);
    }
    seen.push(pool.stats().live);
  }
  return at;
}

test("peaks equal those of a model, and all can be allocated again", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const pool = newPool();
      const live: Block[] = [];
      const seen: number[] = [];
      let at = 0;
      while (at < steps.length) at = run(pool, steps, at, live, seen);
      assert.equal(pool.stats().peakLive, Math.max(0, ...seen));
      for (const block of live) block.dispose();
      using whole = pool.allocate(2 ** 30);
      assert.equal(pool.stats().live, whole.bytes);
    }),
    { numRuns: 100 },
  );
});
