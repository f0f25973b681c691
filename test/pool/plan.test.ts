import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { openBooks, runInCell } from "../../kernel/src/base/index.ts";
import {
  type Block,
  Pool,
  type PoolOptions,
  parseTrace,
  replayPlanned,
  SimulatedMemory,
} from "../../kernel/src/pool/index.ts";
import { judge } from "./judge.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

function newPool(options: PoolOptions = {}) {
  const memory = new SimulatedMemory();
  const books = openBooks();
  return { memory, books, pool: new Pool(memory, { books, budget: "1 GiB", ...options }) };
}

/** A step: activations of several sizes that end backwards, and temporaries between. */
function step(pool: Pool, extra = 0): void {
  const acts = [300, 70, 500, 20, 110].map((kib) => pool.allocate(kib * KIB));
  for (let n = 0; n < extra; n++) pool.allocate(33 * KIB + n).dispose();
  for (const act of acts.reverse()) {
    const gradient = pool.allocate(act.bytes);
    act.dispose();
    gradient.dispose();
  }
}

describe("iterations", () => {
  test("the first is recorded, the others are served from one slab of the peak's size", () => {
    const { pool, memory, books } = newPool();
    const weights = pool.allocate(100 * KIB);
    const before = memory.slabs.size;
    for (let n = 0; n < 4; n++) pool.iteration("step", () => step(pool));
    const [plan] = pool.plans();
    assert.deepEqual(
      [plan!.name, plan!.iterations, plan!.allocations, plan!.served],
      ["step", 4, 10, 10],
    );
    assert.equal(plan!.bytes, (300 + 70 + 500 + 500) * KIB);
    assert.equal(memory.slabs.size, before + 1);
    judge(books, memory, { live: new Map([[weights.id, weights.bytes]]) });
    pool.trim();
    pool.iteration("step", () => step(pool));
    assert.equal(pool.plans()[0]!.served, 10, "the slab is reserved again after a trim");
  });

  test("the same allocation lies at the same place each time", () => {
    const { pool } = newPool();
    const places = [1, 2, 3, 4].map(() =>
      pool.iteration("step", () => {
        const a = pool.allocate(10 * KIB);
        const b = pool.allocate(20 * KIB);
        a.dispose();
        const place = pool.place(b);
        b.dispose();
        return place;
      }),
    );
    assert.deepEqual(places[2], places[1]);
    assert.deepEqual(places[3], places[1]);
  });

  test("one that differs is served by the pool where it differs, and the plan is made anew", () => {
    const { pool, books, memory } = newPool();
    pool.iteration("step", () => step(pool));
    pool.iteration("step", () => step(pool));
    pool.iteration("step", () => step(pool, 3));
    const [plan] = pool.plans();
    assert.equal(plan!.allocations, 13);
    assert.equal(plan!.served, 10, "what it has in common with the plan is served from it");
    pool.iteration("step", () => step(pool, 3));
    assert.equal(pool.plans()[0]!.served, 13);
    judge(books, memory, { live: new Map() });
  });

  test("blocks that outlive an iteration keep their memory; what lies in their way goes to the pool", () => {
    const { pool, books, memory } = newPool();
    pool.iteration("step", () => step(pool));
    let kept: Block | undefined;
    pool.iteration("step", () => {
      kept = pool.allocate(300 * KIB);
      pool.allocate(70 * KIB).dispose();
    });
    pool.iteration("step", () => step(pool));
    pool.iteration("step", () => step(pool));
    assert.equal(kept!.disposed, false);
    judge(books, memory, { live: new Map([[kept!.id, kept!.bytes]]) });
    kept!.dispose();
    judge(books, memory, { live: new Map() });
  });

  test("an async iteration is awaited; one that throws is not learnt from", async () => {
    const { pool } = newPool();
    const run = () =>
      pool.iteration("step", async () => {
        const block = pool.allocate(10 * KIB);
        await null;
        block.dispose();
      });
    await run();
    await run();
    assert.equal(pool.plans()[0]!.served, 1);
    const fail = () =>
      pool.iteration("other", () => {
        throw new Error("no");
      });
    assert.throws(fail, /no/);
    assert.equal(pool.plans()[1]!.iterations, 0);
    await assert.rejects(
      pool.iteration("third", async () => fail()),
      /no/,
    );
    await run();
    assert.equal(pool.plans()[0]!.iterations, 3);
  });

  test("an iteration inside another is part of it", () => {
    const { pool } = newPool();
    for (let n = 0; n < 2; n++) {
      pool.iteration("outer", () => pool.iteration("inner", () => pool.allocate(KIB).dispose()));
    }
    assert.deepEqual(
      pool.plans().map(({ name, served }) => [name, served]),
      [["outer", 1]],
    );
  });

  test("a terminated iteration ends with its cell", () => {
    const { pool, books, memory } = newPool();
    pool.iteration("step", () => step(pool));
    void runInCell(3, () =>
      pool.scope(() =>
        pool.iteration("step", () => {
          pool.allocate(300 * KIB);
          return new Promise(() => {}); // as if the cell had been terminated here
        }),
      ),
    );
    books.control[2]! += 1; // CONTROL.sequence: and inside an operation
    pool.recover(3);
    judge(books, memory, { live: new Map() });
    pool.iteration("step", () => step(pool));
    assert.equal(pool.plans()[0]!.served, 10);
  });

  test("a plan that the budget has no room for leaves the pool to serve", () => {
    const { pool } = newPool({ budget: 2 * MIB });
    pool.iteration("step", () => step(pool));
    const held = pool.allocate(1200 * KIB);
    assert.throws(() => pool.iteration("step", () => step(pool)), /wanted/);
    held.dispose();
    pool.iteration("step", () => step(pool));
    assert.equal(pool.plans()[0]!.served, 10);
  });
});

test("iterations that differ at random never overlap and never lose a byte", () => {
  const sizes = fc.array(fc.record({ bytes: fc.nat(40_000), life: fc.nat(6) }), { maxLength: 25 });
  const change = fc.record({ drop: fc.nat(24), add: fc.nat(40_000), keep: fc.boolean() });
  fc.assert(
    fc.property(sizes, fc.array(change, { maxLength: 6 }), (sizes, changes) => {
      const { pool, books, memory } = newPool();
      const survivors: Block[] = [];
      for (const { drop, add, keep } of [
        { drop: 99, add: -1, keep: false },
        ...changes,
        ...changes,
      ]) {
        const wanted = sizes.filter((_, n) => n !== drop);
        if (add >= 0) wanted.splice(drop, 0, { bytes: add, life: 3 });
        pool.iteration("x", () => {
          const live: { block: Block; until: number }[] = [];
          for (const [n, { bytes, life }] of wanted.entries()) {
            live.push({ block: pool.allocate(bytes), until: n + life });
            for (const { block, until } of live) if (until <= n) block.dispose();
            const left = [...survivors, ...live.map(({ block }) => block)].filter(
              (b) => !b.disposed,
            );
            judge(books, memory, { live: new Map(left.map((block) => [block.id, block.bytes])) });
          }
          for (const [n, { block }] of live.entries()) {
            if (keep && n === 0 && !block.disposed) survivors.push(block);
            else block.dispose();
          }
        });
      }
      for (const block of survivors) block.dispose();
      judge(books, memory, { live: new Map() });
      pool.trim();
      assert.equal(pool.stats().reserved, 0);
      using whole = pool.allocate(pool.budget);
      assert.equal(pool.stats().live, whole.bytes);
    }),
    { numRuns: 60 },
  );
});

test("a trace replayed as an iteration reserves hardly more than its peak", () => {
  const rows = ["t,op,id,bytes,tag"];
  for (let n = 0; n < 400; n++) {
    rows.push(`0,alloc,${n},${((n * 7919) % 97) * 1000 + 256},x`);
    if (n >= 40) rows.push(`0,free,${n - 40 + ((n * 31) % 3)},0,x`);
  }
  const report = replayPlanned(parseTrace(rows.join("\n")));
  assert.equal(report.planServed, report.planAllocations);
  assert.ok(report.efficiency > 0.85, `efficiency ${report.efficiency}`);
  assert.ok(report.efficiency > report.recorded.efficiency);
});
