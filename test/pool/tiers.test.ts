// Blocks that leave their slabs for host memory and disk, on memory whose bytes can be looked at.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import {
  CenoteError,
  CONTROL,
  COUNTER,
  OutOfPoolMemory,
  openBooks,
} from "../../kernel/src/base/index.ts";
import { type Block, Pool, type PoolOptions } from "../../kernel/src/pool/index.ts";
import { ByteMemory } from "./byte-memory.ts";
import { judge } from "./judge.ts";

const KIB = 1024;
const code = (wanted: string) => (error: unknown) =>
  error instanceof CenoteError && error.code === wanted;

const parent = mkdtempSync(join(tmpdir(), "cenote-tiers-"));
process.env["CENOTE_SPILL_DIR"] = parent;
after(() => rmSync(parent, { recursive: true, force: true }));

function poolOf(options: PoolOptions = {}) {
  const memory = new ByteMemory();
  const books = openBooks();
  const tiers = { host: 1024 * KIB, disk: 0 };
  const pool = new Pool(memory, { books, budget: 64 * KIB, tiers, collect: false, ...options });
  return { memory, pool, books };
}

function fill({ pool, memory }: { pool: Pool; memory: ByteMemory }, block: Block, value: number) {
  memory.view(pool.place(block)).subarray(0, block.bytes).fill(value);
}

function holds({ pool, memory }: { pool: Pool; memory: ByteMemory }, block: Block, value: number) {
  const found = memory.view(pool.place(block)).subarray(0, block.bytes);
  assert.deepEqual([found.length, found.findIndex((byte) => byte !== value)], [block.bytes, -1]);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** `count` blocks of `bytes` bytes, each full of its number from 1 on. */
function filled(on: { pool: Pool; memory: ByteMemory }, count: number, bytes: number): Block[] {
  return Array.from({ length: count }, (_, i) => {
    const block = on.pool.allocate(bytes, { tag: `b${i + 1}` });
    fill(on, block, i + 1);
    return block;
  });
}

test("four times the budget is live, and comes back equal", async () => {
  const on = poolOf();
  const blocks = filled(on, 16, 16 * KIB);
  const { pool } = on;
  assert.equal(pool.stats().liveBlocks, 16);
  assert.ok(pool.stats().reserved <= 64 * KIB);
  assert.equal(pool.stats().live + pool.stats().spilled, 16 * 16 * KIB);
  for (const [i, block] of blocks.entries()) {
    await pool.residence.use([block], () => holds(on, block, i + 1));
  }
  assert.ok(pool.stats().fetches >= 12);
  for (const block of blocks) block.dispose();
  assert.deepEqual([pool.stats().spilled, on.memory.copies, pool.stats().live], [0, 0, 0]);
  using whole = pool.allocate(64 * KIB);
  assert.equal(pool.stats().live, whole.bytes);
});

test("the block used longest ago leaves first; a pinned one stays", async () => {
  const on = poolOf();
  const { pool } = on;
  const [a, b, c, d] = filled(on, 4, 16 * KIB) as [Block, Block, Block, Block];
  pool.residence.ensure([a]);
  pool.place(a); // used again
  pool.pin(b);
  pool.allocate(16 * KIB);
  const away = [a, b, c, d].map((block) => pool.residence.isAway(block));
  assert.deepEqual(away, [false, false, true, false]);
  pool.allocate(16 * KIB);
  assert.equal(pool.residence.isAway(d), true);
});

test("a block comes back into the place that was given back last", async () => {
  const on = poolOf();
  const { pool } = on;
  const blocks = filled(on, 8, 16 * KIB);
  for (let round = 0; round < 3; round++) {
    pool.allocate(16 * KIB).dispose();
    await pool.residence.use([blocks[0]!], () => holds(on, blocks[0]!, 1));
    filled(on, 4, 16 * KIB).forEach((block) => {
      block.dispose();
    });
  }
  for (const block of blocks) block.dispose();
  judge(on.books, on.memory, { live: new Map() });
});

test("of equally old blocks the largest leaves", () => {
  const on = poolOf();
  const { pool } = on;
  const small = pool.allocate(8 * KIB);
  const large = pool.allocate(32 * KIB);
  const rest = pool.allocate(24 * KIB);
  pool.residence.ensure([small, large]); // one use of both
  for (const block of [small, large]) fill(on, block, 1);
  pool.residence.ensure([rest]);
  fill(on, rest, 2);
  pool.allocate(8 * KIB);
  assert.deepEqual([pool.residence.isAway(small), pool.residence.isAway(large)], [false, true]);
});

test("a block that nobody wrote to leaves without a copy", async () => {
  const on = poolOf();
  const { pool, memory } = on;
  const blocks = Array.from({ length: 12 }, () => pool.allocate(16 * KIB));
  assert.deepEqual([memory.copies, pool.stats().spilled], [0, 8 * 16 * KIB]);
  await pool.residence.use([blocks[0]!], () => fill(on, blocks[0]!, 7));
  holds(on, blocks[0]!, 7);
  for (const block of blocks) block.dispose();
  assert.equal(pool.stats().spilled, 0);
});

test("blocks that nobody wrote to are bounded by the budgets of device, host and disk", async () => {
  for (const [tiers, most, reason] of [
    [{ host: 0, disk: 1024 * KIB }, 4, /no budget for spilled blocks/],
    [{ host: 100 * KIB, disk: 0 }, 10, /host memory .* is full.*no budget for disk/],
    [{ host: 100 * KIB, disk: 200 * KIB }, 22, /host memory .* is full.*budget for disk is spent/],
  ] as const) {
    const on = poolOf({ tiers });
    const { pool } = on;
    const blocks: Block[] = [];
    assert.throws(
      () => {
        for (;;) blocks.push(pool.allocate(16 * KIB));
      },
      (error: Error) => error instanceof OutOfPoolMemory && reason.test(error.message),
    );
    assert.equal(blocks.length, most);
    const { live, spilled, disk } = pool.stats();
    assert.equal(live + spilled + disk, most * 16 * KIB);
    // All of it is full, and each can still be used; what is given back is there again.
    if (tiers.host > 0) await pool.residence.use([blocks[0]!], () => fill(on, blocks[0]!, 7));
    blocks.splice(1, 2).forEach((block) => {
      block.dispose();
    });
    blocks.push(pool.allocate(16 * KIB), pool.allocate(16 * KIB));
    assert.throws(() => pool.allocate(16 * KIB), OutOfPoolMemory);
    if (tiers.host > 0) await pool.residence.use([blocks[0]!], () => holds(on, blocks[0]!, 7));
    for (const block of blocks) block.dispose();
    const after = pool.stats();
    assert.deepEqual([after.live, after.spilled, after.disk, on.memory.copies], [0, 0, 0, 0]);
  }
});

test("a zeroed block is not blank", async () => {
  const on = poolOf();
  const block = on.pool.allocate(16 * KIB, { zeroed: true });
  filled(on, 4, 16 * KIB);
  assert.equal(on.pool.residence.isAway(block), true);
  await on.pool.residence.use([block], () => holds(on, block, 0));
});

test("without a budget for it nothing leaves, and the error says so", () => {
  const on = poolOf({ tiers: { host: 20 * KIB, disk: 0 } });
  filled(on, 5, 16 * KIB);
  assert.throws(
    () => on.pool.allocate(16 * KIB),
    (error: Error) =>
      error instanceof OutOfPoolMemory &&
      /could spill no more: host memory for spilled blocks is full \(20 KiB\); there is no budget for disk/.test(
        error.message,
      ),
  );
});

test("bytes that are on their way are waited for, and a synchronous use says so", async () => {
  const on = poolOf();
  on.memory.arrival = "told";
  const { pool, memory } = on;
  const [first] = filled(on, 8, 16 * KIB) as [Block];
  assert.throws(() => pool.place(first), code("NOT_RESIDENT"));
  assert.throws(() => pool.residence.ensure([first]), code("NOT_RESIDENT"));
  let done = false;
  const use = pool.residence.use([first], () => {
    done = true;
    holds(on, first, 1);
  });
  const into = new Uint8Array(100);
  const read = pool.residence.read(first, 50, into);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(done, false);
  memory.arrive();
  await Promise.all([use, read]);
  assert.deepEqual(into, new Uint8Array(100).fill(1));
});

test("a block that is disposed while it is away leaves nothing; who waited for it is told", async () => {
  const on = poolOf();
  on.memory.arrival = "told";
  const { pool, memory } = on;
  const blocks = filled(on, 8, 16 * KIB);
  const away = blocks.filter((block) => pool.residence.isAway(block));
  const use = pool.residence.use([away[0]!], () => {});
  const told = assert.rejects(use, code("DISPOSED"));
  for (const block of away) block.dispose();
  memory.arrive();
  await told;
  assert.deepEqual([memory.copies, pool.stats().spilled], [0, 0]);
});

test("held blocks stay; what else is live must make room, and fails by name when it can't", async () => {
  const on = poolOf();
  const { pool } = on;
  const blocks = filled(on, 8, 16 * KIB);
  const hold = await pool.residence.hold(blocks.slice(0, 3));
  for (const block of filled(on, 6, 16 * KIB)) block.dispose();
  blocks.slice(0, 3).forEach((block, i) => {
    holds(on, block, i + 1);
  });
  await assert.rejects(pool.residence.hold(blocks.slice(3, 6)), OutOfPoolMemory);
  hold.release();
  hold.release();
  using again = await pool.residence.hold(blocks.slice(3, 6));
  blocks.slice(3, 6).forEach((block, i) => {
    holds(on, block, i + 4);
  });
  void again;
});

test("tasks that each need most of the device take turns", async () => {
  const on = poolOf();
  const blocks = filled(on, 12, 16 * KIB);
  const task = async (from: number) => {
    for (let round = 0; round < 20; round++) {
      const mine = blocks.slice(from, from + 4);
      await on.pool.residence.use(mine, () => {
        mine.forEach((block, i) => {
          holds(on, block, from + i + 1);
        });
      });
    }
  };
  await Promise.all([task(0), task(4), task(8)]);
});

test("beyond the host's budget blocks lie on disk, in files that only we can read", async () => {
  const on = poolOf({ tiers: { host: 64 * KIB, disk: 1024 * KIB } });
  const { pool } = on;
  const blocks: Block[] = [];
  for (let i = 0; i < 24; i++) {
    const block = await pool.residence.allocate(16 * KIB);
    fill(on, block, i + 1);
    blocks.push(block);
  }
  const { live, spilled, disk } = pool.stats();
  assert.equal(live + spilled + disk, 24 * 16 * KIB);
  assert.ok(spilled <= 64 * KIB && disk > 0);
  const [folder] = readdirSync(parent);
  assert.equal(statSync(join(parent, folder!)).mode & 0o777, 0o700);
  const [file] = readdirSync(join(parent, folder!));
  assert.equal(statSync(join(parent, folder!, file!)).mode & 0o777, 0o600);
  const into = new Uint8Array(new SharedArrayBuffer(100));
  await pool.residence.read(blocks[0]!, 16 * KIB - 100, into);
  assert.deepEqual([...into], Array(100).fill(1));
  for (const [i, block] of blocks.entries()) {
    await pool.residence.use([block], () => holds(on, block, i + 1));
  }
  pool.close();
  assert.equal(existsSync(join(parent, folder!)), false);
  await until(() => on.memory.copies === 0); // a file may have been in the making
});

test("a disk that refuses loses nothing, and the error says why", async () => {
  const on = poolOf({ tiers: { host: 64 * KIB, disk: 32 * KIB } });
  const { pool } = on;
  const blocks = filled(on, 8, 16 * KIB);
  const more = async () => {
    for (let i = 8; i < 12; i++) {
      const block = await pool.residence.allocate(16 * KIB);
      fill(on, block, i + 1);
      blocks.push(block);
    }
  };
  await assert.rejects(more(), /the budget for disk is spent \(32 KiB\)/);
  assert.ok(blocks.length >= 10);
  for (const [i, block] of blocks.entries()) {
    await pool.residence.use([block], () => holds(on, block, i + 1));
  }
  pool.close();
  process.env["CENOTE_SPILL_DIR"] = "/proc/none";
  try {
    const nowhere = poolOf({ tiers: { host: 16 * KIB, disk: 1024 * KIB } });
    filled(nowhere, 5, 16 * KIB);
    await assert.rejects(nowhere.pool.residence.allocate(16 * KIB), /the disk refused: E/);
  } finally {
    process.env["CENOTE_SPILL_DIR"] = parent;
  }
});

test("a termination inside an operation leaves tiers whole, and lets the next turn go on", async () => {
  const on = poolOf();
  on.memory.arrival = "told";
  const { pool, memory, books } = on;
  const blocks = filled(on, 8, 16 * KIB);
  const cut = pool.residence.use([blocks[0]!], () => {}); // its cell is terminated while it waits
  books.control[CONTROL.sequence]! += 1;
  pool.recover(1);
  memory.arrival = "now";
  memory.arrive();
  await cut;
  for (const [i, block] of blocks.entries()) {
    await pool.residence.use([block], () => holds(on, block, i + 1));
  }
  for (const block of blocks) block.dispose();
  assert.deepEqual([memory.copies, books.counters[COUNTER.spilledBytes]], [0, 0]);
});

test("prefetched blocks are back before they are used, where that takes no other's room", async () => {
  const on = poolOf();
  const { pool } = on;
  const blocks = filled(on, 8, 16 * KIB);
  const away = () => blocks.slice(0, 2).map((block) => pool.residence.isAway(block));
  pool.residence.prefetch(blocks.slice(0, 2));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(away(), [true, true]);
  blocks[7]!.dispose();
  pool.residence.prefetch(blocks.slice(0, 2));
  await until(() => !away()[0]);
  assert.deepEqual(away(), [false, true]);
});

function outOfMemory(error: unknown): undefined {
  assert.ok(error instanceof OutOfPoolMemory, String(error));
}

type Step =
  | { allocate: number }
  | { use: number[] }
  | { dispose: number }
  | { read: number }
  | { wait: true };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ allocate: fc.nat(20 * KIB) }) },
  {
    weight: 5,
    arbitrary: fc.record({ use: fc.array(fc.nat(1000), { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ dispose: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.record({ read: fc.nat(1000) }) },
  { weight: 2, arbitrary: fc.constant({ wait: true as const }) },
);

test("any sequence of uses, with copies that arrive late and files, keeps every block's bytes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom({ host: 1024 * KIB, disk: 0 }, { host: 96 * KIB, disk: 1024 * KIB }),
      async (steps, tiers) => {
        const on = poolOf({ tiers });
        const { pool, memory } = on;
        memory.arrival = "later";
        const live: { block: Block; value: number }[] = [];
        const pending: Promise<unknown>[] = [];
        let value = 0;
        for (const step of steps) {
          const model = new Map(live.map(({ block }) => [block.id, block.bytes]));
          judge(pool.books, memory, { live: model });
          if ("allocate" in step) {
            const block = await pool.residence.allocate(step.allocate).catch(outOfMemory);
            if (!block) continue;
            const made = { block, value: ++value % 251 };
            fill(on, made.block, made.value);
            live.push(made);
          } else if ("wait" in step) await new Promise((resolve) => setImmediate(resolve));
          else if ("dispose" in step) {
            if (live.length > 0) live.splice(step.dispose % live.length, 1)[0]!.block.dispose();
          } else if ("read" in step) {
            const one = live[step.read % Math.max(live.length, 1)];
            if (one && pool.residence.isAway(one.block)) {
              const into = new Uint8Array(one.block.bytes);
              const wanted = new Uint8Array(one.block.bytes).fill(one.value);
              pending.push(
                pool.residence.read(one.block, 0, into).then(() => assert.deepEqual(into, wanted)),
              );
            }
          } else {
            const some = [...new Set(step.use.map((n) => live[n % Math.max(live.length, 1)]))];
            const mine = some.filter((one) => one !== undefined);
            const use = pool.residence.use(
              mine.map(({ block }) => block),
              () => {
                for (const { block, value } of mine) holds(on, block, value);
              },
            );
            pending.push(use.catch((error) => assert.ok(code("DISPOSED")(error), String(error))));
          }
        }
        await Promise.all(pending);
        for (const { block, value } of live) {
          await pool.residence.use([block], () => holds(on, block, value));
        }
        for (const { block } of live) block.dispose();
        pool.close();
        await until(() => memory.copies === 0);
        assert.deepEqual(
          [
            memory.copies,
            pool.books.counters[COUNTER.spilledBytes],
            pool.books.counters[COUNTER.diskBytes],
          ],
          [0, 0, 0],
        );
      },
    ),
    { numRuns: 40 },
  );
});
