import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  BLOCK_STATE,
  type Books,
  CONTROL,
  COUNTER,
  Interrupted,
  lineWord,
  OutOfPoolMemory,
  openBooks,
  runInCell,
} from "../../kernel/src/base/index.ts";
import {
  Arena,
  type Block,
  FailureCallback,
  FixedSizeBins,
  Limiting,
  Logging,
  measure,
  POLICIES,
  Pool,
  parseTrace,
  type Resource,
  SimulatedMemory,
  Statistics,
  Tracking,
} from "../../kernel/src/pool/index.ts";
import { judge } from "./judge.ts";
import { judgePlaces } from "./judge-places.ts";

const KIB = 1024;
const BUDGET = 1024 * KIB;

function base() {
  const memory = new SimulatedMemory();
  const books = openBooks();
  return { memory, books, pool: new Pool(memory, { books, budget: BUDGET }) };
}

/** Every resource, around a pool of BUDGET bytes; those below change nothing of what the pool gives. */
const RESOURCES: Record<string, (pool: Pool) => Resource> = {
  pool: (pool) => pool,
  limiting: (pool) => new Limiting(pool, BUDGET),
  statistics: (pool) => new Statistics(pool),
  tracking: (pool) => new Tracking(pool),
  "tracking with stacks": (pool) => new Tracking(pool, { stacks: true }),
  logging: (pool) => new Logging(pool, () => {}),
  "iterations that are planned": (pool) => ({
    allocate: (bytes, options) => pool.iteration("one", () => pool.allocate(bytes, options)),
  }),
  "failure callback": (pool) => new FailureCallback(pool, () => false),
  "all of them": (pool) =>
    new FailureCallback(
      new Logging(new Tracking(new Statistics(new Limiting(pool, BUDGET))), () => {}),
      () => false,
    ),
};

/** The blocks that are divided, which no model here knows. */
function liveRows({ blocks, control }: Books): Map<number, number> {
  const rows = Array.from({ length: control[CONTROL.blockRows]! }, (_, row) => row);
  const live = rows.filter((row) => blocks.state[row] !== BLOCK_STATE.none);
  return new Map(live.map((row) => [row, blocks.requestedLow[row]!]));
}

/** Resources that divide blocks of the pool. */
const DIVIDING: typeof RESOURCES = {
  "fixed-size bins": (pool) => new FixedSizeBins(pool, { largest: 8 * KIB, cells: 5 }),
  arena: (pool) => new Arena(pool, { block: 32 * KIB }),
  "bins in a limited arena": (pool) => {
    const upstream = new Arena(pool, { upstream: new Limiting(pool, BUDGET), block: 64 * KIB });
    return new FixedSizeBins(pool, { upstream, largest: 2 * KIB, cells: 4 });
  },
  "tracking over bins": (pool) => new Tracking(new FixedSizeBins(pool)),
};

for (const [name, make] of Object.entries({ ...RESOURCES, ...DIVIDING })) {
  const divides = name in DIVIDING;
  describe(`conformance: ${name}`, () => {
    test("any sequence leaves the pool whole, and each block is told free once", () => {
      const steps = fc.array(
        fc.oneof(fc.record({ bytes: fc.nat(200 * KIB) }), fc.record({ free: fc.nat(1000) })),
        { maxLength: 80 },
      );
      fc.assert(
        fc.property(steps, (steps) => {
          const { pool, books, memory } = base();
          const resource = make(pool);
          const live: Block[] = [];
          const freed = new Map<Block, number>();
          let served = 0;
          for (const step of steps) {
            if ("free" in step) live.splice(step.free % (live.length || 1), 1)[0]?.dispose();
            else {
              try {
                const onFree = () => freed.set(block, (freed.get(block) ?? 0) + 1);
                const block = resource.allocate(step.bytes, { onFree });
                live.push(block);
                served++;
              } catch (error) {
                assert.ok(error instanceof OutOfPoolMemory, String(error));
              }
            }
            judgePlaces(pool, live);
            const model = new Map(live.map((block) => [block.id, block.bytes]));
            judge(books, memory, { live: divides ? liveRows(books) : model });
          }
          for (const block of live) {
            block.dispose();
            block.dispose();
          }
          assert.ok([...freed.values()].every((times) => times === 1));
          assert.equal(freed.size, served);
          if (!divides) assert.equal(served, books.counters[COUNTER.allocations]);
          using whole = resource.allocate(BUDGET);
          assert.equal(pool.stats().live, whole.bytes);
        }),
        { numRuns: 25 },
      );
    });

    test("bad sizes and interrupts pass through and leave nothing behind", () => {
      const { pool, books, memory } = base();
      const resource = make(pool);
      assert.throws(() => resource.allocate(-1), /wanted a size/);
      Atomics.store(books.control, 1, 1); // CONTROL.stop
      let told = 0;
      assert.throws(() => resource.allocate(100, { onFree: () => told++ }), Interrupted);
      Atomics.store(books.control, 1, 0);
      assert.equal(told, 0, "a block that was never given is not told free");
      judge(books, memory, { live: new Map() });
      using whole = resource.allocate(BUDGET);
      assert.equal(whole.bytes, BUDGET);
    });

    test("a scope's end and the pool's end are told too", () => {
      const { pool } = base();
      const resource = make(pool);
      const told: number[] = [];
      const allocate = (bytes: number) =>
        resource.allocate(bytes, { onFree: (freed) => told.push(freed.bytes) });
      pool.scope(() => {
        allocate(300);
      });
      assert.deepEqual(told, [300]);
      allocate(400);
      pool.close();
      assert.deepEqual(told, [300, 400]);
    });
  });
}

describe("resources", () => {
  test("a limit holds for what passes through it, and is given back", () => {
    const { pool } = base();
    const limited = new Limiting(pool, "10 KiB");
    const first = limited.allocate(8 * KIB);
    assert.throws(
      () => limited.allocate(4 * KIB, { tag: "acts" }),
      (error: unknown) =>
        error instanceof OutOfPoolMemory &&
        /wanted 4 KiB for acts; the limit of 10 KiB has 2 KiB left/.test(error.message),
    );
    pool.allocate(100 * KIB);
    first.dispose();
    assert.equal(limited.live, 0);
    assert.equal(limited.allocate(10 * KIB).bytes, 10 * KIB);
  });

  test("regions have peaks of their own, and the outer ones contain the inner ones", () => {
    const { pool } = base();
    const counted = new Statistics(pool);
    const weights = counted.allocate(100);
    counted.push();
    const acts = counted.allocate(1000);
    counted.push();
    counted.allocate(500).dispose();
    acts.dispose();
    const inner = counted.pop();
    assert.deepEqual(inner, { live: -1000, peak: 500, total: 500, allocations: 1, frees: 2 });
    counted.allocate(200).dispose();
    const outer = counted.pop();
    assert.deepEqual(outer, { live: 0, peak: 1500, total: 1700, allocations: 3, frees: 3 });
    assert.equal(counted.pop(), undefined);
    weights.dispose();
    const all = { live: 0, peak: 1600, total: 1800, allocations: 4, frees: 4 };
    assert.deepEqual(counted.counts, all);
  });

  test("counts include the regions that are open", () => {
    const { pool } = base();
    const counted = new Statistics(pool);
    counted.allocate(10);
    counted.push();
    counted.allocate(20);
    assert.deepEqual([counted.counts.live, counted.counts.peak], [30, 30]);
  });

  test("tracking knows cell, line, tag, and the stack where it is wanted", () => {
    const { pool } = base();
    const tracking = new Tracking(pool, { stacks: true });
    lineWord[0] = 9;
    const block = runInCell(4, function allocatesActs() {
      return tracking.allocate(5, { tag: "acts" });
    });
    const [{ stack, ...facts }] = tracking.live as [(typeof tracking.live)[0]];
    assert.deepEqual(facts, { id: block.id, bytes: 5, tag: "acts", cell: 4, line: 9 });
    assert.match(stack ?? "", /^\s+at allocatesActs/);
    block.dispose();
    assert.deepEqual(tracking.live, []);
  });

  test("a log can be replayed", () => {
    const { pool } = base();
    const lines: string[] = [];
    const logged = new Logging(pool, (line) => lines.push(line));
    const kept = logged.allocate(700);
    logged.allocate(300).dispose();
    assert.throws(() => logged.allocate(2 * BUDGET), OutOfPoolMemory);
    logged.allocate(500).dispose();
    kept.dispose();
    const report = measure(parseTrace(lines.join("\n")), POLICIES["exact"]!.make({}));
    assert.deepEqual([report.ops, report.peakLiveBytes, report.peakReservedBytes], [6, 1200, 1500]);
  });

  test("a failure callback makes room, and is asked until it gives up", () => {
    const { pool } = base();
    const held = [1, 2, 3].map(() => pool.allocate(300 * KIB));
    const asked: number[] = [];
    const resource = new FailureCallback(pool, (bytes) => {
      asked.push(bytes);
      const oldest = held.shift();
      oldest?.dispose();
      return oldest !== undefined;
    });
    using block = resource.allocate(700 * KIB);
    assert.equal(block.bytes, 700 * KIB);
    assert.deepEqual(asked, [700 * KIB, 700 * KIB]);
    assert.throws(() => resource.allocate(BUDGET), OutOfPoolMemory);
    assert.equal(held.length, 0);
  });
});
