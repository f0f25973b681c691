// What moves elements, against NumPy: running reductions, sorting, gathering, scattering, joining; and random
// numbers against the published vectors of Threefry.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  arange,
  createTensor,
  eye,
  full,
  linspace,
  RandomStream,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { judge, numpy } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

test("running sums, products and extremes of short and long lines", () =>
  scoped(async () => {
    const random = new RandomTensors(21);
    for (const [shape, axis] of [
      [[7], 0],
      [[1000], 0],
      [[3, 513, 2], 1],
      [[512, 4], 0],
      [[70_000], 0],
      [[0], 0],
    ] as const) {
      const { host, tensor } = await random.tensor("i32", shape, { special: 0 });
      await judge(
        tensor.cumSum(axis),
        await numpy(`x.cumsum(${axis})`, { x: host }),
        {},
        `cumSum [${shape}]`,
      );
      await judge(
        tensor.cumMax(axis),
        await numpy(`np.maximum.accumulate(x, ${axis})`, { x: host }),
        {},
        `cumMax [${shape}]`,
      );
    }
    const { host, tensor } = await random.tensor("f32", [4, 300], { special: 0, scale: 1.4 });
    await judge(
      tensor.cumProd(1),
      await numpy("x.astype('float64').cumprod(1)", { x: host }),
      { relative: 1e-4, absolute: 1e-20 },
      "cumProd",
    );
    await judge(
      tensor.T.cumSum(0),
      await numpy("x.astype('float64').T.cumsum(0)", { x: host }),
      { absolute: 1e-4 },
      "cumSum of a view",
    );
  }));

test("sorting is stable, with NaN last either way", () =>
  scoped(async () => {
    const random = new RandomTensors(22);
    for (const dtype of ["f32", "f16", "i32", "u32", "i8", "bool"] as const) {
      const { host, tensor } = await random.tensor(dtype, [3, 45, 2], { special: 0.2, scale: 2 });
      await judge(
        tensor.sort({ axis: 1 }),
        await numpy("np.sort(x, 1)", { x: host }),
        {},
        `sort ${dtype}`,
      );
      await judge(
        tensor.argSort({ axis: 1 }),
        await numpy("np.argsort(x, 1, kind='stable')", { x: host }),
        {},
        `argSort ${dtype}`,
      );
    }
    const { host, tensor } = await random.tensor("i32", [5000], { special: 0 });
    await judge(
      tensor.argSort(),
      await numpy("np.argsort(x, kind='stable')", { x: host }),
      {},
      "argSort long",
    );
    await judge(
      tensor.argSort({ descending: true }),
      await numpy("np.argsort(-x, kind='stable')", { x: host }),
      {},
      "descending",
    );
    const [values, indices] = tensor.topK(7);
    await judge(values, await numpy("np.sort(x)[::-1][:7]", { x: host }), {}, "topK");
    await judge(
      indices,
      await numpy("np.argsort(-x, kind='stable')[:7]", { x: host }),
      {},
      "topK indices",
    );
  }));

test("gathering: negative indices from the end, NaN or 0 beyond the axis", () =>
  scoped(async () => {
    const random = new RandomTensors(23);
    for (const dtype of ["f32", "f16", "i8", "bool", "i4"] as const) {
      const { host, tensor } = await random.tensor(dtype, [5, 6, 7]);
      const at = Int32Array.from({ length: 12 }, () => random.below(12) - 6);
      const indices = await createTensor(gpu, at, { shape: [3, 4] });
      const told = { shape: [3, 4], dtype: "int32", data: at };
      for (const axis of [0, 1, 2]) {
        const size = [5, 6, 7][axis]!;
        const none = dtype === "f32" || dtype === "f16" ? "np.nan" : "0";
        const inside = `((i >= -${size}) & (i < ${size}))`;
        const wide = `np.take(x, np.where(${inside}, i, 0), ${axis})`;
        const mask = `${inside}.reshape(${[...Array(axis).fill(1), 3, 4, ...Array(2 - axis).fill(1)].join(",")})`;
        await judge(
          tensor.take(indices, axis),
          await numpy(`np.where(${mask}, ${wide}, ${none})`, { x: host, i: told }),
          {},
          `take ${dtype} ${axis}`,
        );
      }
    }
    const { host, tensor } = await random.tensor("f32", [6, 4], { special: 0 });
    const along = Int32Array.from({ length: 8 }, () => random.below(6));
    const indices = await createTensor(gpu, along, { shape: [2, 4] });
    const told = {
      shape: [2, 4],
      dtype: "int64",
      data: BigInt64Array.from(along, BigInt) as never,
    };
    await judge(
      tensor.takeAlong(indices, 0),
      await numpy("np.take_along_axis(x, i, 0)", { x: host, i: told }),
      {},
      "takeAlong",
    );
    await judge(
      tensor.T.takeAlong(indices.T, 1),
      await numpy("np.take_along_axis(x, i, 0).T", { x: host, i: told }),
      {},
      "of views",
    );
  }));

test("scattering: updates of one index in their order, the last one stays, what is beyond is dropped", () =>
  scoped(async () => {
    const random = new RandomTensors(24);
    for (const axis of [0, 1]) {
      const { host, tensor } = await random.tensor("f32", [5, 6], { special: 0 });
      const count = 40;
      const at = Int32Array.from({ length: count }, () => random.below(16) - 8);
      const updates = await random.tensor("f32", axis === 0 ? [count, 6] : [5, count], {
        special: 0,
      });
      const indices = await createTensor(gpu, at);
      const told = { shape: [count], dtype: "int32", data: at };
      const size = [5, 6][axis]!;
      const part = axis === 0 ? "u[k[0]]" : "u[:, k[0]]";
      const place = axis === 0 ? "x[k[1]]" : "x[:, k[1]]";
      const steps = `[(${place}.__OP__(${part})) for k in enumerate(i.tolist()) if -${size} <= k[1] < ${size}]`;
      const add = steps.replace("__OP__", "__iadd__");
      const set =
        axis === 0
          ? steps.replace(/x\[k\[1\]\]\.__OP__\((.*?)\)\)/, "x.__setitem__(k[1], $1))")
          : steps.replace(
              /x\[:, k\[1\]\]\.__OP__\((.*?)\)\)/,
              "x.__setitem__((slice(None), k[1]), $1))",
            );
      const given = { x: host, u: updates.host, i: told };
      await judge(
        tensor.scatterAdd(indices, updates.tensor, axis),
        await numpy(`(lambda x: (${add}, x)[1])(x.copy())`, given),
        { absolute: 1e-5 },
        `add ${axis}`,
      );
      await judge(
        tensor.scatter(indices, updates.tensor, axis),
        await numpy(`(lambda x: (${set}, x)[1])(x.copy())`, given),
        {},
        `set ${axis}`,
      );
    }
  }));

test("joining, padding, tiling, triangles, one-hot", () =>
  scoped(async () => {
    const random = new RandomTensors(25);
    for (const dtype of ["f32", "f16", "i8", "bool", "i4"] as const) {
      const [a, b] = [await random.tensor(dtype, [3, 5]), await random.tensor(dtype, [3, 2])];
      const given = { x: a.host, y: b.host };
      await judge(
        a.tensor.concat([b.tensor], 1),
        await numpy("np.concatenate([x, y], 1)", given),
        {},
        `concat ${dtype}`,
      );
      await judge(
        a.tensor.stack([a.tensor], 1),
        await numpy("np.stack([x, x], 1)", given),
        {},
        `stack ${dtype}`,
      );
      await judge(
        a.tensor.pad(
          [
            [1, 2],
            [0, 3],
          ],
          1,
        ),
        await numpy("np.pad(x, [(1, 2), (0, 3)], constant_values=1)", given),
        {},
        `pad ${dtype}`,
      );
      await judge(
        a.tensor.tile(2, 3),
        await numpy("np.tile(x, (2, 3))", given),
        {},
        `tile ${dtype}`,
      );
      await judge(a.tensor.triu(1), await numpy("np.triu(x, 1)", given), {}, `triu ${dtype}`);
      await judge(a.tensor.tril(-1), await numpy("np.tril(x, -1)", given), {}, `tril ${dtype}`);
      await judge(a.tensor.T.copy(), await numpy("x.T", given), {}, `copy ${dtype}`);
      await judge(a.tensor.copy(), await numpy("x", given), {}, `copy in order ${dtype}`);
    }
    const classes = await createTensor(gpu, Int32Array.of(0, 2, 1, 2));
    assert.deepEqual([...(await classes.oneHot(3).read())], [1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1]);
  }));

test("losses", () =>
  scoped(async () => {
    const random = new RandomTensors(26);
    const near = { relative: 1e-5 };
    const [a, b] = [
      await random.tensor("f32", [8, 5], { special: 0 }),
      await random.tensor("f32", [8, 5], { special: 0 }),
    ];
    const given = { x: a.host, y: b.host };
    await judge(
      a.tensor.mseLoss(b.tensor),
      await numpy("np.mean((x - y) ** 2)", given),
      near,
      "mse",
    );
    await judge(a.tensor.l1Loss(b.tensor), await numpy("np.mean(abs(x - y))", given), near, "l1");
    await judge(
      a.tensor.huberLoss(b.tensor, 2),
      await numpy("np.mean(np.where(abs(x-y) <= 2, 0.5*(x-y)**2, 2*(abs(x-y) - 1)))", given),
      near,
      "huber",
    );
    const classes = await createTensor(
      gpu,
      Int32Array.from({ length: 8 }, (_, i) => i % 5),
    );
    await judge(
      a.tensor.crossEntropy(classes),
      await numpy("-np.mean(special.log_softmax(x, -1)[np.arange(8), np.arange(8) % 5])", given),
      near,
      "crossEntropy",
    );
    const p = await createTensor(
      gpu,
      Float32Array.from({ length: 40 }, (_, i) => i % 2),
      { shape: [8, 5] },
    );
    const q = "(np.arange(40) % 2).reshape(8, 5)";
    await judge(
      a.tensor.binaryCrossEntropy(p),
      await numpy(`np.mean(np.logaddexp(0, x) - x * ${q})`, given),
      near,
      "binaryCrossEntropy",
    );
  }));

test("ranges, constants and the identity take no memory until they are needed", () =>
  scoped(async () => {
    const before = gpu.pool.stats().liveBlocks;
    const [range, line, one, two] = [
      arange(gpu, 3, -4, -2),
      linspace(gpu, 0, 1, 5),
      eye(gpu, 2, 3),
      full(gpu, [2], 2.5),
    ];
    assert.equal(gpu.pool.stats().liveBlocks, before);
    assert.deepEqual([...(await range.read())], [3, 1, -1, -3]);
    assert.deepEqual([...(await line.read())], [0, 0.25, 0.5, 0.75, 1]);
    assert.deepEqual([...(await one.read())], [1, 0, 0, 0, 1, 0]);
    assert.deepEqual([...(await two.read())], [2.5, 2.5]);
    assert.deepEqual([...(await arange(gpu, 0, 1, 0.25).read())], [0, 0.25, 0.5, 0.75]);
  }));

test("ranges hold what is beyond i32, or say that the dtype does not; lines and strides end where they should", () =>
  scoped(async () => {
    const far = arange(gpu, 0, 5e9, 1e9, "f32");
    assert.deepEqual([...(await far.read())], [0, 1e9, 2e9, 3e9, 4e9]);
    const top = arange(gpu, 2 ** 32 - 1, 2 ** 32 - 4, -1, "u32");
    assert.deepEqual([...(await top.read())], [2 ** 32 - 1, 2 ** 32 - 2, 2 ** 32 - 3]);
    const low = arange(gpu, -(2 ** 31), -(2 ** 31) + 2);
    assert.deepEqual([...(await low.read())], [-(2 ** 31), -(2 ** 31) + 1]);
    assert.throws(() => arange(gpu, 2 ** 31 - 2, 2 ** 31 + 2), /wanted numbers that i32 holds/);
    assert.throws(() => arange(gpu, 250, 260, 1, "u8"), /found 250 to 259/);
    for (const strides of [[1000], [2]]) {
      const beyond = { data: Float32Array.of(1, 2), shape: [2], strides };
      await assert.rejects(createTensor(gpu, beyond), /wanted a stride for each axis of \[2\]/);
    }
    const ends = (await linspace(gpu, -1.3, 2.7, 333).read()).filter((_, i) => i % 332 === 0);
    assert.deepEqual([...ends], [-1.3, 2.7].map(Math.fround));
  }));

/** Threefry-2x32-20 in JavaScript. */
function threefry([k0, k1]: [number, number], counter: [number, number]): [number, number] {
  const ks = [k0, k1, 0x1bd11bda ^ k0 ^ k1];
  const turns = [13, 15, 26, 6, 17, 29, 16, 24];
  let [x, y] = [(counter[0] + k0) >>> 0, (counter[1] + k1) >>> 0];
  for (let round = 0; round < 20; round++) {
    x = (x + y) >>> 0;
    const turn = turns[round % 8]!;
    y = (((y << turn) | (y >>> (32 - turn))) ^ x) >>> 0;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x = (x + ks[s % 3]!) >>> 0;
      y = (y + ks[(s + 1) % 3]! + s) >>> 0;
    }
  }
  return [x, y];
}

test("random bits are Threefry's: published vectors, then ours", () =>
  scoped(async () => {
    // Random123's known answers, threefry2x32 of 20 rounds.
    assert.deepEqual(threefry([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
    assert.deepEqual(
      threefry([0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff]),
      [0x1cb996fc, 0xbb002be7],
    );
    assert.deepEqual(
      threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]),
      [0xc4923a9c, 0x483df7a0],
    );
    const random = new RandomStream(() => gpu, 0x13198a2e);
    for (const stream of [0, 1]) {
      const bits = await random.bits([10, 10]).read();
      const wanted = Uint32Array.from(
        { length: 100 },
        (_, i) => threefry([0x13198a2e, 0], [i, stream])[0],
      );
      assert.deepEqual(bits, wanted);
    }
    assert.equal((await new RandomStream(() => gpu, 0).bits(1).read())[0], 0x6b200159);
  }));

test("uniform, normal, whole and Boolean numbers have their distributions", () =>
  scoped(async () => {
    const random = new RandomStream(() => gpu, 7);
    const n = 200_000;
    const uniform = await random.uniform(n, -1, 3).read();
    assert.ok(uniform.every((value) => value >= -1 && value < 3));
    const mean = (values: ArrayLike<number>) =>
      Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    assert.ok(Math.abs(mean(uniform) - 1) < 0.02);
    const normal = await random.normal(n).read();
    const data = normal as Float32Array;
    const given = { x: { shape: [n], dtype: "float32", data } };
    // Kolmogorov and Smirnov's distance; 1.63 ÷ √n is exceeded by chance once in a hundred, this seed once and for all.
    const { values } = await numpy(
      "np.max(np.abs(special.ndtr(np.sort(x.astype('float64'))) - np.arange(1, len(x) + 1) / len(x)))",
      given,
    );
    assert.ok(values[0]! < 1.63 / Math.sqrt(n), `distance ${values[0]}`);
    const whole = await random.integers(n, -3, 4).read();
    const counts = new Map<number, number>();
    for (const value of whole) counts.set(value, (counts.get(value) ?? 0) + 1);
    assert.deepEqual(
      [...counts.keys()].sort((a, b) => a - b),
      [-3, -2, -1, 0, 1, 2, 3],
    );
    for (const count of counts.values()) assert.ok(Math.abs(count / n - 1 / 7) < 0.005);
    assert.ok(Math.abs(mean(await random.bernoulli(n, 0.3).read()) - 0.3) < 0.005);
  }));

test("normal numbers invert the distribution, tails and all", () =>
  scoped(async () => {
    const random = new RandomStream(() => gpu, 99);
    const bits = (await random.bits(50_000).read()) as Uint32Array;
    const again = (await new RandomStream(() => gpu, 99).normal(50_000).read()) as Float32Array;
    const given = { x: { shape: [bits.length], dtype: "uint32", data: bits } };
    const tail = "special.ndtri(((x & 0x7fffffff) | 1) / 2.0**32)";
    const { values } = await numpy(`np.where(x >> 31 == 1, ${tail}, -${tail})`, given);
    for (const [i, want] of values.entries())
      assert.ok(Math.abs(again[i]! - want) < 1e-4, `${bits[i]}: ${want}, ${again[i]}`);
  }));
