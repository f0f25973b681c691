// Allocations of others on a device, counted by its wrapper.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findAdapter } from "../../kernel/src/gpu/dawn.ts";
import { countOutside, offerDevice } from "../../kernel/src/gpu/index.ts";
import { gpu } from "./open.ts";

const STORAGE = 0x80;
const COPY_TARGET = 0x08;
const TEXTURE = 0x04;
const device = countOutside(gpu.device);
const outside = () => gpu.pool.stats().outside;

test("buffers count from their making to their first destroy", () => {
  assert.equal(outside(), 0);
  const [a, b] = [1000, 4096].map((size) => device.createBuffer({ size, usage: STORAGE }));
  assert.equal(outside(), 5096);
  a!.destroy();
  a!.destroy();
  assert.equal(outside(), 4096);
  b!.destroy();
  assert.equal(outside(), 0);
});

test("the wrapper is the device for all that is done with it", async () => {
  assert.equal(countOutside(gpu.device), device);
  assert.equal(countOutside(device), device);
  assert.equal(device.limits.maxBufferSize, gpu.device.limits.maxBufferSize);
  assert.ok(device instanceof gpu.device.constructor);
  const { label } = gpu.device;
  device.label = "by another name";
  assert.equal(gpu.device.label, "by another name");
  gpu.device.label = label;
  using block = gpu.allocate(16);
  const buffer = device.createBuffer({ size: 16, usage: STORAGE | COPY_TARGET | 0x04 });
  device.queue.writeBuffer(buffer, 0, new Uint32Array([1, 2, 3, 4]));
  const read = device.createBuffer({ size: 16, usage: COPY_TARGET | 0x01 });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, read, 0, 16);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(1);
  assert.deepEqual([...new Uint32Array(read.getMappedRange())], [1, 2, 3, 4]);
  assert.equal(outside(), 32);
  assert.equal(block.disposed, false);
  for (const made of [buffer, read]) made.destroy();
});

for (const [what, descriptor, bytes] of [
  ["levels and layers", { size: [100, 50, 3], format: "rgba16float", mipLevelCount: 3 }, 157_200],
  [
    "depth that halves",
    { size: [8, 8, 8], format: "r32float", dimension: "3d", mipLevelCount: 2 },
    2304,
  ],
  ["samples", { size: [16, 16], format: "bgra8unorm", sampleCount: 4, usage: 0x10 }, 4096],
  ["a packed format", { size: { width: 10, height: 3 }, format: "rgb10a2unorm" }, 120],
  ["depth and stencil", { size: [4, 4], format: "depth24plus-stencil8", usage: 0x10 }, 64],
] as const) {
  test(`a texture counts ${what}`, () => {
    const texture = device.createTexture({ usage: TEXTURE, ...descriptor } as GPUTextureDescriptor);
    assert.equal(outside(), bytes);
    texture.destroy();
    assert.equal(outside(), 0);
  });
}

test("queries count, and what the pool itself takes does not", async () => {
  const queries = device.createQuerySet({ type: "occlusion", count: 16 });
  assert.equal(outside(), 128);
  queries.destroy();
  const block = gpu.allocate(2 ** 20);
  await gpu.upload([{ block, data: new Uint8Array(2 ** 20) }]);
  await gpu.read([{ block }]);
  assert.equal(outside(), 0);
  block.dispose();
});

test("a library that looks for WebGPU as in a page finds the device, and what was there stays", async () => {
  const page = globalThis as unknown as Record<string, unknown>;
  const own = { COPY_DST: 8 };
  page["GPUMapMode"] = own;
  await offerDevice(device);
  assert.equal(page["GPUMapMode"], own);
  assert.equal(GPUBufferUsage.STORAGE, STORAGE);
  assert.ok(gpu.device instanceof GPUDevice);
  assert.deepEqual(
    Object.keys(page).filter((name) => name.startsWith("GPU")),
    ["GPUMapMode"],
  );
  const adapter = (await navigator.gpu.requestAdapter())!;
  assert.equal(adapter.limits.maxBufferSize, gpu.device.limits.maxBufferSize);
  assert.equal(adapter.info.vendor, gpu.device.adapterInfo.vendor);
  assert.equal(await adapter.requestDevice(), device);
  const next = countOutside(await (await findAdapter()).requestDevice());
  await offerDevice(next);
  assert.equal(await (await navigator.gpu.requestAdapter())!.requestDevice(), next, "the newest");
  next.destroy();
  await next.lost;
});

test("what the device refuses takes nothing", async () => {
  gpu.device.pushErrorScope("validation");
  device.createBuffer({ size: gpu.device.limits.maxBufferSize + 4, usage: STORAGE });
  assert.notEqual(await gpu.device.popErrorScope(), null);
  assert.equal(outside(), 0);
});

test("dropped buffers count until they are collected", async () => {
  (() => {
    for (let i = 0; i < 20; i++) device.createBuffer({ size: 2 ** 16, usage: STORAGE });
  })();
  assert.equal(outside(), 20 * 2 ** 16);
  while (outside() > 0) {
    gpu.pool.collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("a lost device takes its allocations with it", async () => {
  const lost = await (await findAdapter()).requestDevice();
  const other = countOutside(lost);
  const buffer = other.createBuffer({ size: 4096, usage: STORAGE });
  assert.equal(outside(), 4096);
  lost.destroy();
  await lost.lost;
  assert.equal(outside(), 0);
  buffer.destroy();
  assert.equal(outside(), 0);
});
