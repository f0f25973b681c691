import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import {
  CenoteError,
  CONTROL,
  COUNTER,
  EVENT,
  EVENT_WORDS,
  Interrupted,
  lineWord,
  OutOfPoolMemory,
  openBooks,
  runInCell,
} from "../../kernel/src/base/index.ts";
import {
  BLOCKS,
  type Block,
  Pool,
  type PoolOptions,
  SimulatedMemory,
} from "../../kernel/src/pool/index.ts";
import { judge } from "./judge.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

function newPool(options: PoolOptions = {}, memory = new SimulatedMemory()) {
  const books = openBooks();
  return { books, memory, pool: new Pool(memory, { books, ...options }) };
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof CenoteError && error.code === wanted;

describe("allocation", () => {
  test("nothing is reserved before the first use, then slabs of one size where that is wanted", () => {
    const { pool, memory } = newPool({ budget: "1 GiB", slabBytes: 64 * MIB });
    assert.equal(memory.slabs.size, 0);
    const small = pool.allocate(1);
    assert.deepEqual([...memory.slabs.values()], [64 * MIB]);
    const large = pool.allocate(100 * MIB + 1);
    assert.deepEqual([...memory.slabs.values()], [64 * MIB, 100 * MIB + 256]);
    assert.deepEqual([small.bytes, large.bytes], [1, 100 * MIB + 1]);
    assert.equal(pool.place(small).size, 256);
  });

  test("by default slabs grow with what is live, and a large block has one of its own", () => {
    const { pool, memory } = newPool({ budget: "1 GiB" });
    pool.allocate(1);
    assert.deepEqual([...memory.slabs.values()], [16 * KIB]);
    const large = pool.allocate(100 * MIB);
    pool.allocate(MIB);
    pool.allocate(MIB / 2);
    pool.allocate(2 * MIB);
    // A 64th of the peak for small blocks; what they ask for, at least a 128th, for the next ones.
    assert.deepEqual([...memory.slabs.values()], [16 * KIB, 100 * MIB, MIB, MIB / 2, 2 * MIB]);
    assert.equal(pool.place(large).offset, 0);
  });

  test("an empty slab makes room for another size before more than the peak is reserved", () => {
    const { pool, memory } = newPool({ budget: "1 GiB" });
    pool.allocate(64 * MIB).dispose();
    pool.allocate(48 * MIB).dispose();
    assert.deepEqual([...memory.slabs.values()], [48 * MIB]);
    const again = pool.allocate(48 * MIB);
    assert.equal(memory.slabs.size, 1);
    again.dispose();
    const { pool: lax, memory: more } = newPool({ budget: "1 GiB", slack: 1 });
    lax.allocate(64 * MIB).dispose();
    lax.allocate(48 * MIB).dispose();
    assert.equal(more.slabs.size, 2);
  });

  test("blocks are 256-byte aligned and a size of 0 is a block too", () => {
    const { pool } = newPool();
    const blocks = [0, 1, 255, 256, 257, 5000].map((bytes) => pool.allocate(bytes));
    for (const block of blocks) assert.equal(pool.place(block).offset % 256, 0);
    assert.deepEqual(
      blocks.map((block) => pool.place(block).size),
      [256, 256, 256, 256, 512, 5120],
    );
  });

  test("the smallest hole that fits is taken", () => {
    const { pool } = newPool();
    const sizes = [64, 1, 16, 1, 32, 1, 17, 1];
    const blocks = sizes.map((granules) => pool.allocate(granules * 256));
    const place = pool.place(blocks[6]!);
    for (const i of [0, 2, 4, 6]) blocks[i]!.dispose();
    assert.deepEqual(pool.place(pool.allocate(17 * 256)), place);
  });

  test("a hole of the right bin is found behind many that are too small", () => {
    const { pool } = newPool({ slabBytes: 64 * MIB, budget: 64 * MIB });
    // 1024..1055 granules share a bin. One hole of 1050 lies first, then many of 1024.
    const wanted = pool.allocate(1050 * 256);
    const between: Block[] = [pool.allocate(256)];
    const holes: Block[] = [];
    for (let i = 0; i < 40; i++) {
      holes.push(pool.allocate(1024 * 256));
      between.push(pool.allocate(256));
    }
    between.push(pool.allocate(pool.stats().largestFree));
    const place = pool.place(wanted);
    wanted.dispose();
    for (const hole of holes) hole.dispose();
    assert.deepEqual(pool.place(pool.allocate(1050 * 256)), place);
  });

  for (const bytes of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "7" as unknown as number]) {
    test(`a size of ${bytes} is refused and changes nothing`, () => {
      const { pool, books, memory } = newPool();
      assert.throws(() => pool.allocate(bytes), code("BAD_SIZE"));
      judge(books, memory, { live: new Map() });
    });
  }

  test("one block larger than the memory's largest slab says so", () => {
    const { pool } = newPool({ budget: "8 GiB" }, new SimulatedMemory({ maxSlab: 128 * MIB }));
    assert.throws(
      () => pool.allocate(129 * MIB, { what: "column x" }),
      (error: CenoteError) => {
        assert.equal(error.code, "BLOCK_TOO_LARGE");
        assert.match(error.message, /129 MiB .*for column x .*128 MiB/);
        return true;
      },
    );
  });

  test("sizes beyond 4 GiB are kept whole, in the books and in the events", () => {
    const { pool, books } = newPool({ budget: "100 GiB" });
    const bytes = 20 * 2 ** 30 + 3;
    const block = pool.allocate(bytes);
    assert.equal(books.counters[COUNTER.requested], bytes);
    assert.equal(
      books.blocks.requestedHigh[block.id]! * 2 ** 32 + books.blocks.requestedLow[block.id]!,
      bytes,
    );
    const at = (books.control[CONTROL.ringHead]! - 1) * EVENT_WORDS;
    assert.equal(books.ring[at]! & 0xff, EVENT.alloc);
    assert.equal((books.ring[at + 7]! >>> 20) * 2 ** 32 + books.ring[at + 5]!, bytes);
  });

  test("100,000 live blocks are placed right", () => {
    const { pool, books, memory } = newPool({ budget: "4 GiB" });
    const live = Array.from({ length: 100_000 }, (_, i) => pool.allocate((i % 97) * 100));
    const half = live.filter((_, i) => i % 2 === 0);
    for (const [i, block] of live.entries()) if (i % 2 === 1) block.dispose();
    judge(books, memory, { live: new Map(half.map((block) => [block.id, block.bytes])) });
    for (const block of half) block.dispose();
    pool.trim();
    assert.equal(memory.slabs.size, 0);
  });
});

describe("lifetimes", () => {
  test("disposing twice is harmless, even when another block has the row", () => {
    const { pool } = newPool();
    const first = pool.allocate(1000);
    first.dispose();
    const second = pool.allocate(1000);
    assert.equal(second.id, first.id);
    first.dispose();
    pool.free(first);
    assert.equal(first.disposed, true);
    assert.equal(second.disposed, false);
    assert.equal(pool.stats().liveBlocks, 1);
  });

  test("use after dispose names block, tag and cell", () => {
    const { pool } = newPool();
    lineWord[0] = 7;
    const block = runInCell(14, () => pool.allocate(1000, { tag: "acts" }));
    block.dispose();
    assert.throws(
      () => pool.place(block),
      (error: CenoteError) => {
        assert.equal(error.code, "DISPOSED");
        assert.match(error.message, new RegExp(`block ${block.id} "acts" .*cell \\[14\\] line 7`));
        return true;
      },
    );
  });

  test("a block of another pool is refused", () => {
    const block = newPool().pool.allocate(10);
    assert.throws(() => newPool().pool.place(block), code("FOREIGN_BLOCK"));
  });

  test("using disposes at the end of its block", () => {
    const { pool } = newPool();
    {
      using block = pool.allocate(10);
      assert.equal(block.disposed, false);
      assert.equal(pool.stats().liveBlocks, 1);
    }
    assert.equal(pool.stats().liveBlocks, 0);
  });

  test("a dropped handle is given back after garbage collection, and counted", async () => {
    const { pool, books } = newPool();
    const kept = pool.allocate(512);
    (() => {
      for (let i = 0; i < 100; i++) pool.allocate(1024);
    })();
    assert.equal(pool.stats().liveBlocks, 101);
    const collect = (await gc()) as () => void;
    while (books.counters[COUNTER.liveBlocks]! > 1) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(pool.stats().collected, 100);
    assert.equal(kept.disposed, false);
  });

  test("a disposed handle that is collected does not free the block that has its row", async () => {
    const { pool } = newPool();
    const registry = { collected: false };
    const witness = new FinalizationRegistry(() => {
      registry.collected = true;
    });
    (() => {
      const block = pool.allocate(1024);
      witness.register(block, 0);
      block.dispose();
    })();
    const second = pool.allocate(1024);
    const collect = (await gc()) as () => void;
    while (!registry.collected) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(second.disposed, false);
    assert.equal(pool.stats().collected, 0);
  });

  test("two pools do not keep the same books", () => {
    const { pool, books, memory } = newPool();
    pool.allocate(100);
    assert.throws(() => new Pool(new SimulatedMemory(), { books }), code("BOOKS_TAKEN"));
    pool.close();
    assert.equal(memory.slabs.size, 0);
    assert.equal(new Pool(new SimulatedMemory(), { books }).stats().live, 0);
    assert.throws(() => pool.allocate(1), code("POOL_CLOSED"));
  });
});

/** The garbage collector, which Node exposes by a flag that can be set late. */
async function gc(): Promise<unknown> {
  const v8 = await import("node:v8");
  const vm = await import("node:vm");
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}

describe("scopes", () => {
  test("a sync scope disposes what was allocated inside but its result", () => {
    const { pool } = newPool();
    const outside = pool.allocate(1);
    let inner: Block | undefined;
    const result = pool.scope(() => {
      inner = pool.allocate(2);
      return { deep: [new Map([["x", pool.allocate(3)]])], bytes: 3 };
    });
    assert.equal(inner!.disposed, true);
    assert.equal(result.deep[0]!.get("x")!.disposed, false);
    assert.equal(outside.disposed, false);
  });

  test("objects say which blocks they own", () => {
    const { pool } = newPool();
    class Column {
      #block = pool.allocate(100);
      *[BLOCKS]() {
        yield this.#block;
      }
      get block() {
        return this.#block;
      }
    }
    const column = pool.scope(() => {
      new Column();
      return new Column();
    });
    assert.equal(column.block.disposed, false);
    assert.equal(pool.stats().liveBlocks, 1);
  });

  test("an async scope covers its awaits, and blocks allocated beside it are not its own", async () => {
    const { pool } = newPool();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = pool.scope(async () => {
      const early = pool.allocate(1);
      await gate;
      const late = pool.allocate(2);
      return { early, keptOut: late.id };
    });
    const beside = pool.allocate(3);
    release();
    const { early } = await running;
    assert.equal(early.disposed, false);
    assert.equal(beside.disposed, false);
    assert.equal(pool.stats().liveBlocks, 2);
  });

  test("a scope that throws disposes all", async () => {
    const { pool } = newPool();
    const fail = () => {
      pool.allocate(1);
      throw new Error("no");
    };
    assert.throws(() => pool.scope(fail), /no/);
    await assert.rejects(
      pool.scope(async () => fail()),
      /no/,
    );
    assert.equal(pool.stats().liveBlocks, 0);
  });

  test("a nested scope's result passes to the scope around it", () => {
    const { pool } = newPool();
    let passed: Block | undefined;
    pool.scope(() => {
      passed = pool.scope(() => pool.allocate(1));
      assert.equal(passed.disposed, false);
    });
    assert.equal(passed!.disposed, true);
  });

  test("keep takes a block out of all scopes", () => {
    const { pool } = newPool();
    let kept: Block | undefined;
    pool.scope(() => {
      pool.scope(() => {
        kept = pool.keep(pool.allocate(1));
        pool.allocate(2);
      });
    });
    assert.equal(kept!.disposed, false);
    assert.equal(pool.stats().liveBlocks, 1);
  });

  test("the scopes of a terminated cell are ended by its number", () => {
    const { pool } = newPool();
    void runInCell(5, () =>
      pool.scope(() => {
        pool.allocate(1);
        return new Promise(() => {}); // never ends, as if the cell had been terminated here
      }),
    );
    void runInCell(6, () =>
      pool.scope(() => {
        pool.allocate(2);
        return new Promise(() => {});
      }),
    );
    pool.recover(5);
    assert.equal(pool.stats().liveBlocks, 1);
    assert.equal(pool.stats().requested, 2);
  });
});

describe("budget", () => {
  test("the error says what was wanted, what there is, what was tried and who holds it", () => {
    const { pool, books, memory } = newPool({ budget: "1 MiB", slabBytes: 256 * KIB });
    lineWord[0] = 7;
    const acts = runInCell(14, () => [1, 2].map(() => pool.allocate(200 * KIB, { tag: "acts" })));
    const small = [1, 2, 3, 4, 5, 6].map((n) => pool.allocate(n * 256, { tag: `t${n}` }));
    pool.allocate(250 * KIB).dispose();
    lineWord[0] = 3;
    assert.throws(
      () => runInCell(18, () => pool.allocate(700 * KIB, { what: "matmul output f32[8192]" })),
      (error: unknown) => {
        assert.ok(error instanceof OutOfPoolMemory);
        const text = error.message;
        assert.match(
          text,
          /wanted 700 KiB \(716800 B\) for matmul output f32\[8192\] \(cell \[18\] line 3\)/,
        );
        assert.match(
          text,
          /budget 1 MiB: live 405 KiB, free 619 KiB \(largest hole 56 KiB; reserved 512 KiB\)/,
        );
        assert.match(text, /tried: trimmed 1 empty slab \(256 KiB\)/);
        assert.match(text, /held by: acts × 2 400 KiB \(cell \[14\] line 7\) · t6 1\.5 KiB/);
        assert.match(text, / · …/);
        assert.match(text, /every tensor is intact/);
        assert.match(error.mend ?? "", /dispose/i);
        return true;
      },
    );
    const live = [...acts, ...small];
    judge(books, memory, { live: new Map(live.map((block) => [block.id, block.bytes])) });
  });

  test("a request beyond the whole budget says so, and the pool serves on", () => {
    const { pool } = newPool({ budget: "1 MiB" });
    assert.throws(
      () => pool.allocate(2 * MIB),
      (error: OutOfPoolMemory) => /larger than the whole budget/.test(error.mend ?? ""),
    );
    assert.equal(pool.allocate(1 * MIB).bytes, MIB);
  });

  test("what is reserved never passes the budget, and slabs shrink to what is left of it", () => {
    const { pool, memory } = newPool({ budget: 100 * MIB, slabBytes: 64 * MIB });
    pool.allocate(40 * MIB);
    pool.allocate(36 * MIB);
    assert.deepEqual([...memory.slabs.values()], [64 * MIB, 36 * MIB]);
    assert.equal(pool.stats().reserved, 100 * MIB);
  });

  test("lowering the budget gives empty slabs back; text and bytes are understood", () => {
    const { pool, memory } = newPool({ budget: "1 GiB", slabBytes: MIB });
    const blocks = [1, 2, 3, 4].map(() => pool.allocate(MIB));
    for (const block of blocks.slice(1)) block.dispose();
    assert.equal(memory.slabs.size, 4);
    pool.budget = "2 MiB";
    assert.equal(memory.slabs.size, 2);
    pool.budget = 100;
    assert.equal(pool.stats().reserved, MIB);
    assert.equal(blocks[0]!.disposed, false);
    assert.throws(() => {
      pool.budget = "much";
    }, code("BAD_SIZE"));
    assert.equal(pool.budget, 100);
  });

  test("empty slabs beyond keepEmpty go back by themselves, the rest by trim", () => {
    const { pool, memory } = newPool({ slabBytes: MIB, keepEmpty: 2 * MIB });
    for (const block of [1, 2, 3, 4, 5].map(() => pool.allocate(MIB))) block.dispose();
    assert.equal(memory.slabs.size, 2);
    assert.equal(pool.trim(), 2 * MIB);
    assert.equal(pool.stats().reserved, 0);
  });

  test("when the memory itself refuses, a smaller slab is tried, then the refusal is told", () => {
    const { pool } = newPool({ budget: "1 GiB" }, new SimulatedMemory({ capacity: 10 * MIB }));
    const kept = pool.allocate(8 * MIB);
    assert.throws(() => pool.allocate(4 * MIB), /the memory refused: .*2 MiB left, wanted 4 MiB/);
    assert.equal(kept.disposed, false);
    assert.equal(pool.allocate(2 * MIB).bytes, 2 * MIB);
  });
});

describe("statistics and attribution", () => {
  test("peaks, counts and fragmentation", () => {
    const { pool } = newPool({ slabBytes: MIB });
    const blocks = Array.from({ length: 16 }, () => pool.allocate(64 * KIB));
    for (const [i, block] of blocks.entries()) if (i % 2 === 1) block.dispose();
    const stats = pool.stats();
    assert.deepEqual(
      [stats.live, stats.peakLive, stats.reserved, stats.peakReserved],
      [512 * KIB, MIB, MIB, MIB],
    );
    assert.deepEqual([stats.allocations, stats.frees, stats.liveBlocks], [16, 8, 8]);
    assert.equal(stats.largestFree, 64 * KIB);
    assert.equal(stats.fragmentation, 1 - 1 / 8);
  });

  test("holders are grouped by tag, cell and line", () => {
    const { pool } = newPool();
    lineWord[0] = 3;
    runInCell(2, () => {
      pool.allocate(1000, { tag: "a" });
      pool.allocate(1000, { tag: "a" });
      lineWord[0] = 4;
      pool.allocate(100, { tag: "a" });
    });
    assert.deepEqual(pool.holders(), [
      { tag: "a", cell: 2, line: 3, blocks: 2, bytes: 2048 },
      { tag: "a", cell: 2, line: 4, blocks: 1, bytes: 256 },
    ]);
    assert.equal(pool.holders(1).length, 1);
  });
});

describe("interrupts", () => {
  const { pool, books, memory } = newPool();
  afterEach(() => {
    books.control[CONTROL.stop] = 0;
  });

  test("an allocation ends with Interrupted when the stop word is up, and holds nothing", () => {
    const kept = pool.allocate(100);
    Atomics.store(books.control, CONTROL.stop, 1);
    assert.throws(() => pool.allocate(100), Interrupted);
    assert.throws(() => pool.allocate(100, { zeroed: true }), Interrupted);
    judge(books, memory, { live: new Map([[kept.id, 100]]) });
    kept.dispose(); // dispose never throws: it runs in `finally` and `using`
    judge(books, memory, { live: new Map() });
  });

  test("the sequence word is odd inside an operation and even after it, thrown out of or not", () => {
    const sequence = () => books.control[CONTROL.sequence]! % 2;
    assert.equal(pool.operation(sequence), 1);
    assert.throws(() =>
      pool.operation(() => {
        throw new Error("inside");
      }),
    );
    assert.equal(sequence(), 0);
  });
});
