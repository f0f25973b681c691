// Reductions, norms and softmax against NumPy, over random shapes, axes and special values.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensor, type Dtype } from "../../kernel/src/compute/index.ts";
import { gpu } from "../gpu/open.ts";
import { onBoth } from "./both.ts";
import { judge, numpy } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

const REDUCTIONS: Record<string, string> = {
  sum: "sum",
  prod: "prod",
  min: "min",
  max: "max",
  mean: "mean",
  variance: "var",
  std: "std",
  any: "any",
  all: "all",
};

test("reductions over any axes of random shapes", () =>
  onBoth(async () => {
    const random = new RandomTensors(31);
    for (const [name, python] of Object.entries(REDUCTIONS)) {
      for (const dtype of (["any", "all"].includes(name)
        ? ["bool"]
        : ["sum", "max"].includes(name)
          ? ["f32", "i32", "u8"]
          : ["f32"]) as Dtype[]) {
        const shape = Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(9));
        const { host, tensor } = await random.tensor(dtype, shape, {
          special: dtype === "f32" && name !== "prod" ? 0.02 : 0,
          scale: 2,
        });
        const axes = shape.flatMap((_, i) => (random.next() < 0.5 ? i : []));
        const keepDims = random.next() < 0.5;
        const type = ["sum", "prod"].includes(name) && dtype !== "f32" ? ', dtype="int32"' : "";
        const wide =
          dtype === "f32" || !["sum", "prod"].includes(name) ? 'x.astype("float64")' : "x";
        const source = ["min", "max"].includes(name) ? "x" : wide;
        const wanted = await numpy(
          `np.${python}(${source}, axis=(${axes.join(",")}${axes.length === 1 ? "," : ""})${type}, keepdims=${keepDims ? "True" : "False"})`,
          { x: host },
        );
        const method = tensor[name as "sum"].bind(tensor);
        await judge(
          method(axes, { keepDims }),
          wanted,
          { relative: 1e-5, absolute: 2e-5 },
          `${name} ${dtype} [${shape}] over [${axes}]`,
        );
      }
    }
  }));

test("long rows in several passes, at the end and at the beginning", () =>
  onBoth(async () => {
    const random = new RandomTensors(3);
    for (const [shape, axis] of [
      [[200_001], 0],
      [[3, 70_000], 1],
      [[40_000, 3], 0],
      [[2, 9000, 2], 1],
    ] as const) {
      const { host, tensor } = await random.tensor("f32", shape, { special: 0, scale: 1 });
      await judge(
        tensor.sum(axis),
        await numpy(`x.astype("float64").sum(${axis})`, { x: host }),
        { absolute: 1e-3 },
        `sum [${shape}]`,
      );
      await judge(
        tensor.max(axis),
        await numpy(`x.max(${axis})`, { x: host }),
        {},
        `max [${shape}]`,
      );
      await judge(
        tensor.argMin(axis),
        await numpy(`x.argmin(${axis})`, { x: host }),
        {},
        `argMin [${shape}]`,
      );
      await judge(
        tensor.square().mean(axis),
        await numpy(`np.square(x.astype("float64")).mean(${axis})`, { x: host }),
        { relative: 1e-5 },
        "mean of squares, fused",
      );
    }
  }));

test("arg-reductions with ties and NaN", () =>
  onBoth(async () => {
    const random = new RandomTensors(8);
    for (const dtype of ["f32", "i8", "bool"] as const) {
      const { host, tensor } = await random.tensor(dtype, [7, 5, 6], { special: 0.05, scale: 2 });
      for (const axis of [0, 1, 2]) {
        await judge(
          tensor.argMax(axis),
          await numpy(`x.argmax(${axis})`, { x: host }),
          {},
          `argMax ${dtype} ${axis}`,
        );
        await judge(
          tensor.argMin(axis),
          await numpy(`x.argmin(${axis})`, { x: host }),
          {},
          `argMin ${dtype} ${axis}`,
        );
      }
      await judge(tensor.argMax(), await numpy("x.argmax()", { x: host }), {}, "argMax of all");
    }
  }));

test("softmax, log-sum-exp and norms", () =>
  onBoth(async () => {
    const random = new RandomTensors(12);
    const { host, tensor } = await random.tensor("f32", [5, 33], { special: 0, scale: 80 });
    const near = { relative: 1e-4, absolute: 1e-5 };
    await judge(
      tensor.softmax(),
      await numpy("special.softmax(x.astype('float64'), axis=-1)", { x: host }),
      near,
      "softmax",
    );
    await judge(
      tensor.softmax(0),
      await numpy("special.softmax(x.astype('float64'), axis=0)", { x: host }),
      near,
      "softmax 0",
    );
    await judge(
      tensor.logSoftmax(),
      await numpy("special.log_softmax(x.astype('float64'), axis=-1)", { x: host }),
      near,
      "logSoftmax",
    );
    await judge(
      tensor.logSumExp(0),
      await numpy("special.logsumexp(x.astype('float64'), axis=0)", { x: host }),
      near,
      "logSumExp",
    );
    const mean = "(x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)";
    await judge(tensor.layerNorm(), await numpy(mean, { x: host }), near, "layerNorm");
    await judge(
      tensor.layerNorm(2, 3),
      await numpy(`2 * ${mean} + 3`, { x: host }),
      near,
      "layerNorm scaled",
    );
    await judge(
      tensor.rmsNorm(),
      await numpy("x / np.sqrt(np.square(x).mean(-1, keepdims=True) + 1e-6)", { x: host }),
      near,
      "rmsNorm",
    );
    const edges = Float32Array.of(
      Number.NEGATIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      3,
      Number.NEGATIVE_INFINITY,
    );
    const masked = await createTensor(gpu, edges, { shape: [2, 2] });
    const rows = await masked.logSumExp(1).read();
    assert.deepEqual([...rows], [Number.NEGATIVE_INFINITY, 3]);
  }));
