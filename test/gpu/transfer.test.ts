import assert from "node:assert/strict";
import { test } from "node:test";
import { CenoteError, COUNTER } from "../../kernel/src/base/index.ts";
import { blockOf, gpu, restless, scoped, words } from "./open.ts";

const MIB = 2 ** 20;
const code = (wanted: string) => (error: unknown) =>
  error instanceof CenoteError && error.code === wanted;
const run = (name: string, body: () => Promise<void>) => test(name, () => scoped(body));

/** Words that differ everywhere, so that a shifted or lost piece shows. */
const pattern = (length: number, seed = 1) =>
  Uint32Array.from({ length }, (_, i) => Math.imul(i + seed, 2654435761));

/** Equality that stays quick when large arrays differ. */
function assertSame(found: Uint32Array, wanted: Uint32Array): void {
  const at = found.findIndex((word, i) => word !== wanted[i]);
  assert.deepEqual([found.length, at, found[at]], [wanted.length, -1, undefined]);
}

run("many parts go up as one upload and come back as one read-back", async () => {
  const before = gpu.counts;
  const live = gpu.pool.books.counters[COUNTER.uploadBytes]!;
  const [a, b, c] = [pattern(1000), pattern(3, 7), pattern(70_000, 9)];
  const blocks = [a, b, c].map((data) => gpu.allocate(data.byteLength));
  await gpu.upload([a, b, c].map((data, i) => ({ block: blocks[i]!, data })));
  const back = await gpu.read(blocks.map((block) => ({ block })));
  assert.deepEqual(
    back.map((bytes) => new Uint32Array(bytes.buffer)),
    [a, b, c],
  );
  const after = gpu.counts;
  const bytes = a.byteLength + b.byteLength + c.byteLength;
  assert.deepEqual(
    [after.uploads - before.uploads, after.uploadBytes - before.uploadBytes],
    [1, bytes],
  );
  assert.deepEqual(
    [after.readBacks - before.readBacks, after.readBackBytes - before.readBackBytes],
    [1, bytes],
  );
  assert.equal(gpu.pool.books.counters[COUNTER.uploadBytes]! - live, bytes);
});

run("an upload larger than all staging pages arrives whole", async () => {
  const data = pattern(36 * MIB); // 144 MiB; the ring has 128
  const block = gpu.allocate(data.byteLength);
  await gpu.upload([{ block, data }]);
  const into = new Uint8Array(data.byteLength);
  await gpu.read([{ block }], [into]);
  assert.equal(Buffer.compare(into, new Uint8Array(data.buffer)), 0);
});

run("lengths that are not whole words, and views inside larger buffers", async () => {
  for (const length of [1, 2, 3, 5, 255, 257, 1023]) {
    const backing = Uint8Array.from({ length: length + 11 }, (_, i) => i * 7 + length);
    const data = backing.subarray(3, 3 + length);
    const block = gpu.allocate(length);
    await gpu.upload([{ block, data }]);
    const [back] = await gpu.read([{ block }]);
    assert.deepEqual(back, data.slice());
  }
});

run("an upload that leaves half a word pair at a page's end is followed by others", async () => {
  for (const words of [2 ** 21 - 1, 2 ** 21 - 3, 7]) {
    const data = pattern(words, words);
    const block = gpu.allocate(data.byteLength);
    await gpu.upload([
      { block, data },
      { block, data: data.subarray(0, 1) },
    ]);
    await gpu.upload([{ block, data }]);
    const into = new Uint8Array(data.byteLength);
    await gpu.read([{ block }], [into]);
    assert.equal(Buffer.compare(into, new Uint8Array(data.buffer)), 0);
  }
});

run("a view over shared memory is copied, not handed to the device", async () => {
  const data = new Uint32Array(new SharedArrayBuffer(4096));
  data.set(pattern(1024));
  const block = gpu.allocate(4096);
  await gpu.upload([{ block, data }]);
  assert.deepEqual(await words({ block }), pattern(1024));
  const into = new Uint8Array(new SharedArrayBuffer(4096));
  await gpu.read([{ block }], [into]);
  assert.deepEqual(new Uint32Array(into.buffer), data);
});

run("parts of a block are written and read by offset", async () => {
  const block = await blockOf(new Uint32Array(256).fill(1));
  await gpu.upload([{ block, offset: 40, data: Uint32Array.of(5, 6, 7) }]);
  assert.deepEqual([...(await words({ block, offset: 36, bytes: 20 }))], [1, 5, 6, 7, 1]);
});

run("a part that would write into its neighbours' words is refused", async () => {
  const block = gpu.allocate(256);
  await assert.rejects(gpu.upload([{ block, data: new Uint8Array(7) }]), code("UNALIGNED"));
  await assert.rejects(
    gpu.upload([{ block, offset: 2, data: new Uint8Array(4) }]),
    code("UNALIGNED"),
  );
  await assert.rejects(gpu.upload([{ block, data: new Uint8Array(300) }]), code("OUT_OF_BLOCK"));
  await assert.rejects(gpu.read([{ block, offset: 300 }]), code("OUT_OF_BLOCK"));
  await assert.rejects(gpu.read([{ block, offset: -4 }]), code("OUT_OF_BLOCK"));
  await assert.rejects(gpu.read([{ block }], [new Uint8Array(5)]), code("SIZE"));
});

run("an upload with one bad part writes nothing of the others", async () => {
  const good = await blockOf(Uint32Array.of(1, 2));
  const gone = gpu.allocate(4);
  gone.dispose();
  const parts = [
    { block: good, data: Uint32Array.of(8, 9) },
    { block: gone, data: Uint32Array.of(1) },
  ];
  await assert.rejects(gpu.upload(parts), code("DISPOSED"));
  assert.deepEqual([...(await words({ block: good }))], [1, 2]);
});

run("zero clears a range, and a zeroed block is zero where old bytes were", async () => {
  const old = await blockOf(pattern(4096));
  const place = gpu.pool.place(old);
  old.dispose();
  const block = gpu.allocate(4096 * 4, { zeroed: true });
  assert.deepEqual(gpu.pool.place(block), place);
  assert.deepEqual(await words({ block }), new Uint32Array(4096));
  await gpu.upload([{ block, data: new Uint32Array(4096).fill(3) }]);
  gpu.zero({ block, offset: 8, bytes: 8 });
  assert.deepEqual([...(await words({ block, bytes: 20 }))], [3, 3, 0, 0, 3]);
});

run("copies between slabs and within one, overlapping both ways", async () => {
  const size = 9 * MIB; // more than two pieces of the scratch buffer
  const data = pattern(size / 4);
  const elsewhere = gpu.allocate(200 * MIB); // so large that the others share a slab
  gpu.allocate(20 * MIB).dispose();
  const inSlab = await blockOf(data);
  const beside = gpu.allocate(size);
  if (!restless) {
    assert.equal(gpu.pool.place(inSlab).slab, gpu.pool.place(beside).slab);
    assert.notEqual(gpu.pool.place(inSlab).slab, gpu.pool.place(elsewhere).slab);
  }
  gpu.copy({ block: inSlab }, { block: beside });
  gpu.copy({ block: beside }, { block: elsewhere, offset: 4, bytes: size });
  assertSame(await words({ block: elsewhere, offset: 4, bytes: size }), data);
  const half = size / 2;
  const expected = data.slice();
  for (const [from, to] of [
    [0, 1024],
    [2048, 0],
  ] as const) {
    gpu.copy(
      { block: inSlab, offset: from, bytes: half },
      { block: inSlab, offset: to, bytes: half },
    );
    expected.copyWithin(to / 4, from / 4, (from + half) / 4);
  }
  assertSame(await words({ block: inSlab }), expected);
  assert.throws(() => gpu.copy({ block: inSlab }, { block: beside, bytes: 4 }), code("SIZE"));
});

run("reads run beside each other, each with the state at its call", async () => {
  const block = await blockOf(Uint32Array.of(1));
  const first = words({ block });
  await gpu.upload([{ block, data: Uint32Array.of(2) }]);
  const second = words({ block });
  assert.deepEqual([[...(await first)], [...(await second)]], [[1], [2]]);
});

run("nothing to do is done", async () => {
  await gpu.upload([]);
  assert.deepEqual(await gpu.read([]), []);
  const block = gpu.allocate(0);
  await gpu.upload([{ block, data: new Uint8Array(0) }]);
  const [bytes] = await gpu.read([{ block }]);
  assert.equal(bytes!.byteLength, 0);
});
