// Element-wise operations and views against NumPy, over random shapes, strides and special values: on the device, and
// by the JavaScript that small work on the host is done with.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dtype, GpuTensor } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { onBoth } from "./both.ts";
import { judge, numpy, type Tolerance } from "./oracle.ts";
import { RandomTensors } from "./random.ts";

const NEAR: Tolerance = { relative: 2e-6, absolute: 1e-6 };
const x = (name: string) => `np.${name}(x)`;
/** By operation: what NumPy says, and the domain's scale and how near it must be. */
const UNARY: Record<string, [python: string, scale: number, near: Tolerance]> = {
  neg: [x("negative"), 9, {}],
  abs: [x("abs"), 9, {}],
  sign: [x("sign"), 9, {}],
  square: [x("square"), 9, { relative: 1e-7 }],
  floor: [x("floor"), 9, {}],
  ceil: [x("ceil"), 9, {}],
  round: [x("round"), 9, {}],
  trunc: [x("trunc"), 9, {}],
  relu: ["np.maximum(x, 0)", 9, {}],
  exp: [x("exp"), 86, { relative: 2e-7 }],
  exp2: [x("exp2"), 60, NEAR],
  expm1: [x("expm1"), 1, NEAR],
  log: [x("log"), 900, NEAR],
  log2: [x("log2"), 900, NEAR],
  log10: [x("log10"), 900, NEAR],
  log1p: [x("log1p"), 2, NEAR],
  sqrt: [x("sqrt"), 900, NEAR],
  rsqrt: ["1 / np.sqrt(x)", 900, NEAR],
  reciprocal: ["1 / x", 9, NEAR],
  sin: [x("sin"), 6, { absolute: 1e-3 }],
  cos: [x("cos"), 6, { absolute: 1e-3 }],
  tan: [x("tan"), 1.3, { relative: 1e-3, absolute: 1e-3 }],
  asin: [x("arcsin"), 1, NEAR],
  acos: [x("arccos"), 1, NEAR],
  atan: [x("arctan"), 9, NEAR],
  sinh: [x("sinh"), 9, NEAR],
  cosh: [x("cosh"), 9, NEAR],
  tanh: [x("tanh"), 9, NEAR],
  asinh: [x("arcsinh"), 9, NEAR],
  acosh: [x("arccosh"), 9, NEAR],
  atanh: [x("arctanh"), 1, NEAR],
  erf: ["special.erf(x)", 3, NEAR],
  sigmoid: ["special.expit(x)", 9, NEAR],
  softplus: ["np.logaddexp(x, 0)", 9, NEAR],
  silu: ["x * special.expit(x)", 9, NEAR],
  gelu: ["0.5 * x * (1 + special.erf(x / np.sqrt(2)))", 4, NEAR],
  elu: ["np.where(x > 0, x, np.expm1(x))", 4, NEAR],
  selu: ["1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))", 4, NEAR],
  relu6: ["np.clip(x, 0, 6)", 9, {}],
  logSigmoid: ["-np.logaddexp(-x, 0)", 9, NEAR],
  hardSigmoid: ["np.clip(x / 6 + 0.5, 0, 1)", 4, NEAR],
  hardSilu: ["x * np.clip(x / 6 + 0.5, 0, 1)", 4, NEAR],
  mish: ["x * np.tanh(np.logaddexp(x, 0))", 4, NEAR],
  step: ["np.where(np.isnan(x), x, x > 0)", 9, {}],
  isNan: [x("isnan"), 9, {}],
  isInf: [x("isinf"), 9, {}],
  isFinite: [x("isfinite"), 9, {}],
};

/** Infinite operands whose limit adapters need not find: WGSL leaves trigonometry of them open. */
const OPEN_AT_INFINITY = new Set(["sin", "cos", "tan", "silu", "gelu", "hardSilu", "mish"]);

for (const [name, [python, scale, near]] of Object.entries(UNARY)) {
  test(`${name} of f32`, () =>
    onBoth(async () => {
      const random = new RandomTensors(name.length);
      const special = OPEN_AT_INFINITY.has(name) ? 0 : 0.1;
      const { host, tensor } = await random.tensor("f32", [3, 67], { scale, special });
      const method = tensor[name as "neg"].bind(tensor);
      const wide = {
        ...host,
        data: Float64Array.from(host.data as Float32Array),
        dtype: "float64",
      };
      await judge(method(), await numpy(python, { x: wide }), near, name);
    }));
}

const BINARY: Record<
  string,
  [python: string, takes: "all" | "integers" | "floats" | "bools", near?: Tolerance]
> = {
  add: ["x + y", "all"],
  sub: ["x - y", "all"],
  mul: ["x * y", "all"],
  div: ["np.true_divide(x, y)", "floats", NEAR],
  minimum: ["np.minimum(x, y)", "all"],
  maximum: ["np.maximum(x, y)", "all"],
  floorDiv: ["np.floor_divide(x, y)", "all"],
  mod: ["np.mod(x, y)", "integers"],
  atan2: ["np.arctan2(x, y)", "floats", NEAR],
  squaredDifference: ["np.square(x - y)", "all"],
  divNoNan: ["np.where(y == 0, 0, np.true_divide(x, y))", "floats", NEAR],
  leakyRelu: ["np.where(x > 0, x, x * y)", "floats"],
  eq: ["x == y", "all"],
  ne: ["x != y", "all"],
  lt: ["x < y", "all"],
  le: ["x <= y", "all"],
  gt: ["x > y", "all"],
  ge: ["x >= y", "all"],
  bitAnd: ["x & y", "integers"],
  bitOr: ["x | y", "integers"],
  bitXor: ["x ^ y", "integers"],
  and: ["x & y", "bools"],
  or: ["x | y", "bools"],
  xor: ["x ^ y", "bools"],
};
const DTYPES_OF = {
  all: ["f32", "i32", "u32", "i8", "u8"],
  integers: ["i32", "u32", "i8", "u8"],
  floats: ["f32"],
  bools: ["bool"],
} as const;

for (const [name, [python, takes, near = {}]] of Object.entries(BINARY)) {
  test(`${name} of ${takes}, broadcast`, () =>
    onBoth(async () => {
      const random = new RandomTensors(name.length * 7 + 1);
      for (const dtype of DTYPES_OF[takes]) {
        const shape = random.shape(3);
        const other = shape.slice(random.below(3)).map((size) => (random.next() < 0.4 ? 1 : size));
        const special = 0.15;
        const [a, b] = [
          await random.tensor(dtype, shape, { special }),
          await random.tensor(dtype, other, { special }),
        ];
        const method = a.tensor[name as "add"].bind(a.tensor);
        await judge(
          method(b.tensor),
          await numpy(python, { x: a.host, y: b.host }),
          near,
          `${name} ${dtype}`,
        );
      }
    }));
}

test("powers of floats and of integers", () =>
  onBoth(async () => {
    const random = new RandomTensors(5);
    const [a, b] = [await random.tensor("f32", [300]), await random.tensor("f32", [300])];
    await judge(
      a.tensor.pow(b.tensor),
      await numpy("np.power(x, y)", { x: a.host, y: b.host }),
      { relative: 1e-5 },
      "pow",
    );
    const whole = await random.tensor("i32", [300], { special: 0 });
    await judge(whole.tensor.pow(5), await numpy("np.power(x, 5)", { x: whole.host }), {}, "x⁵");
    await judge(
      a.tensor.pow(-3),
      await numpy("np.power(x, np.float32(-3))", { x: a.host }),
      { relative: 1e-6 },
      "x⁻³",
    );
  }));

/** A random view, and the same of NumPy. */
function view(tensor: GpuTensor, random: RandomTensors): [GpuTensor, string] {
  const { rank } = tensor;
  switch (random.below(5)) {
    case 0: {
      const order = tensor.shape.map((_, i) => i).sort(() => random.next() - 0.5);
      return rank === 0
        ? [tensor.transpose(), ".T"]
        : [tensor.transpose(...order), `.transpose(${order.join(",")})`];
    }
    case 1: {
      const parts = tensor.shape.map((size): [number, number, number] => {
        const [a, b] = [random.below(size + 3) - 1, random.below(size + 3) - 1];
        return random.next() < 0.5
          ? [Math.min(a, b), Math.max(a, b), 1 + random.below(2)]
          : [Math.max(a, b), Math.min(a, b), -1 - random.below(2)];
      });
      const python = parts.map((part) => part.join(":")).join(",");
      return rank === 0 ? [tensor, ""] : [tensor.slice(...parts), `[${python}]`];
    }
    case 2:
      return [tensor.reshape(-1), ".reshape(-1)"];
    case 3: {
      const shape = [2, ...tensor.shape.map((size) => (size === 1 ? 3 : size))];
      if (shape.length > 6 || tensor.size > 5000) return [tensor, ""];
      return [tensor.broadcastTo(shape), "[...]"];
    }
    default:
      return [tensor.expandDims(0), "[None]"];
  }
}

test("views of views, of memory and of expressions", () =>
  onBoth(async () => {
    const random = new RandomTensors(77);
    for (let round = 0; round < 60; round++) {
      const dtype = (["f32", "f16", "i8", "bool", "i4"] as const)[random.below(5)]! as Dtype;
      const { host, tensor } = await random.tensor(dtype, random.shape(1 + random.below(4)));
      let at = round % 2 === 0 ? tensor : tensor.where(tensor, 0).cast(dtype);
      let python = "x";
      for (let depth = 0; depth < 4 && at.rank < 6; depth++) {
        const before = at.shape;
        const [next, text] = view(at, random);
        python =
          text === "[...]"
            ? `np.broadcast_to(${python}, (2, ${before.map((n) => (n === 1 ? 3 : n)).join(", ")}))`
            : python + text;
        at = next;
      }
      await judge(
        at,
        await numpy(python, { x: host }),
        {},
        `${dtype} ${python} of [${host.shape}]`,
      );
    }
  }));

test("operations leave no memory behind but their results", () =>
  scoped(async () => {
    const random = new RandomTensors(4);
    const { tensor } = await random.tensor("f32", [64, 300]);
    const before = gpu.pool.stats().liveBlocks;
    using soft = tensor.softmax();
    soft.compute();
    using norm = tensor.layerNorm(2, 1);
    norm.compute();
    using most = tensor.argMax(1);
    most.compute();
    using spread = tensor.std();
    spread.compute();
    assert.equal(gpu.pool.stats().liveBlocks, before + 4);
  }));

test("expressions of many operands and operations are computed in parts", () =>
  scoped(async () => {
    const random = new RandomTensors(14);
    const shape = [2, 1, 3, 1, 2, 1, 2, 2];
    const many = await Promise.all(
      Array.from({ length: 24 }, () => random.tensor("f32", shape, { special: 0 })),
    );
    const views = many.map(({ tensor }) => tensor.broadcastTo(2, 2, 3, 2, 2, 2, 2, 2));
    const sum = views.reduce((found, view) => found.mul(0.5).add(view));
    let wanted = 0;
    for (const { host } of many) wanted = wanted * 0.5 + Number(host.data[0]);
    const first = Number((await sum.read())[0]);
    assert.ok(Math.abs(first - wanted) < 1e-4, `wanted ${wanted}, found ${first}`);
    const five = (at: number) => views.slice(at, at + 5).reduce((found, view) => found.add(view));
    const chosen = five(0).gt(five(5)).where(five(10), five(15));
    const total = (at: number) =>
      many.slice(at, at + 5).reduce((found, { host }) => found + Number(host.data[0]), 0);
    const value = total(0) > total(5) ? total(10) : total(15);
    assert.ok(Math.abs(Number((await chosen.read())[0]) - value) < 1e-4);
  }));
