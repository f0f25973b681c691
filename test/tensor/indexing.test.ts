// What moves elements, against NumPy: running reductions, sorting, gathering, scattering, joining.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor } from "../../kernel/src/compute/index.ts";
import { gpu } from "../gpu/open.ts";
import { onBoth } from "./both.ts";
import { judge, numpy } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

test("running sums, products and extremes of short and long lines", () =>
  onBoth(async () => {
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
  onBoth(async () => {
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
  onBoth(async () => {
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
  onBoth(async () => {
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
  onBoth(async () => {
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
  onBoth(async () => {
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
