// Sparse matrices against SciPy: conversions between all formats, products, transposes, sums, bytes.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createSparse,
  createTensor,
  type GpuSparse,
  type HostSparse,
  type SparseFormat,
  sparseFrom,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { type HostTensor, judge, numpy } from "./oracle.ts";
import { type Given, RandomTensors } from "./random.ts";

const NEAR = { relative: 1e-5, absolute: 1e-5 };
const FORMATS: SparseFormat[] = ["csr", "csc", "coo", "bsr"];

/** A matrix of which about a fifth is not 0, with rows and columns that are empty. */
async function matrix(random: RandomTensors, rows: number, columns: number): Promise<Given> {
  const { host, tensor } = await random.tensor("f32", [rows, columns], { special: 0 });
  const data = host.data as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    if (random.next() < 0.8 || row % 5 === 2 || column % 7 === 3) data[i] = 0;
  }
  tensor.dispose();
  return { host, tensor: await createTensor(gpu, data, { shape: [rows, columns] }) };
}

async function same(sparse: GpuSparse, host: HostTensor, what: string): Promise<void> {
  await judge(sparse.toDense(), await numpy("x", { x: host }), {}, what);
}

test("from dense to each format, to the others, and back", () =>
  scoped(async () => {
    const random = new RandomTensors(51);
    const { host, tensor } = await matrix(random, 24, 32);
    for (const format of FORMATS) {
      const sparse = await sparseFrom(tensor, { format });
      await same(sparse, host, format);
      for (const other of ["csr", "csc", "coo"] as const)
        await same(sparse.to(other), host, `${format} to ${other}`);
      await judge(
        sparse.transpose().toDense(),
        await numpy("x.T", { x: host }),
        {},
        `${format} transposed`,
      );
      assert.equal(sparse.bytes.dense, 24 * 32 * 4);
      if (format !== "bsr")
        assert.equal(
          sparse.count,
          (host.data as Float32Array).filter((value) => value !== 0).length,
        );
    }
    const { host: none, tensor: zeros } = await random.tensor("f32", [4, 4], {
      special: 0,
      scale: 0,
    });
    for (const format of FORMATS)
      await same(await sparseFrom(zeros, { format }), none, `empty ${format}`);
  }));

test("the host's buffers are SciPy's", () =>
  scoped(async () => {
    const random = new RandomTensors(52);
    const { host, tensor } = await matrix(random, 13, 9);
    for (const format of ["csr", "csc"] as const) {
      const found = (await (await sparseFrom(tensor, { format })).toHost()) as HostSparse & {
        format: "csr";
      };
      for (const name of ["indptr", "indices", "data"] as const) {
        const wanted = await numpy(`sparse.${format}_array(x).${name}`, { x: host });
        assert.deepEqual(
          Array.from(found[name] as Float32Array),
          [...wanted.values],
          `${format} ${name}`,
        );
      }
      await same(await createSparse(gpu, found), host, `${format} again`);
    }
    const coo = (await (await sparseFrom(tensor, { format: "coo" })).toHost()) as HostSparse & {
      format: "coo";
    };
    const turned = {
      ...coo,
      coords: coo.coords.map((one) => BigInt64Array.from(one as Int32Array, BigInt).reverse()),
      data: (coo.data as Float32Array).toReversed(),
    };
    await same(await createSparse(gpu, turned), host, "coo out of order, of 64 bits");
  }));

test("times a matrix and a vector", () =>
  scoped(async () => {
    const random = new RandomTensors(53);
    const { host, tensor } = await matrix(random, 24, 32);
    const [b, v] = [
      await random.tensor("f32", [32, 37], { special: 0 }),
      await random.tensor("f32", [32], { special: 0 }),
    ];
    const given = { x: host, y: b.host, v: v.host };
    for (const format of FORMATS) {
      const sparse = await sparseFrom(tensor, { format, block: [2, 8] });
      await judge(sparse.matmul(b.tensor), await numpy("x @ y", given), NEAR, `${format} × matrix`);
      await judge(sparse.matmul(v.tensor), await numpy("x @ v", given), NEAR, `${format} × vector`);
      await judge(
        sparse.matmul(b.tensor.slice(null, [5, 8])),
        await numpy("x @ y[:, 5:8]", given),
        NEAR,
        `${format} × view`,
      );
      await judge(
        sparse.transpose().matmul(tensor),
        await numpy("x.T @ x", given),
        NEAR,
        `${format} transposed × matrix`,
      );
    }
  }));

test("2:4 keeps two of four, in half the bytes and a little", () =>
  scoped(async () => {
    const random = new RandomTensors(54);
    const [a, b] = [
      await random.tensor("f32", [10, 64], { special: 0 }),
      await random.tensor("f32", [64, 7], { special: 0 }),
    ];
    const sparse = await sparseFrom(a.tensor, { format: "2:4" });
    const pruned =
      "(lambda f: np.where(np.argsort(np.argsort(-abs(f), -1, kind='stable'), -1) < 2, f, 0))(x.reshape(10, 16, 4)).reshape(10, 64)";
    const given = { x: a.host, y: b.host };
    await judge(sparse.toDense(), await numpy(pruned, given), {}, "pruned");
    await judge(sparse.matmul(b.tensor), await numpy(`(${pruned}) @ y`, given), NEAR, "product");
    assert.deepEqual(sparse.bytes, { sparse: 10 * 32 * 4 + 10 * 16 * 0.5, dense: 10 * 64 * 4 });
  }));

test("element by element: values changed, times a dense matrix, and sums", () =>
  scoped(async () => {
    const random = new RandomTensors(55);
    const [a, b] = [await matrix(random, 11, 14), await matrix(random, 11, 14)];
    const given = { x: a.host, y: b.host };
    const [x, y] = [await sparseFrom(a.tensor), await sparseFrom(b.tensor, { format: "csc" })];
    await judge(x.map((values) => values.mul(3)).toDense(), await numpy("x * 3", given), {}, "map");
    await judge(x.mul(b.tensor).toDense(), await numpy("x * y", given), {}, "mul");
    const sum = await x.add(y);
    await judge(sum.toDense(), await numpy("x + y", given), {}, "add");
    assert.equal(
      sum.count,
      (await numpy("np.count_nonzero((x != 0) | (y != 0))", given)).values[0],
    );
    assert.throws(() => x.matmul(a.tensor), { code: "SHAPE" });
  }));

test("no memory stays behind", () =>
  scoped(async () => {
    const random = new RandomTensors(56);
    const { tensor } = await matrix(random, 16, 16);
    const before = gpu.pool.stats().liveBlocks;
    for (const format of [...FORMATS, "2:4"] as const) {
      using sparse = await sparseFrom(tensor, { format });
      using product = sparse.matmul(tensor);
      using sum = await sparse.add(sparse);
      using turned = sparse.transpose();
      using dense = turned.toDense();
      assert.ok(product.size > 0 && sum.count > 0 && dense.size > 0);
    }
    assert.equal(gpu.pool.stats().liveBlocks, before);
  }));

test("blocks that lie in the matrix as it is in memory", () =>
  scoped(async () => {
    const elements = [0, 1, 0, 2, 0, 0, 0, 0, 3, 0, 0, 4, 5, 0, 0, 0];
    const dense = await createTensor(gpu, Float32Array.from(elements), { shape: [4, 4] });
    for (const block of [
      [4, 4],
      [1, 2],
      [2, 4],
      [1, 1],
    ] as const) {
      const blocks = await sparseFrom(dense, { format: "bsr", block });
      assert.deepEqual([...(await blocks.toDense().read())], elements, `blocks ${block}`);
    }
  }));

test("each format to each other one, of random shapes with empty lines, and places that are given twice", () =>
  scoped(async () => {
    const random = new RandomTensors(57);
    for (const [rows, columns] of [
      [8, 12],
      [4, 4],
      [16, 4],
      [0, 8],
      [4, 0],
    ] as const) {
      const { host, tensor } = await matrix(random, rows, columns);
      for (const from of FORMATS) {
        const first = await sparseFrom(tensor, { format: from, block: [2, 4] });
        for (const format of FORMATS) {
          const found = await sparseFrom(first, { format, block: [4, 2] });
          assert.equal(found.format, format);
          await same(found, host, `[${rows}, ${columns}] ${from} to ${format}`);
        }
      }
      if (rows * columns === 0) continue;
      const halves = await sparseFrom(await sparseFrom(tensor, { format: "csc" }), {
        format: "2:4",
      });
      const direct = await sparseFrom(tensor, { format: "2:4" });
      await judge(halves.toDense(), await hostOf(direct), {}, "to 2:4");
      const coo = await halves.coalesce();
      await judge(coo.toDense(), await hostOf(direct), {}, "2:4 to coo");
    }
    // Twice at (1, 2), as SciPy lets it be.
    const twice = await createSparse(gpu, {
      format: "coo",
      shape: [4, 4],
      coords: [Int32Array.of(1, 3, 1, 0), Int32Array.of(2, 0, 2, 1)],
      data: Float32Array.of(5, 1, 7, 2),
    });
    const wanted = [0, 2, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    const once = await twice.coalesce();
    assert.deepEqual([twice.count, once.count], [4, 3]);
    const vector = await createTensor(gpu, [1, 10, 100, 1000]);
    for (const one of [
      twice,
      once,
      twice.to("csc"),
      await sparseFrom(twice, { format: "bsr", block: [2, 2] }),
    ]) {
      assert.deepEqual(Array.from(await one.toDense().read()), wanted);
      assert.deepEqual(Array.from(await one.matmul(vector).read()), [20, 1200, 0, 1]);
      const scaled = one.mul(vector.broadcastTo(4, 4));
      assert.deepEqual(Array.from(await scaled.toDense().sum(1).read()), [20, 1200, 0, 1]);
    }
    await assert.rejects(sparseFrom(twice, { format: "bsr", block: [3, 2] }), { code: "SHAPE" });
    assert.equal((await sparseFrom(vector.cast("i8").reshape(2, 2))).bytes.dense, 4);
  }));

async function hostOf(x: GpuSparse) {
  using dense = x.toDense();
  const values = Float64Array.from(await dense.read(), Number);
  return { shape: [...x.shape], dtype: "float64", values };
}
