// Blocks that move on the device: each rule of docs/memory.md, "Moving". What is recorded, staged, being read,
// bound, pinned or in somebody's hands stays right.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Block } from "../../kernel/src/pool/index.ts";
import { addKernel, blockOf, gpu, restless, scoped, words } from "./open.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const { pool } = gpu;

const filled = (value: number, bytes = 64 * KIB) => new Uint32Array(bytes / 4).fill(value);
const counted = (bytes: number) =>
  Uint32Array.from({ length: bytes / 4 }, (_, i) => i * 2654435761);
const where = (block: Block) => JSON.stringify(pool.place(block));

/** A test in a pool of its own budget, on a device with nothing live before it. */
function run(name: string, body: () => Promise<void>): void {
  test(name, () =>
    scoped(async () => {
      const { budget } = pool;
      pool.trim();
      try {
        await body();
      } finally {
        pool.budget = budget;
      }
    }),
  );
}

/** `count` blocks of which every other one is disposed, so that packing has something to do. */
async function sieve(count: number, bytes = 64 * KIB): Promise<Block[]> {
  const blocks: Block[] = [];
  for (let n = 0; n < count; n++) blocks.push(await blockOf(filled(n, bytes)));
  for (const [n, block] of blocks.entries()) if (n % 4 !== 0) block.dispose();
  return blocks.filter(({ disposed }) => !disposed);
}

async function hold(blocks: readonly Block[], expected: (n: number) => number): Promise<void> {
  for (const [n, block] of blocks.entries()) {
    const found = await words({ block });
    assert.equal(
      found.findIndex((word) => word !== expected(n)),
      -1,
      `block ${n} holds ${found[0]}`,
    );
  }
}

/** Packs, and makes sure that `block` has moved. */
function packed(block: Block): void {
  const before = where(block);
  pool.compact();
  assert.notEqual(where(block), before, "it has not moved");
}

run("compact gives memory back, and blocks keep what they hold", async () => {
  const blocks = await sieve(256, 256 * KIB);
  const { reserved, moved } = pool.stats();
  const { movedBytes, givenBack } = pool.compact();
  assert.ok(givenBack > 0, "nothing came back");
  assert.equal(pool.stats().moved - moved, movedBytes);
  if (!restless) assert.equal(reserved - pool.stats().reserved, givenBack);
  await hold(blocks, (n) => 4 * n);
});

run(
  "what was recorded before a move sees the old place, what comes after the new one",
  async () => {
    const blocks = await sieve(256, 256 * KIB);
    const add = addKernel();
    const params = Uint32Array.of(1000, 0, 0, 0);
    const on = (block: Block) =>
      gpu.dispatch(add, { bindings: [{ block }], params, workgroups: [1024] });
    for (const block of blocks) on(block);
    pool.compact();
    for (const block of blocks) on(block); // the bindings of before must not be found again
    await hold(blocks, (n) => 4 * n + 2000);
  },
);

run("bytes staged before a move, and those staged after it, arrive", async () => {
  const blocks = await sieve(64, 256 * KIB);
  const data = counted(96 * MIB); // more than the ring has room for: the upload waits and goes on
  const large = gpu.allocate(data.byteLength);
  const upload = gpu.upload([{ block: large, data }]);
  await gpu.upload([{ block: blocks[0]!, data: filled(77, 256 * KIB) }]);
  pool.compact();
  await upload;
  assert.deepEqual(await words({ block: large, bytes: 4 * MIB }), data.subarray(0, MIB));
  const tail = { block: large, offset: 95 * MIB, bytes: MIB };
  assert.deepEqual(await words(tail), data.subarray(95 * (MIB / 4)));
  await hold(blocks, (n) => (n === 0 ? 77 : 4 * n));
});

run("a read shows the moment of its call, whatever moves while it is mapped", async () => {
  const blocks = await sieve(256, 256 * KIB);
  const reads = blocks.map((block) => words({ block }));
  pool.compact();
  for (const block of blocks) gpu.zero({ block });
  pool.compact();
  for (const [n, read] of reads.entries()) assert.equal((await read)[100], 4 * n);
  await hold(blocks, () => 0);
});

run("bytes that were read are the reader's own", async () => {
  const blocks = await sieve(256, 256 * KIB);
  const view = await words({ block: blocks[1]! });
  pool.compact();
  gpu.zero({ block: blocks[1]! });
  await gpu.finish();
  assert.equal(view[5], 4);
});

run("a pinned block stays where it is until each pin was taken back", async () => {
  const blocks = await sieve(256, 256 * KIB);
  const block = blocks.at(-1)!;
  pool.pin(block);
  pool.pin(block);
  const before = where(block);
  pool.compact();
  assert.equal(where(block), before);
  pool.unpin(block);
  pool.compact();
  assert.equal(where(block), before, "one pin is left");
  pool.unpin(block);
  await hold(blocks, (n) => 4 * n);
});

run("a request that no hole serves is served, within the budget, when blocks move", async () => {
  pool.budget = 8 * MIB;
  const blocks = await sieve(32, 256 * KIB);
  const data = counted(5 * MIB);
  const { moved } = pool.stats();
  const large = await blockOf(data);
  assert.ok(pool.stats().moved > moved, "nothing moved");
  assert.ok(pool.stats().reserved <= 8 * MIB);
  assert.deepEqual(await words({ block: large }), data);
  await hold(blocks, (n) => 4 * n);
});

run("blocks slide together inside one slab, overlapping their old places", async () => {
  gpu.allocate(256).dispose();
  const { reserved } = pool.stats(); // a slab for small blocks, of this adapter's size
  pool.budget = reserved;
  const unit = reserved / 64;
  const sizes = [6, 12, 6, 12, 12, 12];
  const blocks: Block[] = [];
  for (const size of sizes) blocks.push(await blockOf(counted(size * unit)));
  if (!restless) assert.equal(new Set(blocks.map((block) => pool.place(block).slab)).size, 1);
  blocks[0]!.dispose();
  blocks[2]!.dispose();
  const { moved } = pool.stats();
  const large = await blockOf(filled(9, 14 * unit)); // more than any hole
  if (!restless) assert.ok(pool.stats().moved > moved, "nothing moved");
  for (const n of [1, 3, 4, 5]) {
    assert.deepEqual(await words({ block: blocks[n]! }), counted(sizes[n]! * unit), `block ${n}`);
  }
  await hold([large], () => 9);
});

run("copies and clears after a move find the blocks", async () => {
  const blocks = await sieve(256, 256 * KIB);
  const [first, second] = [blocks.at(-1)!, blocks.at(-2)!];
  gpu.copy({ block: first }, { block: second });
  packed(first);
  gpu.zero({ block: first, bytes: 4 });
  gpu.copy({ block: second }, { block: first, offset: 0 });
  assert.equal((await words({ block: first }))[0], 4 * (blocks.length - 1));
});
