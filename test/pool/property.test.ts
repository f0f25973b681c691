import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OutOfPoolMemory, openBooks } from "../../kernel/src/base/index.ts";
import {
  type Block,
  Pool,
  type PoolOptions,
  SimulatedMemory,
} from "../../kernel/src/pool/index.ts";
import { judge } from "./judge.ts";

const SLAB = 64 * 1024;
const BUDGET = 8 * SLAB;

type Step = { allocate: number } | { free: number } | { budget: number } | { trim: true };
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ allocate: fc.nat(3000) }) },
  { weight: 2, arbitrary: fc.record({ allocate: fc.nat(4 * SLAB) }) },
  // Close sizes, which share bins of the allocator.
  {
    weight: 4,
    arbitrary: fc.integer({ min: 64, max: 72 }).map((granules) => ({ allocate: granules * 256 })),
  },
  { weight: 6, arbitrary: fc.record({ free: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ budget: fc.nat(2 * BUDGET) }) },
  { weight: 1, arbitrary: fc.constant({ trim: true as const }) },
);

const steps = (maxLength: number) => fc.array(step, { maxLength });

function apply(pool: Pool, step: Step, live: Block[]): void {
  if ("trim" in step) pool.trim();
  else if ("budget" in step) pool.budget = step.budget;
  else if ("free" in step) {
    if (live.length > 0) live.splice(step.free % live.length, 1)[0]!.dispose();
  } else {
    try {
      live.push(pool.allocate(step.allocate));
    } catch (error) {
      assert.ok(error instanceof OutOfPoolMemory, String(error));
    }
  }
}

/** A pool whose slabs have one size, or whose slabs follow what is live. */
const layout = fc.constantFrom<PoolOptions>({ slabBytes: SLAB }, {}, { slack: 0.5 });

const model = (live: readonly Block[]) => new Map(live.map((block) => [block.id, block.bytes]));

/** Frees everything, then allocates the whole budget again in one piece. */
function allAgain(pool: Pool, live: Block[]): void {
  for (const block of live) block.dispose();
  pool.budget = BUDGET;
  using whole = pool.allocate(BUDGET, { what: "the whole" });
  assert.equal(pool.stats().live, whole.bytes);
}

test("any sequence of operations leaves slabs tiled and books equal to a model", () => {
  fc.assert(
    fc.property(steps(200), layout, (steps, options) => {
      const memory = new SimulatedMemory();
      const books = openBooks();
      const pool = new Pool(memory, { books, budget: BUDGET, ...options });
      const live: Block[] = [];
      for (const step of steps) {
        apply(pool, step, live);
        judge(books, memory, { live: model(live) });
      }
      allAgain(pool, live);
    }),
    { numRuns: 100 },
  );
});

test("the allocator rebuilt from the block table serves on, with the same blocks", () => {
  fc.assert(
    fc.property(steps(120), steps(60), layout, (a, b, options) => {
      const memory = new SimulatedMemory();
      const books = openBooks();
      const pool = new Pool(memory, { books, budget: BUDGET, ...options });
      const live: Block[] = [];
      for (const step of a) apply(pool, step, live);
      const places = live.map((block) => pool.place(block));
      books.control[2]! += 1; // CONTROL.sequence: as if terminated inside an operation
      pool.recover(1);
      judge(books, memory, { live: model(live) });
      assert.deepEqual(
        live.map((block) => pool.place(block)),
        places,
      );
      for (const step of b) apply(pool, step, live);
      judge(books, memory, { live: model(live) });
      allAgain(pool, live);
    }),
    { numRuns: 60 },
  );
});

test("where blocks don't move, a request fails only when no hole and no growth could serve it", () => {
  fc.assert(
    fc.property(steps(150), fc.nat(4 * SLAB), layout, (steps, bytes, options) => {
      const memory = new SimulatedMemory();
      const books = openBooks();
      const pool = new Pool(memory, { books, budget: BUDGET, moving: "never", ...options });
      const live: Block[] = [];
      for (const step of steps) if (!("budget" in step)) apply(pool, step, live);
      const { largestFree } = pool.stats();
      const size = Math.max(256, Math.ceil(bytes / 256) * 256);
      pool.trim();
      const room = BUDGET - pool.stats().reserved;
      const possible = size <= room || size <= pool.stats().largestFree || size <= largestFree;
      let served = true;
      try {
        live.push(pool.allocate(bytes));
      } catch {
        served = false;
      }
      assert.equal(served, possible);
    }),
    { numRuns: 100 },
  );
});
