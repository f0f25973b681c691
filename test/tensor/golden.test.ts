// The WGSL that is generated, as text that people have read. After a wanted change:
//   UPDATE_GOLDEN=1 node scripts/with-env.mjs node --test test/tensor/golden.test.ts
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { createTensor, type GpuTensor } from "../../kernel/src/compute/index.ts";
import type { PipelineSpec } from "../../kernel/src/gpu/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

/** The kernels that `body` runs, and how much memory beside its result it takes at most. */
function kernelsOf(body: () => GpuTensor): { texts: string[]; extra: number } {
  const texts: string[] = [];
  const { pipeline } = gpu;
  gpu.pipeline = (spec: PipelineSpec) => {
    texts.push(spec.code);
    return pipeline.call(gpu, spec);
  };
  try {
    const { peak, value } = gpu.pool.region(() => body().compute());
    return { texts, extra: peak - value.bytes };
  } finally {
    gpu.pipeline = pipeline;
  }
}

function compare(name: string, text: string): void {
  const file = new URL(`./golden/${name}.wgsl`, import.meta.url);
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"), `${name}.wgsl`);
}

const make = (shape: number[]) =>
  createTensor(gpu, new Float32Array(shape.reduce((a, b) => a * b)), { shape });

test("a chain of five operations is one kernel over vectors, without memory between", () =>
  scoped(async () => {
    const [x, y] = [await make([64, 64]), await make([64, 64])];
    const { texts, extra } = kernelsOf(() => x.mul(y).add(1).relu().sub(y).square());
    assert.deepEqual([texts.length, extra], [1, 0]);
    compare("chain", texts[0]!);
  }));

test("a broadcast of a view, packed into halves", () =>
  scoped(async () => {
    const [x, y] = [await make([6, 4]), await make([6])];
    const { texts } = kernelsOf(() => x.T.add(y).cast("f16"));
    assert.equal(texts.length, 1);
    compare("halves", texts[0]!);
  }));

test("a sum over the first axis, of what is computed on the way", () =>
  scoped(async () => {
    const x = await make([100, 3]);
    const { texts } = kernelsOf(() => x.square().sum(0));
    assert.equal(texts.length, 1);
    compare("sum", texts[0]!);
  }));

test("the same operation of another shape and other constants is the same kernel", () =>
  scoped(async () => {
    const [a, b] = [await make([8, 12]), await make([20, 4, 4])];
    const [one, other] = [kernelsOf(() => a.mul(2).add(3)), kernelsOf(() => b.mul(5).add(7))];
    assert.deepEqual(one.texts, other.texts);
  }));
