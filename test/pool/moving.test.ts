// Live blocks move: what they hold stays, pinned ones stay where they are, requests that fit in all are
// served, and packing costs what it may. On simulated memory with bytes behind it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BlockTable } from "../../extension/src/model/blocks.ts";
import {
  BLOCK_STATE,
  CONTROL,
  COUNTER,
  EVENT_WORDS,
  OutOfPoolMemory,
  openBooks,
} from "../../kernel/src/base/index.ts";
import {
  type Block,
  Pool,
  type PoolOptions,
  SimulatedMemory,
} from "../../kernel/src/pool/index.ts";
import { judge } from "./judge.ts";

const KIB = 1024;
const BUDGET = 512 * KIB;

/** A pool whose memory holds bytes; every block gets a pattern of its own, which must stay with it. */
class Filled {
  readonly memory = new SimulatedMemory({ contents: true });
  readonly books = openBooks();
  readonly pool: Pool;
  readonly live: Block[] = [];
  readonly #pattern = new Map<Block, number>();
  readonly #pinned = new Map<Block, number>();
  #made = 0;

  constructor(options: PoolOptions) {
    this.pool = new Pool(this.memory, {
      books: this.books,
      budget: BUDGET,
      collect: false,
      ...options,
    });
  }

  allocate(bytes: number): Block | undefined {
    let block: Block;
    try {
      block = this.pool.allocate(bytes);
    } catch (error) {
      assert.ok(error instanceof OutOfPoolMemory, String(error));
      return undefined;
    }
    this.live.push(block);
    this.#pattern.set(block, (++this.#made % 250) + 1);
    this.#bytes(block).fill(this.#pattern.get(block)!);
    return block;
  }

  free(n: number): void {
    if (this.live.length > 0) this.live.splice(n % this.live.length, 1)[0]!.dispose();
  }

  pin(n: number): void {
    if (this.live.length === 0) return;
    const block = this.live[n % this.live.length]!;
    if (this.#pinned.delete(block)) this.pool.unpin(block);
    else {
      this.pool.pin(block);
      this.#pinned.set(block, this.#where(block));
    }
  }

  check(): void {
    judge(this.books, this.memory, { live: new Map(this.live.map((b) => [b.id, b.bytes])) });
    for (const block of this.live) {
      const wrong = this.#bytes(block).findIndex((byte) => byte !== this.#pattern.get(block));
      assert.equal(wrong, -1, `block ${block.id} has lost its byte ${wrong}`);
      const pinned = this.#pinned.get(block);
      if (pinned !== undefined) assert.equal(this.#where(block), pinned, "a pinned block moved");
      const state = this.books.blocks.state[block.id];
      assert.equal(state, pinned === undefined ? BLOCK_STATE.live : BLOCK_STATE.pinned);
    }
  }

  /** Frees everything and allocates the whole budget again in one piece. */
  end(): void {
    for (const block of this.live) block.dispose();
    using whole = this.pool.allocate(BUDGET);
    assert.equal(this.pool.stats().live, whole.bytes);
  }

  #bytes(block: Block): Uint8Array {
    return this.memory.bytes({ ...this.pool.place(block), size: block.bytes });
  }

  #where(block: Block): number {
    const { slab, offset } = this.pool.place(block);
    return slab * 2 ** 32 + offset;
  }
}

type Step = { allocate: number } | { free: number } | { pin: number } | { compact: true };
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ allocate: fc.nat(6000) }) },
  { weight: 3, arbitrary: fc.record({ allocate: fc.nat(BUDGET / 4) }) },
  { weight: 7, arbitrary: fc.record({ free: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.record({ pin: fc.nat(10_000) }) },
  { weight: 1, arbitrary: fc.constant({ compact: true as const }) },
);
const layout = fc.constantFrom<PoolOptions>(
  {},
  { slabBytes: 64 * KIB },
  { slabBytes: BUDGET },
  { slack: 0 },
);
const mode = fc.constantFrom<PoolOptions>(
  { moving: "need" },
  { moving: "pack" },
  { moving: "chaos" },
);

describe("moving", () => {
  test("whatever happens, blocks keep their bytes, pinned ones their places, slabs are tiled", () => {
    let moves = 0;
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 150, size: "max" }),
        layout,
        mode,
        (steps, layout, mode) => {
          const all = new Filled({ ...layout, ...mode });
          for (const step of steps as Step[]) {
            all.pool.operation(() => {}); // a safe point
            if ("allocate" in step) all.allocate(step.allocate);
            else if ("free" in step) all.free(step.free);
            else if ("pin" in step) all.pin(step.pin);
            else all.pool.compact();
            all.check();
          }
          moves += all.memory.moves;
          all.end();
        },
      ),
      { numRuns: 30, endOnFailure: true },
    );
    assert.ok(moves > 200, `only ${moves} moves were tried`);
  });

  test("in one slab, a request is served whenever there are bytes enough", () => {
    fc.assert(
      fc.property(
        fc
          .array(step, { maxLength: 120, size: "max" })
          .map((all) => all.filter((one) => !("pin" in one))),
        fc.nat(BUDGET),
        (steps, bytes) => {
          const all = new Filled({ slabBytes: BUDGET });
          for (const step of steps as Step[]) {
            if ("allocate" in step) all.allocate(step.allocate);
            else if ("free" in step) all.free(step.free);
          }
          const size = Math.max(256, Math.ceil(bytes / 256) * 256);
          const possible = all.pool.stats().live + size <= BUDGET;
          assert.equal(all.allocate(bytes) !== undefined, possible);
          all.check();
          all.end();
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
  });

  test("packing moves at most 5 % of the bytes allocated", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: "max" }), layout, (steps, layout) => {
        const all = new Filled({ ...layout, moving: "pack", budget: 64 * BUDGET });
        for (const step of steps as Step[]) {
          if ("allocate" in step) all.allocate(step.allocate);
          else if ("free" in step) all.free(step.free);
        }
        const { counters } = all.books;
        const moved = counters[COUNTER.movedBytes]!;
        assert.ok(moved <= 0.05 * counters[COUNTER.allocatedBytes]!, `${moved} bytes moved`);
        assert.equal(all.pool.stats().moved, moved);
        all.check();
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  test("a request that has no hole is served from what the blocks beside it leave", () => {
    const all = new Filled({ slabBytes: 64 * KIB });
    for (let n = 0; n < 64; n++) all.allocate(8 * KIB);
    for (let n = 0; n < 32; n++) all.free(n); // every other one
    assert.equal(all.pool.stats().largestFree, 8 * KIB);
    assert.ok(all.allocate(250 * KIB));
    all.check();
    assert.ok(all.pool.stats().moved > 0);
    all.end();
  });

  test("where nothing may move, the request fails and says what was tried", () => {
    const all = new Filled({ slabBytes: BUDGET });
    for (let n = 0; n < 64; n++) all.allocate(8 * KIB);
    for (let n = 0; n < 32; n++) all.free(n);
    for (let n = 0; n < 32; n++) all.pin(n);
    assert.equal(all.allocate(16 * KIB), undefined);
    all.pin(0);
    all.pin(1);
    assert.ok(all.allocate(16 * KIB), "the hole between two blocks that may move grew");
    all.check();
    all.end();
  });

  test("moving off leaves every block where it is", () => {
    const all = new Filled({ slabBytes: 64 * KIB, moving: "never" });
    for (let n = 0; n < 64; n++) all.allocate(8 * KIB);
    for (let n = 0; n < 32; n++) all.free(n);
    assert.equal(all.allocate(16 * KIB), undefined);
    assert.equal(all.pool.compact().movedBytes, 0);
    assert.equal(all.memory.moves, 0);
  });

  test("a memory that can't copy has blocks that don't move", () => {
    const memory = new SimulatedMemory();
    Object.defineProperty(memory, "move", { value: undefined });
    const pool = new Pool(memory, { books: openBooks(), budget: BUDGET, slabBytes: 64 * KIB });
    const blocks = Array.from({ length: 64 }, () => pool.allocate(8 * KIB));
    for (const [n, block] of blocks.entries()) if (n % 2 === 0) block.dispose();
    assert.throws(() => pool.allocate(16 * KIB), OutOfPoolMemory);
  });

  test("the memory that refuses more is packed within what it gave", () => {
    const memory = new SimulatedMemory({ capacity: 256 * KIB });
    const pool = new Pool(memory, { books: openBooks(), budget: "1 GiB", slabBytes: 64 * KIB });
    const blocks = Array.from({ length: 32 }, () => pool.allocate(8 * KIB));
    for (const [n, block] of blocks.entries()) if (n % 2 === 0) block.dispose();
    using block = pool.allocate(64 * KIB);
    assert.equal(block.disposed, false);
    assert.ok(pool.stats().reserved <= 256 * KIB);
  });

  test("compact gives back the slabs that it empties, and says what it did", () => {
    const all = new Filled({ slabBytes: 64 * KIB });
    for (let n = 0; n < 64; n++) all.allocate(8 * KIB);
    while (all.live.length > 16) all.free(all.live.length % 7);
    all.pin(0);
    const before = all.pool.stats();
    const { movedBytes, givenBack } = all.pool.compact();
    const { reserved, moved } = all.pool.stats();
    assert.equal(givenBack, before.reserved - reserved);
    assert.equal(movedBytes, moved - before.moved);
    assert.ok(reserved <= 192 * KIB, `${reserved} bytes are reserved for 128 KiB`);
    all.check();
    assert.deepEqual(all.pool.compact(), { movedBytes: 0, givenBack: 0 });
    all.end();
  });

  test("an interrupted compact leaves all whole", () => {
    const all = new Filled({ slabBytes: 64 * KIB });
    for (let n = 0; n < 64; n++) all.allocate(8 * KIB);
    for (let n = 0; n < 40; n++) all.free(n);
    Atomics.store(all.books.control, CONTROL.stop, 1);
    assert.throws(() => all.pool.compact(), { name: "Interrupted" });
    Atomics.store(all.books.control, CONTROL.stop, 0);
    all.check();
    all.end();
  });

  test("blocks that a plan placed don't move, the others do", () => {
    const all = new Filled({ moving: "chaos" });
    const outside = all.allocate(5000)!;
    const step = () => {
      const [a, b] = [all.pool.allocate(30_000), all.pool.allocate(20_000)];
      const places = [a, b].map((block) => all.pool.place(block));
      const other = all.pool.place(outside);
      all.pool.operation(() => {});
      all.pool.compact();
      const planned = all.pool.plans()[0]?.served ?? 0;
      const same = [a, b].map((block) => all.pool.place(block));
      a.dispose();
      b.dispose();
      assert.notDeepEqual(all.pool.place(outside), other);
      return { planned, stayed: JSON.stringify(same) === JSON.stringify(places) };
    };
    assert.equal(all.pool.iteration("step", step).stayed, false);
    assert.deepEqual(all.pool.iteration("step", step), { planned: 2, stayed: true });
    all.check();
    all.end();
  });

  test("whoever follows the events knows where blocks are", () => {
    const all = new Filled({ moving: "chaos", slabBytes: 64 * KIB });
    for (let n = 0; n < 60; n++) {
      all.allocate(100 + n * 200);
      if (n % 3 === 0) all.free(n);
      all.pool.operation(() => {});
    }
    const table = new BlockTable();
    table.applyAll(all.books.ring.slice(0, all.books.control[CONTROL.ringHead]! * EVENT_WORDS));
    assert.ok(all.memory.moves > 100);
    assert.equal(table.count, all.live.length);
    for (const block of all.live) {
      const { slab, offset, size } = all.pool.place(block);
      const seen = table.get(block.id)!;
      assert.deepEqual(
        [seen.slab, seen.offset, seen.bytes, seen.requested],
        [slab, offset, size, block.bytes],
      );
    }
  });

  test("100,000 live blocks are packed and stay whole", () => {
    const memory = new SimulatedMemory();
    const books = openBooks();
    const pool = new Pool(memory, { books, budget: 2 ** 40 });
    const blocks = Array.from({ length: 200_000 }, (_, n) => pool.allocate(256 * (1 + (n % 5))));
    for (const [n, block] of blocks.entries()) if (n % 2 === 1) block.dispose();
    const live = blocks.filter(({ disposed }) => !disposed);
    const { reserved } = pool.stats();
    const { movedBytes, givenBack } = pool.compact();
    assert.ok(movedBytes > 0);
    assert.ok(givenBack > 0.4 * reserved, `${givenBack} of ${reserved} bytes came back`);
    judge(books, memory, { live: new Map(live.map((block) => [block.id, block.bytes])) });
    for (const block of live) block.dispose();
    pool.trim();
    assert.equal(pool.allocate(reserved).bytes, reserved);
  });
});

describe("idle memory", { timeout: 60_000 }, () => {
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test("empty slabs, and those that hold little, go back after a rest", async () => {
    const all = new Filled({ slabBytes: 64 * KIB, idle: 10 });
    for (let n = 0; n < 32; n++) all.allocate(8 * KIB);
    for (let n = 0; n < 30; n++) all.free(n % all.live.length);
    assert.equal(all.pool.stats().reserved, 256 * KIB);
    await until(() => all.pool.stats().reserved <= 64 * KIB);
    all.check();
    all.end();
    await until(() => all.pool.stats().reserved === 0);
  });

  test("nothing goes back while the pool is in use, nor from a pool that is told so", async () => {
    const busy = new Filled({ slabBytes: 64 * KIB, idle: 40 });
    const told = new Filled({ slabBytes: 64 * KIB, idle: Number.POSITIVE_INFINITY });
    for (const { pool } of [busy, told]) pool.allocate(60 * KIB).dispose();
    const resting = new Filled({ slabBytes: 64 * KIB, idle: 40 });
    resting.pool.allocate(60 * KIB).dispose();
    await until(() => {
      busy.pool.allocate(256).dispose();
      return resting.pool.stats().reserved === 0;
    });
    assert.equal(told.pool.stats().reserved, 64 * KIB);
    assert.equal(busy.pool.stats().reserved, 64 * KIB);
  });
});
