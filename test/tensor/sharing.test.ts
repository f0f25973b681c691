// Buffers of others on the device: used where they are, by both sides, without a copy.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createTensor,
  fromJax,
  fromOrt,
  type GpuTensor,
  toOrt,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const USAGE = 0x80 | 0x04 | 0x08;
const { device } = gpu;

/** A buffer as its owner made it, with these floats. */
function bufferOf(values: readonly number[]): GPUBuffer {
  const buffer = device.createBuffer({ size: values.length * 4, usage: USAGE });
  device.queue.writeBuffer(buffer, 0, Float32Array.from(values));
  return buffer;
}

const numbers = async (tensor: GpuTensor) => Array.from(await tensor.read(), Number);

test("a write on either side is seen on the other, and nothing is copied", () =>
  scoped(async () => {
    const buffer = bufferOf([1, 2, 3, 4, 5]);
    const uploads = gpu.counts.uploads;
    const live = gpu.pool.stats().live;
    using x = fromOrt(gpu, { dims: [5], type: "float32", gpuBuffer: buffer });
    assert.deepEqual([gpu.counts.uploads, gpu.pool.stats().live], [uploads, live]);
    assert.deepEqual(await numbers(x), [1, 2, 3, 4, 5]);
    device.queue.writeBuffer(buffer, 8, Float32Array.of(30));
    using twice = x.slice([1, 4]).mul(2);
    assert.deepEqual(await numbers(twice), [4, 60, 8]);
    using sum = x.sum();
    assert.deepEqual(await numbers(sum), [42]);
    buffer.destroy();
  }));

test("a tensor's elements are computed into the buffer that another library gets", () =>
  scoped(async () => {
    using x = await createTensor(gpu, [
      [1, 2],
      [3, 4],
    ]);
    const given: { buffer: GPUBuffer; dims: number[]; type: string }[] = [];
    const ort = {
      Tensor: {
        fromGpuBuffer(buffer: GPUBuffer, { dataType, dims }: { dataType: string; dims: number[] }) {
          given.push({ buffer, dims, type: dataType });
          return { gpuBuffer: buffer, dims, type: dataType };
        },
      },
    };
    const before = gpu.counts.dispatches;
    const { ort: other, tensor: mine } = toOrt(x.T.mul(10), ort);
    assert.equal(gpu.counts.dispatches, before + 1);
    assert.deepEqual([given[0]!.dims, given[0]!.type], [[2, 2], "float32"]);
    assert.deepEqual(await numbers(mine), [10, 30, 20, 40]);
    device.queue.writeBuffer(other.gpuBuffer, 0, Float32Array.of(7));
    assert.deepEqual(await numbers(mine), [7, 30, 20, 40]);
    assert.throws(() => toOrt(x.cast("i4"), ort), { code: "DTYPE" });
    mine.dispose();
    assert.throws(() => mine.add(1), { code: "DISPOSED" });
    given[0]!.buffer.destroy();
  }));

test("what a library refuses, or is none, is told, and nothing stays", async () => {
  using x = await createTensor(gpu, [1, 2]);
  const { live } = gpu.pool.stats();
  let destroyed = 0;
  const refusing = {
    Tensor: {
      fromGpuBuffer(buffer: GPUBuffer): never {
        buffer.destroy = () => {
          destroyed++;
        };
        throw new Error("theirs");
      },
    },
  };
  assert.throws(() => toOrt(x.add(1), refusing), { message: "theirs" });
  assert.equal(gpu.pool.stats().live, live);
  assert.equal(destroyed, 1);
  assert.throws(() => toOrt(x, undefined as never), { code: "FRAMEWORK" });
  assert.throws(() => fromOrt(gpu, undefined as never), { code: "FRAMEWORK" });
  const onHost = { dims: [1], type: "float32", location: "cpu", gpuBuffer: undefined as never };
  assert.throws(() => fromOrt(gpu, onHost), { code: "FRAMEWORK", message: /in cpu/ });
});

test("a buffer that is too small, of an unknown type or not for kernels is refused", () => {
  const buffer = bufferOf([1, 2]);
  assert.throws(() => fromOrt(gpu, { dims: [3], type: "float32", gpuBuffer: buffer }), {
    code: "SIZE",
  });
  assert.throws(() => fromOrt(gpu, { dims: [1], type: "int64", gpuBuffer: buffer }), {
    code: "DTYPE",
  });
  assert.throws(() => fromOrt(gpu, { dims: [-1], type: "float32", gpuBuffer: buffer }), {
    code: "SHAPE",
  });
  const plain = device.createBuffer({ size: 8, usage: 0x04 | 0x08 });
  assert.throws(() => fromOrt(gpu, { dims: [2], type: "float32", gpuBuffer: plain }), {
    code: "FRAMEWORK",
    message: /STORAGE/,
  });
  for (const one of [buffer, plain]) one.destroy();
});

test("an array whose references are counted is kept while our tensor needs it", () =>
  scoped(async () => {
    const buffer = bufferOf([1, 2, 3, 4]);
    let references = 1;
    const array = {
      shape: [2, 2],
      dtype: "float32",
      get ref() {
        references++;
        return array;
      },
      dispose() {
        references--;
      },
      async gpuBuffer() {
        references--;
        return buffer;
      },
    };
    const jax = { getWebGPUDevice: () => device };
    const x = await fromJax(gpu, array, jax);
    const transposed = x.T;
    x.dispose();
    assert.equal(references, 2);
    assert.deepEqual(await numbers(transposed), [1, 3, 2, 4]);
    const waiting = transposed.add(1).compute();
    transposed.dispose();
    assert.equal(references, 1);
    device.queue.writeBuffer(buffer, 0, Float32Array.of(9, 9, 9, 9)); // as the library may from now on
    assert.deepEqual(await numbers(waiting), [2, 4, 3, 5]);
    const other = { ...array, dtype: "bool" };
    await assert.rejects(fromJax(gpu, other, jax), { code: "DTYPE" });
    const elsewhere = { getWebGPUDevice: () => ({ queue: {} }) as GPUDevice };
    await assert.rejects(fromJax(gpu, array, elsewhere), { code: "FOREIGN_DEVICE" });
    const large = { ...array, shape: [5], ref: array };
    await assert.rejects(fromJax(gpu, large, jax), { code: "SIZE" });
    buffer.destroy();
  }));
