// Parts, borders, windows and blocks of tensors, images of other sizes, normalisation and losses, against NumPy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor, type GpuTensor } from "../../kernel/src/compute/index.ts";
import { RandomStream } from "../../kernel/src/compute/tensor/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { onBoth } from "./both.ts";
import { judge, numpy } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

const NEAR = { relative: 2e-5, absolute: 1e-5 };

test("parts of an axis, diagonals, windows: views, which take no memory", () =>
  onBoth(async () => {
    const random = new RandomTensors(71);
    for (const dtype of ["f32", "i4"] as const) {
      const { host, tensor } = await random.tensor(dtype, [4, 6, 5]);
      const live = gpu.pool.stats().liveBlocks;
      const views: [GpuTensor, string][] = [
        ...tensor
          .split(3, 1)
          .map((one, i): [GpuTensor, string] => [one, `np.split(x, 3, 1)[${i}]`]),
        ...tensor
          .split([1, 0, 4], -1)
          .map((one, i): [GpuTensor, string] => [one, `np.split(x, [1, 1], 2)[${i}]`]),
        ...tensor.unstack(0).map((one, i): [GpuTensor, string] => [one, `x[${i}]`]),
        ...[0, 2, -3, 9, -9].map((k): [GpuTensor, string] => [
          tensor.diagonal(k),
          `np.diagonal(x, ${k}, 1, 2)`,
        ]),
        [tensor.unfold(1, 3), "np.lib.stride_tricks.sliding_window_view(x, 3, 1)"],
        [
          tensor.unfold(1, 2, 3).unfold(2, 4),
          "np.lib.stride_tricks.sliding_window_view(np.lib.stride_tricks.sliding_window_view(x, 2, 1)[:, ::3], 4, 2)",
        ],
        [
          tensor.T.slice([1, 4]).unfold(0, 2).diagonal(),
          "np.diagonal(np.lib.stride_tricks.sliding_window_view(x.transpose(0, 2, 1)[1:4], 2, 0), 0, 2, 3)",
        ],
      ];
      assert.equal(gpu.pool.stats().liveBlocks, live);
      for (const [found, python] of dtype === "f32" ? views : views.slice(-3))
        await judge(found, await numpy(python, { x: host }), {}, `${dtype} ${python}`);
    }
  }));

test("borders of each kind, diagonals as matrices, blocks of images", () =>
  scoped(async () => {
    const random = new RandomTensors(72);
    for (const dtype of ["f32", "u8"] as const) {
      const { host, tensor } = await random.tensor(dtype, [3, 4], { special: 0 });
      for (const mode of ["reflect", "symmetric", "edge"] as const) {
        const widths = [
          [2, 1],
          [3, mode === "reflect" ? 2 : 4],
        ] as const;
        await judge(
          tensor.pad(widths, mode),
          await numpy(`np.pad(x, ${JSON.stringify(widths)}, '${mode}')`, { x: host }),
          {},
          `${dtype} ${mode}`,
        );
      }
      for (const k of [0, 1, -2]) {
        await judge(
          tensor.diag(k),
          await numpy(`np.stack([np.diag(row, ${k}) for row in x])`, { x: host }),
          {},
          `${dtype} diag ${k}`,
        );
      }
    }
    const { host, tensor } = await random.tensor("f32", [2, 3, 2, 8]);
    const spread = "x.reshape(2, 3, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(2, 6, 4, 2)";
    await judge(tensor.depthToSpace(2), await numpy(spread, { x: host }), {}, "depthToSpace");
    await judge(
      tensor.depthToSpace(2).spaceToDepth(2),
      await numpy("x", { x: host }),
      {},
      "and back",
    );
    const line = tensor.flatten();
    assert.throws(() => line.split(5), { code: "SHAPE", message: /divides 96.*found 5/ });
    assert.throws(() => line.split([90, 5]), { code: "SHAPE" });
    assert.throws(() => line.unfold(0, 97), { code: "SHAPE", message: /1 to 96.*found 97/ });
    assert.throws(() => line.slice([0, 2]).pad([[2, 0]], "reflect"), { code: "SHAPE" });
    assert.throws(() => tensor.depthToSpace(3), { code: "SHAPE" });
  }));

test("running sums and products without each element, and from the end", () =>
  onBoth(async () => {
    const random = new RandomTensors(73);
    const { host, tensor } = await random.tensor("i32", [3, 5, 2], { special: 0 });
    const shift = "np.concatenate([np.full_like(x[:, :1], F), x.cumO(1)[:, :-1]], 1)";
    for (const [how, name, first] of [
      ["cumSum", "sum", 0],
      ["cumProd", "prod", 1],
    ] as const) {
      const exclusive = shift.replace("F", String(first)).replace("cumO", `cum${name}`);
      const turned = `(lambda x: ${exclusive})(x[:, ::-1])[:, ::-1]`;
      for (const [options, python] of [
        [{ exclusive: true }, exclusive],
        [{ reverse: true }, `x[:, ::-1].cum${name}(1)[:, ::-1]`],
        [{ exclusive: true, reverse: true }, turned],
      ] as const) {
        await judge(tensor[how](1, options), await numpy(python, { x: host }), {}, python);
      }
    }
  }));

test("images of other sizes, by each alignment", () =>
  onBoth(async () => {
    const random = new RandomTensors(74);
    const { host, tensor } = await random.tensor("f32", [2, 5, 7, 3], { special: 0 });
    for (const [height, width] of [
      [9, 4],
      [1, 14],
      [5, 7],
    ] as const) {
      for (const align of ["corners", "centers", "ends"] as const) {
        // Places in exact fractions, as Python's: NumPy's floats would round them.
        const place = (from: number, to: number) =>
          ({
            corners: `[F(i * ${from}, ${to}) for i in range(${to})]`,
            centers: `[F(2 * i + 1, 2) * F(${from}, ${to}) - F(1, 2) for i in range(${to})]`,
            ends: to > 1 ? `[F(i * ${from - 1}, ${to - 1}) for i in range(${to})]` : "[F(0, 1)]",
          })[align];
        const nearest = (from: number, to: number) =>
          ({
            corners: `[p.__floor__() for p in ${place(from, to)}]`,
            centers: `[(p + F(1, 2)).__floor__() for p in ${place(from, to)}]`,
            ends: `[(p + F(1, 2)).__floor__() for p in ${place(from, to)}]`,
          })[align];
        const F = "F=__import__('fractions').Fraction";
        await judge(
          tensor.resizeNearest(height, width, { align }),
          await numpy(`(lambda ${F}: x[:, ${nearest(5, height)}][:, :, ${nearest(7, width)}])()`, {
            x: host,
          }),
          {},
          `nearest ${height} ${width} ${align}`,
        );
        const between = (axis: number, from: number, to: number) =>
          `np.apply_along_axis(lambda line: np.interp([float(p) for p in ${place(from, to)}], np.arange(${from}), line), ${axis}, `;
        await judge(
          tensor.resizeBilinear(height, width, { align }),
          await numpy(`(lambda ${F}: ${between(2, 7, width)}${between(1, 5, height)}x)))()`, {
            x: host,
          }),
          NEAR,
          `bilinear ${height} ${width} ${align}`,
        );
      }
    }
    assert.throws(() => tensor.resizeBilinear(0, 3), { code: "SHAPE" });
    assert.throws(() => tensor.resizeNearest(2, 3, { align: "left" as never }), {
      code: "OPTIONS",
    });
  }));

test("images of other sizes of each dtype, of pixels that fill words and vectors and of others, and of views", () =>
  onBoth(async () => {
    const random = new RandomTensors(76);
    for (const dtype of ["f32", "f16", "i32", "u8", "i4", "bool"] as const) {
      for (const channels of [3, 8, 32]) {
        const { host, tensor } = await random.tensor(dtype, [2, 5, 6, channels]);
        const given = { x: host };
        for (const [image, python] of [
          [tensor, "x"],
          [tensor.slice(null, null, [1, null]), "x[:, :, 1:]"],
          [tensor.transpose(0, 2, 1, 3), "x.transpose(0, 2, 1, 3)"],
          [tensor.slice(null, null, null, [1, null]), "x[..., 1:]"],
        ] as const) {
          const [height, width] = image.shape.slice(1) as [number, number];
          const nearest = (from: number, to: number) =>
            `[i * ${from} // ${to} for i in range(${to})]`;
          await judge(
            image.resizeNearest(7, 9),
            await numpy(`${python}[:, ${nearest(height, 7)}][:, :, ${nearest(width, 9)}]`, given),
            {},
            `${dtype} ${channels} ${python}`,
          );
        }
      }
    }
    for (const [dtype, near] of [
      ["f32", NEAR],
      ["f16", { relative: 2e-3, absolute: 1e-3 }],
      ["u8", NEAR],
    ] as const) {
      const { host, tensor } = await random.tensor(dtype, [2, 5, 6, 8], { special: 0 });
      const line = (axis: number, from: number, to: number) =>
        `np.apply_along_axis(lambda line: np.interp(np.arange(${to}) * ${from} / ${to}, np.arange(${from}), line), ${axis}, `;
      const wanted = await numpy(`${line(2, 6, 9)}${line(1, 5, 3)}x.astype('float64')))`, {
        x: host,
      });
      await judge(tensor.resizeBilinear(3, 9), wanted, near, dtype);
      const other = tensor.transpose(0, 3, 1, 2).copy().transpose(0, 2, 3, 1);
      await judge(other.resizeBilinear(3, 9), wanted, near, `${dtype}, channels apart`);
    }
  }));

test("normalisation by given statistics, and losses of probabilities", () =>
  scoped(async () => {
    const random = new RandomTensors(75);
    const [x, y, m] = [
      await random.tensor("f32", [6, 4], { special: 0 }),
      await random.tensor("f32", [6, 4], { special: 0 }),
      await random.tensor("f32", [4], { special: 0 }),
    ];
    const given = { x: x.host, y: y.host, m: m.host };
    const v = m.tensor.square();
    await judge(
      x.tensor.batchNorm(m.tensor, v, { scale: y.tensor, shift: 0.5 }),
      await numpy("(x - m) / np.sqrt(m.astype('float64') ** 2 + 1e-3) * y + 0.5", given),
      NEAR,
      "batchNorm",
    );
    const p = y.tensor.softmax();
    const soft = "special.softmax(y.astype('float64'), -1)";
    const near = { relative: 1e-5, absolute: 1e-6 };
    for (const [found, python] of [
      [x.tensor.softCrossEntropy(p), `-(special.log_softmax(x, -1) * ${soft}).sum(-1).mean()`],
      [x.tensor.hingeLoss(y.tensor.sign()), "np.maximum(0, 1 - x * np.sign(y)).mean()"],
      [
        p.logLoss(y.tensor.gt(0)),
        `-np.where(y > 0, np.log(${soft} + 1e-7), np.log(1 - ${soft} + 1e-7)).mean()`,
      ],
      [x.tensor.cosineLoss(y.tensor), "(1 - (x.astype('float64') * y).sum(-1)).mean()"],
    ] as const) {
      await judge(found, await numpy(python, given), near, python);
    }
  }));

test("random numbers within bounds, of classes, in order, and dropped ones", () =>
  scoped(async () => {
    const random = () => new RandomStream(() => gpu, 11);
    const values = async (x: GpuTensor) => Array.from(await x.read(), Number);
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    const count = 20_000;
    const held = await values(random().truncatedNormal(count, 3, 2));
    assert.ok(held.every((one) => Math.abs(one - 3) <= 4.001));
    assert.ok(Math.abs(mean(held) - 3) < 0.05);
    // Of a normal number within two deviations the variance is 0.7737.
    const spread = mean(held.map((one) => (one - 3) ** 2)) / 4;
    assert.ok(Math.abs(spread - 0.7737) < 0.02, `${spread}`);
    const waits = await values(random().exponential(count, 4));
    assert.ok(waits.every((one) => one >= 0) && Math.abs(mean(waits) - 0.25) < 0.01);
    const logits = await createTensor(gpu, [
      [0, Math.log(2), Math.log(5)],
      [3, Number.NEGATIVE_INFINITY, 3],
    ]);
    const classes = random().categorical(logits, count);
    assert.deepEqual([...classes.shape, classes.dtype], [2, count, "i32"]);
    const parts = (await values(classes.oneHot(3).mean(1))).map((part) => part * 8);
    for (const [i, wanted] of [1, 2, 5, 4, 0, 4].entries())
      assert.ok(Math.abs(parts[i]! - wanted) < 0.15, `${parts}`);
    const order = await values(random().permutation(1000));
    assert.notDeepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    assert.equal(new Set(order).size, 1000);
    const ones = await createTensor(gpu, new Float32Array(count).fill(1));
    const dropped = await values(random().dropout(ones, 0.2));
    assert.deepEqual(new Set(dropped), new Set([0, 1.25]));
    assert.ok(Math.abs(mean(dropped) - 1) < 0.02);
    assert.deepEqual(dropped, await values(random().dropout(ones, 0.2)));
    assert.throws(() => random().dropout(ones, 1), { code: "RANGE" });
    assert.throws(() => random().truncatedNormal(3, 0, 1, { bounds: 9 }), { code: "RANGE" });
    assert.throws(() => random().exponential(3, 0), { code: "RANGE" });
  }));
