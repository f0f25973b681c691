// One buffer on both sides, of TF.js and of a session of onnxruntime-web: a write on either is seen on the other.
import assert from "node:assert/strict";
import {
  createTensor,
  fromJax,
  fromOrt,
  fromTF,
  type GpuTensor,
  toOrt,
  toTF,
} from "../../kernel/src/compute/index.ts";
import { countOutside, type Gpu } from "../../kernel/src/gpu/index.ts";
import { loadJaxOn, loadOrtOn } from "./libraries.ts";
import type { Sides } from "./measure.ts";
import type { Tf } from "./operations.ts";

const write = (gpu: Gpu, buffer: GPUBuffer, at: number, ...values: number[]) =>
  gpu.device.queue.writeBuffer(buffer, at, Float32Array.of(...values));
const valuesOf = async (tensor: GpuTensor) => [...(await tensor.read())];

export async function sharingWithTf({ gpu, tf }: Sides): Promise<void> {
  const bufferOf = (one: Tf): GPUBuffer => tf.backend().tensorMap.get(one.dataId).resource;
  const x = await createTensor(gpu, Float32Array.of(1, 2, 3, 4));
  const { tf: theirs, tensor: mine } = toTF(x, tf);
  assert.deepEqual([...(await tf.mul(theirs, 2).data())], [2, 4, 6, 8]);
  write(gpu, bufferOf(theirs), 0, 10, 20);
  assert.deepEqual(await valuesOf(mine), [10, 20, 3, 4]);
  assert.deepEqual([...(await (theirs as Tf).data())], [10, 20, 3, 4]);
  const made = tf.add(tf.tensor([1, 2, 3]), 1);
  using back = fromTF(gpu, made, tf);
  using sum = back.mul(10);
  assert.deepEqual(await valuesOf(sum), [20, 30, 40]);
  write(gpu, bufferOf(made), 4, 7);
  assert.deepEqual(await valuesOf(back), [2, 7, 4]);
  const { numTensors } = tf.memory();
  made.dispose();
  const other = tf.add(tf.tensor([1, 1, 1]), 8);
  await other.data();
  assert.deepEqual(await valuesOf(back), [2, 7, 4], "ours keeps the buffer that theirs let go");
  back.dispose();
  assert.equal(tf.memory().numTensors, numTensors, "two ended, and two were made");
  console.log("\nsharing with TF.js: a write on either side is seen on the other, both ways");
  for (const one of [x, mine, theirs, other]) one.dispose();
}

/** A session reads and writes our memory, and we read its results where they lie. */
export async function sharingWithOrt({ gpu }: Sides): Promise<void> {
  const { ort, version, session } = await loadOrtOn(countOutside(gpu.device));
  const double = await session({
    nodes: [{ op: "Add", inputs: ["x", "x"], output: "z", attributes: {} }],
    inputs: { x: 1 },
    output: "z",
  });
  const x = await createTensor(gpu, Float32Array.of(1, 2, 3, 4));
  const { ort: theirs, tensor: mine } = toOrt(x.mul(10), ort);
  const before = gpu.counts;
  const made = await double.run({ x: theirs });
  using back = fromOrt(gpu, made);
  assert.deepEqual(await valuesOf(back), [20, 40, 60, 80], "the session reads our memory");
  write(gpu, theirs.gpuBuffer, 4, 7);
  assert.deepEqual(await valuesOf(mine), [10, 7, 30, 40], "what is written on its side is ours");
  const again = await double.run({ x: theirs });
  using next = fromOrt(gpu, again);
  assert.deepEqual(await valuesOf(next), [20, 14, 60, 80], "and the session's");
  write(gpu, again.gpuBuffer, 0, 5);
  assert.deepEqual([...(await again.getData())], [5, 14, 60, 80], "its own result");
  assert.deepEqual(await valuesOf(next), [5, 14, 60, 80], "and so ours");
  const { uploads, gpuCopies } = gpu.counts;
  assert.deepEqual([uploads, gpuCopies], [before.uploads, before.gpuCopies], "nothing is copied");
  console.log(
    `sharing with a session of onnxruntime-web ${version}: a write on either side is seen on the other, both ways`,
  );
  for (const one of [x, mine, made, again]) one.dispose();
}

/** We read arrays of jax-js where they lie; what is written there is seen by both. */
export async function sharingWithJax({ gpu }: Sides): Promise<void> {
  const { jax, version } = await loadJaxOn(countOutside(gpu.device));
  const array = jax.numpy.array(Float32Array.of(1, 2, 3, 4)).mul(2);
  const before = gpu.counts;
  using x = await fromJax(gpu, array, jax);
  assert.deepEqual(await valuesOf(x), [2, 4, 6, 8]);
  write(gpu, await array.ref.gpuBuffer(), 4, 7);
  assert.deepEqual(await valuesOf(x), [2, 7, 6, 8], "what is written on its side is ours");
  assert.deepEqual([...(await array.data())], [2, 7, 6, 8], "and its own; its last reference ends");
  assert.deepEqual(await valuesOf(x), [2, 7, 6, 8], "ours keeps the memory");
  const { uploads, gpuCopies } = gpu.counts;
  assert.deepEqual([uploads, gpuCopies], [before.uploads, before.gpuCopies], "nothing is copied");
  console.log(`sharing with jax-js ${version}: its arrays are read where they lie, without a copy`);
}
