// The process's Gpu for tests, and a wrapper that runs a test inside error scopes: an error that the
// device reports and nobody turned into a CenoteError fails the test.
import assert from "node:assert/strict";
import { engine } from "../../kernel/src/compute/index.ts";
import { type Gpu, type GpuRange, openGpu } from "../../kernel/src/gpu/index.ts";
import type { Block } from "../../kernel/src/pool/index.ts";

export const gpu: Gpu = await openGpu();
// Small tables too are to be computed with there.
engine.preferred = "gpu";

/** Whether blocks move before every operation (scripts/test.mjs, stages in chaos): where they lie is not told then. */
export const restless = process.env["CENOTE_MOVE"] === "chaos";

/** Runs `body` inside error scopes and disposes what it allocated. */
export async function scoped(body: () => Promise<void>): Promise<void> {
  const { device } = gpu;
  for (const filter of ["validation", "out-of-memory", "internal"] as const) {
    device.pushErrorScope(filter);
  }
  try {
    await gpu.pool.scope(body);
    await gpu.finish();
  } finally {
    const errors = await Promise.all([1, 2, 3].map(() => device.popErrorScope()));
    assert.deepEqual(
      errors.filter((error) => error !== null).map((error) => error.message),
      [],
    );
  }
}

export async function words(range: GpuRange): Promise<Uint32Array> {
  const [bytes] = await gpu.read([range]);
  return new Uint32Array(bytes!.buffer, 0, bytes!.byteLength >> 2);
}

export async function blockOf(data: Uint32Array, tag = "test"): Promise<Block> {
  const block = gpu.allocate(data.byteLength, { tag });
  await gpu.upload([{ block, data }]);
  return block;
}

/** A kernel that adds p[0].x to every word; workgroups of 64. */
export const addKernel = () =>
  gpu.pipeline({
    label: "add",
    bindings: 1,
    params: true,
    code: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> a: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&a)) { a[id.x] += p[0].x; }
}`,
  });
