// Blocks that don't fit the device: on a real one, with host memory and disk behind it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import {
  CenoteError,
  CONTROL,
  COUNTER,
  Interrupted,
  OutOfPoolMemory,
} from "../../kernel/src/base/index.ts";
import { col, count, sum, tableToGpu } from "../../kernel/src/compute/index.ts";
import type { Block } from "../../kernel/src/pool/index.ts";

const parent = mkdtempSync(join(tmpdir(), "cenote-spill-test-"));
process.env["CENOTE_SPILL_DIR"] = parent;
after(() => rmSync(parent, { recursive: true, force: true }));
const { addKernel, gpu, scoped, words } = await import("./open.ts");

/** Bytes of a block in most of these tests. */
const UNIT = 2 ** 18;
const GENEROUS = { budget: gpu.pool.budget, tiers: gpu.pool.tiers };

/** Runs `body` with a small device, in error scopes; at its end nothing is kept anywhere. */
function small(
  name: string,
  { budget = 16 * UNIT, host = 512 * UNIT, disk = 0 },
  body: () => Promise<void>,
): void {
  test(name, async () => {
    gpu.pool.trim();
    gpu.pool.budget = budget;
    gpu.pool.tiers = { host, disk };
    try {
      await scoped(body);
    } finally {
      gpu.pool.budget = GENEROUS.budget;
      gpu.pool.tiers = GENEROUS.tiers;
    }
    const { spilled, disk: onDisk } = gpu.pool.stats();
    assert.deepEqual([spilled, onDisk], [0, 0]);
  });
}

const pattern = (length: number, seed: number) =>
  Uint32Array.from({ length }, (_, i) => Math.imul(i + seed * 7919, 2654435761));

async function same(block: Block, wanted: Uint32Array): Promise<void> {
  const [bytes] = await gpu.read([{ block }]);
  assert.equal(Buffer.compare(bytes!, new Uint8Array(wanted.buffer)), 0);
}

/** Blocks of one unit, each with its own words. */
async function filled(count: number): Promise<Block[]> {
  const blocks: Block[] = [];
  for (let i = 0; i < count; i++) {
    const block = await gpu.allocateAsync(UNIT, { tag: `part ${i}` });
    await gpu.upload([{ block, data: pattern(UNIT / 4, i) }]);
    blocks.push(block);
  }
  return blocks;
}

/** Adds 1 + its number to every word of every block, twice over, and checks all words. */
async function compute(blocks: readonly Block[]): Promise<void> {
  const kernel = addKernel();
  for (const round of [1, 2]) {
    for (const [i, block] of blocks.entries()) {
      const params = Uint32Array.of(round * 1000 + i, 0, 0, 0);
      await gpu.dispatchAsync(kernel, {
        bindings: [{ block }],
        params,
        workgroups: [UNIT / 4 / 64],
      });
    }
  }
  for (const [i, block] of blocks.entries()) {
    await same(
      block,
      pattern(UNIT / 4, i).map((word) => word + 3000 + 2 * i),
    );
  }
}

small("a computation over four times the device is byte-equal", {}, async () => {
  const blocks = await filled(64);
  const { reserved, live, spilled, spills } = gpu.pool.stats();
  assert.ok(reserved <= 16 * UNIT && spills >= 48);
  assert.equal(live + spilled, 64 * UNIT);
  await compute(blocks);
});

small("the same with most of it on disk", { host: 16 * UNIT, disk: 256 * UNIT }, async () => {
  const blocks = await filled(64);
  const { live, spilled, disk } = gpu.pool.stats();
  assert.equal(live + spilled + disk, 64 * UNIT);
  assert.ok(disk >= 24 * UNIT, `${disk} bytes are on disk`);
  await compute(blocks);
});

small("a synchronous loop spills and fetches within the host's budget", {}, async () => {
  const blocks = await filled(32);
  const fresh = Array.from({ length: 32 }, () => gpu.allocate(UNIT));
  for (const block of fresh) gpu.zero({ block });
  const kernel = addKernel();
  await gpu.resident(blocks.slice(0, 4));
  for (const block of blocks.slice(0, 4)) {
    const params = Uint32Array.of(5, 0, 0, 0);
    gpu.dispatch(kernel, { bindings: [{ block }], params, workgroups: [UNIT / 4 / 64] });
  }
  for (const block of fresh) await same(block, new Uint32Array(UNIT / 4));
  for (const [i, block] of blocks.entries()) {
    const more = i < 4 ? 5 : 0;
    await same(
      block,
      pattern(UNIT / 4, i).map((word) => word + more),
    );
  }
});

small(
  "a block on disk can't be used at once, and the error names it",
  { host: 4 * UNIT, disk: 256 * UNIT },
  async () => {
    const blocks = await filled(32);
    const on = (block: Block) => gpu.zero({ block, bytes: 4 });
    assert.throws(
      () => on(blocks[0]!),
      (error) =>
        error instanceof CenoteError &&
        error.code === "NOT_RESIDENT" &&
        /block \d+ "part 0" .* spilled to disk/.test(error.message),
    );
    await gpu.resident([blocks[0]!]);
    on(blocks[0]!);
  },
);

small("copies between blocks, each of which was away", {}, async () => {
  const blocks = await filled(40);
  await gpu.resident([blocks[0]!, blocks[39]!]);
  gpu.copy({ block: blocks[0]! }, { block: blocks[39]! });
  await filled(16);
  await same(blocks[39]!, pattern(UNIT / 4, 0));
});

small("what is read is the state at the call, on whichever tier the block is", {}, async () => {
  const [first, ...rest] = await filled(40);
  assert.equal(gpu.pool.residence.isAway(first!), true);
  const before = words({ block: first! });
  await gpu.resident([first!]);
  gpu.zero({ block: first! });
  assert.deepEqual((await before).slice(0, 4), pattern(4, 0));
  await same(first!, new Uint32Array(UNIT / 4));
  for (const block of rest) block.dispose();
});

small("held blocks are not spilled; too many of them are refused", {}, async () => {
  const blocks = await filled(32);
  const hold = await gpu.hold(blocks.slice(0, 12));
  await assert.rejects(gpu.hold(blocks.slice(12, 24)), OutOfPoolMemory);
  assert.deepEqual(
    blocks.slice(0, 12).map((block) => gpu.pool.residence.isAway(block)),
    Array(12).fill(false),
  );
  hold.release();
  (await gpu.hold(blocks.slice(12, 24))).release();
});

small("disposing while bytes are on their way leaves nothing", {}, async () => {
  const blocks = await filled(40);
  const reads = blocks.slice(0, 4).map((block) => words({ block }));
  const uses = blocks.slice(0, 8).map((block) => gpu.resident([block]).catch((error) => error));
  for (const block of blocks) block.dispose();
  const found = await Promise.all(reads);
  found.forEach((read, i) => {
    assert.deepEqual(read.slice(0, 4), pattern(4, i));
  });
  await Promise.all(uses);
  assert.equal(gpu.pool.books.counters[COUNTER.spilledBytes], 0);
});

small("an interrupt while blocks come and go loses nothing", {}, async () => {
  const blocks = await filled(40);
  const { control } = gpu.pool.books;
  control[CONTROL.stop] = 1;
  try {
    await assert.rejects(gpu.resident(blocks.slice(0, 4)), Interrupted);
    assert.throws(() => gpu.allocate(UNIT), Interrupted);
  } finally {
    control[CONTROL.stop] = 0;
  }
  gpu.pool.recover(99);
  for (const [i, block] of blocks.entries()) await same(block, pattern(UNIT / 4, i));
});

small(
  "queries at once over tables of four times the device answer as in memory",
  { budget: 24 * UNIT, host: 64 * UNIT, disk: 512 * UNIT },
  async () => {
    const rows = 750_000;
    const values = Int32Array.from({ length: rows }, (_, i) => (i * 7919) % 10_007);
    const keys = Int32Array.from({ length: rows }, (_, i) => i % 37);
    const wide = Float64Array.from({ length: rows }, (_, i) => i / 3);
    const table = new arrow.Table({
      key: arrow.makeVector(keys),
      value: arrow.makeVector(values),
      wide: arrow.makeVector(wide),
      again: arrow.makeVector(wide.slice().reverse()),
      more: arrow.makeVector(wide.map((x) => x * 2)),
    });
    const query = async (budget: number) => {
      gpu.pool.budget = budget;
      using t = await tableToGpu(gpu, table, { chunkRows: 25_000 });
      const filtered = t.filter(col("value").gt(9000));
      const groups = t.groupBy("key").agg({ n: count(), total: sum("value"), wide: sum("wide") });
      const columns = t.select("key", { x: col("wide").add(col("more")) }).filter(col("x").gt(7e5));
      const answers = await Promise.all([filtered.toArrow(), groups.toArrow(), columns.toArrow()]);
      answers.push(await t.toArrow());
      return answers.map((answer) => arrow.tableToIPC(answer));
    };
    const bytes = rows * 32;
    assert.ok(bytes > 3.8 * gpu.pool.budget);
    const { fetches } = gpu.pool.stats();
    const found = await query(gpu.pool.budget);
    assert.ok(gpu.pool.stats().fetches > fetches);
    gpu.pool.tiers = { host: 0, disk: 0 };
    const wanted = await query(GENEROUS.budget);
    for (const [i, answer] of found.entries()) assert.equal(Buffer.compare(answer, wanted[i]!), 0);
  },
);

test("a killed process's folder is swept by the next one, a living one's is not", async () => {
  const folder = join(parent, "crash");
  const child = () =>
    spawn(process.execPath, [new URL("./spill-child.ts", import.meta.url).pathname], {
      env: {
        ...process.env,
        CENOTE_SPILL_DIR: folder,
        CENOTE_BUDGET: "16 MiB",
        CENOTE_HOST_BUDGET: "4 MiB",
        CENOTE_DISK_BUDGET: "256 MiB",
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
  const ready = async (one: ReturnType<typeof child>) => {
    const [text] = await once(one.stdout!, "data");
    assert.equal(String(text).trim(), "on disk");
    return readdirSync(folder);
  };
  const killed = child();
  const [left] = await ready(killed);
  killed.kill("SIGKILL");
  await once(killed, "exit");
  assert.ok(readdirSync(join(folder, left!)).length > 0);
  const second = child();
  const mine = await ready(second);
  assert.equal(mine.length, 1);
  assert.notEqual(mine[0], left);
  const third = child();
  assert.equal((await ready(third)).length, 2);
  for (const one of [second, third]) {
    one.stdin!.end();
    const [exit] = await once(one, "exit");
    assert.equal(exit, 0);
  }
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(existsSync(folder), true);
});
