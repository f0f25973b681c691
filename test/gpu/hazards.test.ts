// Commands are batched and blocks are reused: what a command reads must be what was there when it was
// recorded, and what it writes must not land in a block that came later.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CenoteError, CONTROL, Interrupted } from "../../kernel/src/base/index.ts";
import { addKernel, blockOf, gpu, restless, scoped, words } from "./open.ts";

const run = (name: string, body: () => Promise<void>) => test(name, () => scoped(body));
const filled = (value: number, length = 64) => new Uint32Array(length).fill(value);

run("a host write does not overtake a recorded copy", async () => {
  const source = await blockOf(filled(5));
  const target = await blockOf(filled(0));
  const { submits } = gpu.counts;
  gpu.copy({ block: source }, { block: target });
  await gpu.upload([{ block: source, data: filled(6) }]);
  if (!restless) assert.equal(gpu.counts.submits, submits, "both are still in one encoder");
  assert.deepEqual(await words({ block: target }), filled(5));
  assert.deepEqual(await words({ block: source }), filled(6));
});

run("a host write does not overtake a recorded dispatch, nor a dispatch a host write", async () => {
  const block = await blockOf(filled(5));
  const add = addKernel();
  const params = Uint32Array.of(10, 0, 0, 0);
  gpu.dispatch(add, { bindings: [{ block }], params, workgroups: [1] });
  await gpu.upload([{ block, data: filled(100, 32) }]);
  gpu.dispatch(add, { bindings: [{ block }], params, workgroups: [1] });
  const expected = filled(25);
  expected.fill(110, 0, 32);
  assert.deepEqual(await words({ block }), expected);
});

run("a block that is disposed and reused does not show in commands recorded before", async () => {
  const source = await blockOf(filled(5));
  const target = await blockOf(filled(0));
  const place = gpu.pool.place(source);
  gpu.copy({ block: source }, { block: target });
  source.dispose();
  const reused = gpu.allocate(256);
  if (!restless) assert.deepEqual(gpu.pool.place(reused), place);
  await gpu.upload([{ block: reused, data: filled(9) }]);
  assert.deepEqual(await words({ block: target }), filled(5));
  assert.deepEqual(await words({ block: reused }), filled(9));
});

run("a dispatch that was recorded for a disposed block does not reach the next one", async () => {
  const block = await blockOf(filled(1));
  gpu.dispatch(addKernel(), {
    bindings: [{ block }],
    params: Uint32Array.of(50, 0, 0, 0),
    workgroups: [1],
  });
  block.dispose();
  const next = gpu.allocate(256, { zeroed: true });
  assert.deepEqual(await words({ block: next }), filled(0));
});

run("a slab that recorded commands mention is submitted before it is destroyed", async () => {
  gpu.pool.trim();
  const length = 20 * 2 ** 20; // 80 MiB: a slab of its own
  const source = gpu.allocate(length * 4, { zeroed: true });
  const { slab } = gpu.pool.place(source);
  const target = await blockOf(filled(7));
  gpu.copy({ block: source, offset: 4096, bytes: 256 }, { block: target });
  const { submits } = gpu.counts;
  const { reserved } = gpu.pool.stats();
  source.dispose();
  assert.ok(gpu.pool.trim() >= length * 4);
  assert.ok(gpu.pool.stats().reserved <= reserved - length * 4);
  assert.equal(gpu.counts.submits, submits + 1);
  assert.deepEqual(await words({ block: target }), filled(0));
  const later = gpu.allocate(length * 4);
  assert.notEqual(gpu.pool.place(later).slab, slab, "slab ids are not given twice");
});

run("bindings of a destroyed slab are not found again for a new one", async () => {
  const add = addKernel();
  const params = Uint32Array.of(1, 0, 0, 0);
  for (let round = 0; round < 3; round++) {
    gpu.pool.trim();
    const block = gpu.allocate(80 * 2 ** 20, { zeroed: true });
    gpu.dispatch(add, { bindings: [{ block, bytes: 256 }], params, workgroups: [1] });
    assert.deepEqual(
      await words({ block, bytes: 512 }),
      Uint32Array.of(...filled(1), ...filled(0)),
    );
    block.dispose();
  }
});

run("a block disposed while its upload waits for staging gets no more bytes", async () => {
  const data = filled(1, 40 * 2 ** 20); // more than the ring: the upload has to wait
  const block = gpu.allocate(data.byteLength);
  const upload = gpu.upload([{ block, data }]);
  block.dispose();
  await assert.rejects(upload, (error: CenoteError) => error.code === "DISPOSED");
});

run("thousands of dispatches with parameters of their own are all right", async () => {
  const block = await blockOf(filled(0));
  const add = addKernel();
  let sum = 0;
  for (let i = 1; i <= 5000; i++) {
    gpu.dispatch(add, {
      bindings: [{ block }],
      params: Uint32Array.of(i, 0, 0, 0),
      workgroups: [1],
    });
    sum += i;
  }
  assert.deepEqual(await words({ block }), filled(sum));
});

run(
  "the stop word ends each kind of operation with Interrupted, and the device serves on",
  async () => {
    const block = await blockOf(filled(1));
    const add = addKernel();
    const { control } = gpu.pool.books;
    const params = Uint32Array.of(1, 0, 0, 0);
    const operations: (() => unknown)[] = [
      () => gpu.allocate(256),
      () => gpu.upload([{ block, data: filled(2) }]),
      () => gpu.read([{ block }]),
      () => gpu.dispatch(add, { bindings: [{ block }], params, workgroups: [1] }),
      () => gpu.zero({ block }),
      () => gpu.submit(),
      () => gpu.finish(),
    ];
    const { liveBlocks } = gpu.pool.stats();
    for (const operation of operations) {
      Atomics.store(control, CONTROL.stop, 1);
      try {
        await assert.rejects(async () => operation(), Interrupted);
      } finally {
        Atomics.store(control, CONTROL.stop, 0);
      }
      assert.equal(control[CONTROL.sequence]! % 2, 0);
    }
    assert.equal(gpu.pool.stats().liveBlocks, liveBlocks);
    await gpu.upload([{ block, data: filled(4) }]);
    assert.deepEqual(await words({ block }), filled(4));
  },
);

run("parameters of the largest size are right too, more than one buffer of them", async () => {
  const block = await blockOf(filled(0));
  const last = gpu.pipeline({
    label: "last parameter",
    bindings: 1,
    params: true,
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 64>;
@compute @workgroup_size(1) fn main() { a[p[0].x] = p[63].w; }`,
  });
  for (let i = 0; i < 200; i++) {
    const params = new Uint32Array(256);
    params[0] = i % 64;
    params[255] = i;
    gpu.dispatch(last, { bindings: [{ block }], params, workgroups: [1] });
  }
  const expected = Uint32Array.from({ length: 64 }, (_, i) => (i < 8 ? 192 + i : 128 + i));
  assert.deepEqual(await words({ block }), expected);
});

run("a wait is ended by the stop word while the GPU is still busy", async () => {
  const block = gpu.allocate(2 ** 20, { zeroed: true });
  const slow = gpu.pipeline({
    label: "slow",
    bindings: 1,
    params: true,
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@group(1) @binding(0) var<uniform> p: vec4u;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var x = a[id.x];
  for (var i = 0u; i < p.x; i++) { x = x * 1664525u + 1013904223u; }
  a[id.x] = x;
}`,
  });
  const work = (rounds: number) => {
    const params = Uint32Array.of(rounds, 0, 0, 0);
    gpu.dispatch(slow, { bindings: [{ block }], params, workgroups: [4096] });
  };
  // As much work as keeps this adapter busy for some 100 ms, several times.
  let rounds = 128;
  for (let took = 0; took < 100; rounds *= 2) {
    const began = performance.now();
    work(rounds);
    await gpu.finish();
    took = performance.now() - began;
  }
  for (let i = 0; i < 4; i++) work(rounds);
  const waiting = gpu.finish();
  let finished = false;
  const all = gpu.device.queue.onSubmittedWorkDone().then(() => {
    finished = true;
  });
  Atomics.store(gpu.pool.books.control, CONTROL.stop, 1);
  try {
    await assert.rejects(waiting, Interrupted);
  } finally {
    Atomics.store(gpu.pool.books.control, CONTROL.stop, 0);
  }
  assert.equal(finished, false);
  await all;
});
