// The WGSL that is generated, as text that people have read. After a wanted change:
//   UPDATE_GOLDEN=1 node scripts/with-env.mjs node --test test/tensor/golden.test.ts
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { createTensor, type GpuTensor, RandomStream } from "../../kernel/src/compute/index.ts";
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

/** Each takes elements of a tensor more than once, beside those of one in memory of the same shape. */
const AGAIN: Readonly<Record<string, (x: GpuTensor, other: GpuTensor) => GpuTensor>> = {
  softmax: (x) => x.softmax(),
  "softmax of many": (x) => x.flatten().softmax(),
  logSoftmax: (x) => x.logSoftmax(0),
  logSumExp: (x) => x.logSumExp(1),
  layerNorm: (x) => x.layerNorm(),
  rmsNorm: (x) => x.rmsNorm(),
  "a long running sum": (x) => x.flatten().cumSum(),
  "an operand that is broadcast": (x, other) => x.expandDims(1).add(other.slice([0, 2])),
  "a broadcast": (x) => x.broadcastTo(2, ...x.shape).sum(0),
  windows: (x) => x.unfold(1, 3).sum(-1),
  "rows by index": (x, other) => other.take(x.slice(0).cast("i32")),
  "rows that are added to": (x, other) =>
    other.cast("i32").scatterAdd(x.slice(0, [0, 8]).cast("i32"), other.slice([0, 8]).cast("i32")),
};

test("what is costly and taken several times is computed once, into memory", () =>
  scoped(async () => {
    for (const [i, [name, how]] of Object.entries(AGAIN).entries()) {
      const shape = [36 + 4 * i, 32]; // no case has the kernels of another
      const other = await make(shape);
      const draw = () => new RandomStream(() => gpu, 3).normal(shape);
      const x = draw();
      let found = x;
      const { texts } = kernelsOf(() => {
        found = how(x, other);
        return found;
      });
      const drawing = texts.filter((text) => text.includes("threefry"));
      assert.deepEqual(
        [drawing.length, drawing[0] === texts[0], texts.length > 1],
        [1, true, true],
        name,
      );
      assert.deepEqual(await found.read(), await how(draw().compute(), other).read(), name);
    }
  }));

test("what is not costly, taken once, or longer than memory can be, is computed on the way", () =>
  scoped(async () => {
    const x = await make([12, 32]);
    assert.equal(kernelsOf(() => x.square().softmax()).texts.length, 1);
    const random = new RandomStream(() => gpu, 3);
    assert.equal(kernelsOf(() => random.normal([12, 32]).sum(0)).texts.length, 1);
    const long = Math.floor(gpu.maxBinding / 4) + 4;
    const few = random
      .normal([long])
      .broadcastTo(2, long)
      .slice(null, [long - 4]);
    const [one, two] = (await few.toArray()) as number[][];
    assert.deepEqual(one, two);
  }));
