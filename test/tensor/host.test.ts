// Small work whose data lie on the host is done there, and the device gets the results when it needs them. That they
// are right is shown in elements.test.ts.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  arange,
  createTensor,
  fromOrt,
  type GpuTensor,
  preferHost,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { generator } from "./random.ts";

afterEach(() => preferHost(gpu, 0));

test("the device gets what the host has made when a kernel needs it, once", () =>
  scoped(async () => {
    preferHost(gpu, 64);
    const before = gpu.counts;
    using x = await createTensor(gpu, [
      [1, 2],
      [3, 4],
    ]);
    using y = x.mul(2).compute();
    assert.deepEqual(Array.from(await y.read()), [2, 4, 6, 8]);
    const { uploads, dispatches, readBacks, submits } = gpu.counts;
    assert.deepEqual(
      [uploads, dispatches, readBacks, submits],
      [before.uploads, before.dispatches, before.readBacks, before.submits],
    );
    using product = x.matmul(y);
    assert.equal(gpu.counts.uploads, before.uploads + 2);
    assert.deepEqual(Array.from(await product.read()), [14, 20, 30, 44]);
    using again = y.sum();
    assert.deepEqual(Array.from(await again.read()), [20]);
    assert.equal(gpu.counts.uploads, before.uploads + 2);
    const kernels = gpu.counts.dispatches;
    using more = product.add(1); // which was read back
    assert.deepEqual(Array.from(await more.read()), [15, 21, 31, 45]);
    assert.equal(gpu.counts.dispatches, kernels);
  }));

test("what is large, waits for random numbers, or belongs to others too is computed on the device", () =>
  scoped(async () => {
    preferHost(gpu, 4);
    const dispatches = async (make: () => GpuTensor) => {
      const before = gpu.counts.dispatches;
      using made = make();
      await made.read();
      return gpu.counts.dispatches - before;
    };
    using small = await createTensor(gpu, [1, 2, 3, 4]);
    using large = await createTensor(gpu, [1, 2, 3, 4, 5]);
    assert.equal(await dispatches(() => small.add(1)), 0);
    assert.equal(await dispatches(() => large.add(1)), 1);
    assert.equal(await dispatches(() => large.slice([1, 3]).add(1)), 1, "its memory is not kept");
    const usage = 0x80 | 0x04 | 0x08;
    const gpuBuffer = gpu.device.createBuffer({ size: 16, usage });
    gpu.device.queue.writeBuffer(gpuBuffer, 0, Float32Array.of(3, 4, 5, 6));
    using shared = fromOrt(gpu, { dims: [4], type: "float32", gpuBuffer });
    assert.deepEqual(Array.from(await shared.read()), [3, 4, 5, 6]);
    gpu.device.queue.writeBuffer(gpuBuffer, 4, Float32Array.of(7));
    assert.deepEqual(Array.from(await shared.read()), [3, 7, 5, 6]);
    assert.equal(await dispatches(() => shared.add(1)), 1);
    gpuBuffer.destroy();
  }));

test("elements on the host are read into the caller's memory there, packed as on the device", () =>
  scoped(async () => {
    for (const dtype of ["f16", "i8", "bool"] as const) {
      const bytes = [];
      for (const limit of [64, 0]) {
        preferHost(gpu, limit);
        using x = await createTensor(gpu, [1, 0, 3, 0, 5, 6], { dtype, shape: [2, 3] });
        const readBacks = gpu.counts.readBacks;
        const into = new Uint8Array({ f16: 12, i8: 6, bool: 1 }[dtype]);
        await x.T.readInto(into);
        assert.equal(gpu.counts.readBacks - readBacks, limit > 0 ? 0 : 1);
        bytes.push([...into]);
        await assert.rejects(x.readInto(new Uint8Array(5)), { code: "SIZE" });
      }
      assert.deepEqual(bytes[0], bytes[1]);
    }
  }));

test("a small tensor spread over many places is read from the device", () =>
  scoped(async () => {
    preferHost(gpu, 4);
    using x = await createTensor(gpu, [1, 2]);
    const { dispatches } = gpu.counts;
    const found = await x.broadcastTo([3, 2]).read();
    assert.deepEqual([...found], [1, 2, 1, 2, 1, 2]);
    assert.equal(gpu.counts.dispatches, dispatches + 1);
  }));

test("halves are rounded to even numbers, and zeros keep their sign", () =>
  scoped(async () => {
    const rounded = async (limit: number) => {
      preferHost(gpu, limit);
      using x = await createTensor(gpu, [-2.5, -1.5, -0.6, -0.5, -0.3, -0, 0.5, 1.5, 2.5]);
      return [...(await x.round().read())];
    };
    const wanted = [-2, -2, -1, -0, -0, -0, 0, 2, 2];
    for (const limit of [64, 0]) {
      const found = await rounded(limit);
      assert.ok(
        wanted.every((one, i) => Object.is(one, found[i])),
        `${limit}: ${found}`,
      );
    }
  }));

test("what was read is the caller's: changing it changes no tensor", () =>
  scoped(async () => {
    preferHost(gpu, 64);
    const given = Float32Array.of(1, 2);
    using x = await createTensor(gpu, given);
    given[0] = 9;
    const found = await x.read();
    found[1] = 9;
    using y = x.add(0);
    assert.deepEqual(Array.from(await y.read()), [1, 2]);
    x.dispose();
    await assert.rejects(x.read(), { code: "DISPOSED" });
  }));

test("a chain with views, broadcasts, ramps and constants is the device's", () =>
  scoped(async () => {
    const values = [1.5, -2, 3, Number.NaN, 0, 7];
    const results = async (limit: number) => {
      preferHost(gpu, limit);
      using x = await createTensor(gpu, values, { shape: [2, 3] });
      using ramp = arange(gpu, 0, 3);
      const before = gpu.counts.dispatches;
      using made = x.T.flip().T.mul(x.slice(0)).add(ramp).sub(0.5).gt(0).where(x, ramp.cast("f32"));
      const read = Array.from(await made.read(), Number);
      return { read, dispatches: gpu.counts.dispatches - before };
    };
    const [here, there] = [await results(64), await results(0)];
    assert.deepEqual([here.dispatches, there.dispatches], [0, 1]);
    assert.deepEqual(here.read, there.read);
  }));

test("along an axis the host adds in the device's order: sums are the same to the bit", () =>
  scoped(async () => {
    const next = generator(71);
    for (const [shape, axis] of [
      [[7, 9], 1],
      [[3, 1500], 1],
      [[4099, 2], 0],
      [[2, 9000], 1],
      [[2, 70_000], 1],
    ] as const) {
      preferHost(gpu, 2 ** 20);
      const values = Float32Array.from({ length: shape[0] * shape[1] }, () => next() * 6 - 3);
      using x = await createTensor(gpu, { shape, data: values });
      const found = [];
      for (const limit of [2 ** 20, 0]) {
        preferHost(gpu, limit);
        const before = gpu.counts.dispatches;
        using sums = x.sum(axis);
        using means = x.mean(axis);
        using running = x.cumSum(axis);
        found.push([await sums.read(), await means.read(), await running.read()]);
        assert.equal(gpu.counts.dispatches > before, limit === 0);
      }
      const text = `${shape} over ${axis}`;
      for (const [k, one] of found[0]!.entries()) assert.deepEqual(one, found[1]![k], text);
    }
  }));

test("what moves, joins, sorts or scatters few elements of the host needs no kernel", () =>
  scoped(async () => {
    preferHost(gpu, 64);
    const before = gpu.counts.dispatches;
    using x = await createTensor(gpu, [3, 1, 2, 0, 5, 4], { shape: [2, 3] });
    using at = await createTensor(gpu, Int32Array.of(1, -3, 7));
    const made = [
      x.softmax(0),
      x.logSumExp(0),
      x.argMax(1),
      x.T.copy(),
      x.T.reshape(6),
      x.take(at, 1),
      x.pad([
        [1, 0],
        [0, 2],
      ]),
      x.sort(),
      ...x.topK(2),
      x.scatterAdd(at, x, 1),
    ];
    for (const one of made) await one.read();
    assert.equal(gpu.counts.dispatches, before);
  }));

test("integers added on the device to zeros that the host could make are read from the device", () =>
  scoped(async () => {
    preferHost(gpu, 8);
    using at = await createTensor(
      gpu,
      Int32Array.from({ length: 40 }, (_, i) => i % 4),
    );
    using counts = at.bincount(5);
    assert.deepEqual([...(await counts.read())], [10, 10, 10, 10, 0]);
    using base = await createTensor(gpu, [1, 2, 3, 4]);
    using updates = await createTensor(
      gpu,
      Float32Array.from({ length: 40 }, (_, i) => i),
    );
    using put = base.scatter(at, updates);
    assert.deepEqual([...(await put.read())], [36, 37, 38, 39]);
  }));
