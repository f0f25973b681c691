import assert from "node:assert/strict";
import { test } from "node:test";
import { openGpu } from "../../kernel/src/gpu/index.ts";
import { Arena, FixedSizeBins } from "../../kernel/src/pool/index.ts";

test("parts of blocks are used as blocks are: upload, copy, zero, dispatch, read", async () => {
  const gpu = await openGpu();
  const bins = new FixedSizeBins(gpu.pool);
  const arena = new Arena(gpu.pool, { block: "64 KiB" });
  const parts = [bins.allocate(400), bins.allocate(400), arena.allocate(1000), arena.allocate(400)];
  const words = (n: number) => Uint32Array.from({ length: 100 }, (_, i) => n * 1000 + i);
  await gpu.upload(parts.map((block, n) => ({ block, data: words(n) })));
  gpu.copy({ block: parts[0]!, bytes: 400 }, { block: parts[1]!, bytes: 400 });
  gpu.zero({ block: parts[2]! });
  const code = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@group(0) @binding(1) var<storage, read_write> b: array<u32>;
@compute @workgroup_size(100) fn main(@builtin(local_invocation_index) i: u32) { b[i] = a[i] + 1; }`;
  const pipeline = gpu.pipeline({ label: "next", bindings: 2, code });
  gpu.dispatch(pipeline, {
    bindings: [{ block: parts[1]! }, { block: parts[3]! }],
    workgroups: [1],
  });
  const read = await gpu.read(parts.map((block) => ({ block, bytes: 400 })));
  const found = read.map((bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, 100));
  const next = words(0).map((word) => word + 1);
  assert.deepEqual(found, [words(0), words(0), new Uint32Array(100), next]);
  using zeroed = bins.allocate(400, { zeroed: true });
  const [zeros] = await gpu.read([{ block: zeroed }]);
  assert.deepEqual(zeros, new Uint8Array(400));
  for (const part of parts) part.dispose();
  assert.throws(() => gpu.zero({ block: parts[0]! }), /disposed/);
});
