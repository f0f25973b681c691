// What happens when a request finds no room: dropped handles are found within the task, other ways to make
// room are tried in turn, and the failure is told without changing anything.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  COUNTER,
  EVENT,
  EVENT_WORDS,
  OutOfPoolMemory,
  openBooks,
} from "../../kernel/src/base/index.ts";
import { Allocator } from "../../kernel/src/pool/allocator.ts";
import {
  type Block,
  Pool,
  type PoolOptions,
  SimulatedMemory,
} from "../../kernel/src/pool/index.ts";
import { Ledger } from "../../kernel/src/pool/ledger.ts";
import { judge } from "./judge.ts";

const MIB = 2 ** 20;

function newPool(options: PoolOptions = {}) {
  const books = openBooks();
  const memory = new SimulatedMemory();
  return { books, memory, pool: new Pool(memory, { books, budget: 64 * MIB, ...options }) };
}

describe("dropped handles", () => {
  test("a loop that disposes nothing goes on above the budget, in one task", () => {
    const { pool, books, memory } = newPool();
    const kept = pool.allocate(MIB, { tag: "kept" });
    for (let i = 0; i < 1000; i++) pool.allocate(MIB);
    assert.ok(pool.stats().collected >= 1000 - 64);
    assert.equal(kept.disposed, false);
    pool.collect();
    assert.ok(pool.stats().liveBlocks <= 2, "all but what a register may still hold is back");
    pool.allocate(60 * MIB).dispose();
    pool.close();
    judge(books, memory, { live: new Map() });
  });

  test("in microtasks too, whose awaits never leave the task", async () => {
    const { pool } = newPool();
    const allocate = async () => pool.allocate(MIB);
    for (let i = 0; i < 300; i++) await allocate();
    assert.ok(pool.stats().collected >= 300 - 64);
  });

  test("handles that are held are never taken back, whatever weak references do", () => {
    const { pool } = newPool();
    const held: Block[] = [];
    for (let i = 0; i < 600; i++) {
      const block = pool.allocate(MIB / 2);
      if (i % 10 === 0) held.push(block);
    }
    assert.deepEqual(
      held.filter((block) => block.disposed),
      [],
    );
    assert.ok(pool.stats().liveBlocks >= 60);
  });

  test("a handle that its cell dropped does not free the block that has its row since", () => {
    const { pool } = newPool();
    (() => pool.allocate(MIB).dispose())();
    const second = pool.allocate(MIB);
    assert.equal(pool.collect().blocks, 0);
    assert.equal(second.disposed, false);
  });

  test("who waits for a block's end is told when it is collected", () => {
    const { pool } = newPool();
    const freed: number[] = [];
    (() => {
      pool.allocate(MIB, { onFree: ({ bytes }) => freed.push(bytes) });
    })();
    pool.collect();
    assert.deepEqual(freed, [MIB]);
  });

  test("collect: false leaves them to the collector's own time", () => {
    const { pool } = newPool({ collect: false });
    assert.throws(() => {
      for (let i = 0; i < 100; i++) pool.allocate(MIB);
    }, /live 64 MiB/);
  });

  test("a loop of requests that fail does not collect each time", () => {
    const { pool } = newPool();
    const held = pool.allocate(64 * MIB);
    const tried: boolean[] = [];
    for (let i = 0; i < 100; i++) {
      try {
        pool.allocate(MIB);
      } catch (error) {
        tried.push((error as Error).message.includes("collected garbage (no dropped block)"));
      }
    }
    // After n collections in vain 2^n − 1 requests go without: the 1st, 3rd, 7th, 15th … collect.
    const collected = tried.flatMap((did, i) => (did ? [i + 1] : []));
    assert.deepEqual(collected, [1, 3, 7, 15, 31, 63]);
    held.dispose();
  });
});

describe("the error", () => {
  test("names what was tried, in order, with each way's own words; nothing is changed", () => {
    const { pool, books, memory } = newPool({ slabBytes: 16 * MIB });
    const blocks = Array.from({ length: 8 }, (_, i) => pool.allocate(8 * MIB, { tag: `w${i}` }));
    for (const i of [1, 3]) blocks[i]!.dispose();
    for (const block of blocks) if (!block.disposed) pool.pin(block);
    const before = books.counters.slice();
    assert.throws(
      () => pool.allocate(12 * MIB, { tag: "acts" }),
      (error: unknown) => {
        assert.ok(error instanceof OutOfPoolMemory);
        assert.match(error.message, /wanted 12 MiB \(12582912 B\) for "acts" \(outside any cell\)/);
        assert.match(error.message, /free 16 MiB \(largest hole 8 MiB; reserved 64 MiB\)/);
        assert.match(error.message, /tried: .*collected garbage \(no dropped block\)/);
        assert.match(
          error.message,
          /held by: w\d 8 MiB \(outside any cell\)( · w\d 8 MiB \(outside any cell\)){4} · …/,
        );
        return true;
      },
    );
    assert.deepEqual(books.counters.slice(), before);
    const live = blocks.filter((block) => !block.disposed);
    judge(books, memory, { live: new Map(live.map(({ id, bytes }) => [id, bytes])) });
    for (const block of live) block.dispose();
    pool.allocate(16 * MIB).dispose();
  });

  test("leaves an event with what was wanted and what was free", () => {
    const { pool, books } = newPool();
    const held = pool.allocate(40 * MIB);
    assert.throws(() => pool.allocate(30 * MIB, { tag: "big" }), OutOfPoolMemory);
    const { events } = pool.snapshot().data;
    assert.equal(events.kind.at(-1), "failed");
    assert.deepEqual(
      [events.requested.at(-1), events.size.at(-1), events.tag.at(-1)],
      [30 * MIB, 24 * MIB, "big"],
    );
    assert.equal(books.ring[EVENT_WORDS]! & 0xff, EVENT.slabNew);
    held.dispose();
  });
});

describe("ways to make room", () => {
  const NOTHING = { done: false, text: "" };
  const setUp = () => {
    const ledger = new Ledger(openBooks());
    const memory = new SimulatedMemory({ capacity: 4 * MIB });
    const allocator = new Allocator(memory, ledger, { slabBytes: MIB });
    ledger.set(COUNTER.budget, 4 * MIB);
    const take = () => {
      const row = allocator.take(MIB, {}, 0, 0);
      ledger.blockLive(row, MIB, 0, 0, 0);
      return row;
    };
    return { allocator, take, rows: [take(), take(), take(), take()] };
  };

  test("are asked in turn until there is room, and no longer", () => {
    const { allocator, take, rows } = setUp();
    const asked: string[] = [];
    const says = (name: string) => () => {
      asked.push(name);
      return NOTHING;
    };
    allocator.relief.push(
      says("nothing"),
      () => {
        asked.push("gives");
        allocator.give(rows[2]!);
        return { done: true, text: "gave a block back" };
      },
      says("never"),
    );
    take();
    assert.deepEqual(asked, ["nothing", "gives"]);
  });

  test("are asked again after a last collection that found something", () => {
    const { allocator, take, rows } = setUp();
    const asked: string[] = [];
    allocator.collect = (_, last) => {
      asked.push(last ? "last" : "first");
      if (!last) return undefined;
      allocator.give(rows[0]!);
      return { text: "collected", blocks: 1 };
    };
    allocator.relief.push(() => {
      asked.push("way");
      return NOTHING;
    });
    take();
    assert.deepEqual(asked, ["first", "way", "last"]);
  });

  test("what they did is told when it was not enough", () => {
    const { allocator, take } = setUp();
    allocator.relief.push(() => ({ done: false, text: "spilled 3 blocks (1 MiB)" }));
    assert.throws(take, /tried: .*spilled 3 blocks \(1 MiB\)/);
  });
});
