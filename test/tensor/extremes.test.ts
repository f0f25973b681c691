// Element-wise functions where they are easily wrong: near 1, at zeros and infinities, for quotients and exponents of
// any size. Against JavaScript's doubles, of the f32 that went in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CenoteError } from "../../kernel/src/base/index.ts";
import { createTensor, type GpuTensor } from "../../kernel/src/compute/index.ts";
import { RandomStream } from "../../kernel/src/compute/tensor/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { onBoth } from "./both.ts";
import { generator } from "./random.ts";

const { POSITIVE_INFINITY: INF, NaN: NAN } = Number;
const SMALLEST = 2 ** -126;

/** Elements against what JavaScript says of the operands; exact where `relative` is 0. */
async function judge(
  found: GpuTensor,
  wanted: (i: number) => number,
  relative: number,
  name: (i: number) => string,
): Promise<void> {
  for (const [i, value] of Array.from(await found.read(), Number).entries()) {
    const right = wanted(i);
    const rounded = Math.fround(right);
    if (Object.is(value, rounded) || (value === rounded && relative > 0)) continue;
    const flushed = Math.abs(right) < SMALLEST && Math.abs(value) <= SMALLEST;
    const near = Math.abs(value - right) <= relative * Math.abs(right);
    assert.ok(flushed || near, `${name(i)}: ${value}, wanted ${right}`);
  }
}

test("logarithms to their stated tolerance, near 1 too", () =>
  scoped(async () => {
    const near = Array.from({ length: 300 }, (_, i) => 1 + (i - 150) / 400);
    const close = [-3, -2, -1, 1, 2, 3, 100, 1000].map((step) => 1 + step * 2 ** -23);
    const data = Float32Array.from([
      ...near,
      ...close,
      1,
      0.7,
      1.3,
      0,
      -0,
      -1,
      INF,
      NAN,
      1e-30,
      1e30,
    ]);
    const x = await createTensor(gpu, data);
    for (const name of ["log", "log2", "log10"] as const) {
      await judge(
        x[name](),
        (i) => Math[name](data[i]!),
        2e-6,
        (i) => `${name}(${data[i]})`,
      );
    }
    const sure = await createTensor(gpu, [
      [0, -7],
      [0, -8],
    ]);
    const wide = [7, 8].flatMap((far) => [
      -Math.log1p(Math.exp(-far)),
      -far - Math.log1p(Math.exp(-far)),
    ]);
    await judge(
      sure.logSoftmax(),
      (i) => wide[i]!,
      5e-4,
      (i) => `logSoftmax ${i}`,
    );
  }));

test("powers of zeros, of what is near 1, and to exponents beyond those that are multiplied", () =>
  scoped(async () => {
    const bases = [0, -0, 1, -1, 2, 0.5, 1.0001, 0.9999, -1.5, 10, INF, -INF, NAN];
    const exponents = [
      0,
      -0.5,
      0.5,
      1,
      -1,
      2,
      -3,
      65,
      -65,
      100,
      -101,
      365.5,
      -1000.25,
      INF,
      -INF,
      NAN,
    ];
    const pairs = bases.flatMap((a) =>
      exponents.map((b) => [Math.fround(a), Math.fround(b)] as const),
    );
    const [a, b] = [
      await createTensor(
        gpu,
        Float32Array.from(pairs, ([one]) => one),
      ),
      await createTensor(
        gpu,
        Float32Array.from(pairs, ([, one]) => one),
      ),
    ];
    // Of NumPy and IEEE 754, not of JavaScript: 1 to any power is 1, and so is −1 to infinities.
    const power = ([base, to]: readonly [number, number]) =>
      base === 1 || (base === -1 && Math.abs(to) === INF) ? 1 : base ** to;
    await judge(
      a.pow(b),
      (i) => power(pairs[i]!),
      1e-5,
      (i) => `${pairs[i]![0]} ** ${pairs[i]![1]}`,
    );
  }));

test("remainders of floats are exact, whatever the quotient", () =>
  scoped(async () => {
    const random = generator(8);
    const any = (wide: number) => Math.fround((random() - 0.5) * 2 ** ((random() - 0.5) * wide));
    const pairs: (readonly [number, number])[] = [
      [1e9, 3],
      [3e38, 7],
      [-3e38, 1e-30],
      [3.4028234e38, 1],
      [3.4028234e38, 114],
      [-3.4028234e38, 1.7014119e38],
      [6, 3],
      [5, INF],
      [-5, INF],
      [INF, 2],
      [5, 0],
      [NAN, 1],
      [16777217 * 2048, 5],
    ].map(([a, b]) => [Math.fround(a!), Math.fround(b!)] as const);
    while (pairs.length < 4000) pairs.push([any(40), any(20)]);
    while (pairs.length < 6000) pairs.push([any(200), any(200)]);
    const [a, b] = [
      await createTensor(
        gpu,
        Float32Array.from(pairs, ([one]) => one),
      ),
      await createTensor(
        gpu,
        Float32Array.from(pairs, ([, one]) => one),
      ),
    ];
    const rest = ([x, y]: readonly [number, number]) => {
      const left = x % y;
      return left !== 0 && left < 0 !== y < 0 ? Math.fround(left + y) : left + 0;
    };
    await judge(
      a.mod(b),
      (i) => rest(pairs[i]!),
      6e-8,
      (i) => `${pairs[i]![0]} mod ${pairs[i]![1]}`,
    );
  }));

test("the angle of two zeros is by their signs", () =>
  scoped(async () => {
    const [y, x] = [
      Float32Array.of(0, 0, -0, -0, 1, 0, -1),
      Float32Array.of(0, -0, 0, -0, 0, -1, -0),
    ];
    const found = (await createTensor(gpu, y)).atan2(await createTensor(gpu, x));
    await judge(
      found,
      (i) => Math.atan2(y[i]!, x[i]!),
      1e-4,
      (i) => `atan2(${y[i]}, ${x[i]})`,
    );
  }));

test("random numbers of the widest range, and of none", () =>
  scoped(async () => {
    const random = () => new RandomStream(() => gpu, 3);
    const found = await random()
      .integers(1000, -(2 ** 31), 2 ** 31)
      .read();
    const bits = await random().bits(1000).read();
    const moved = Array.from(bits, (word) => Number(word) - 2 ** 31);
    assert.deepEqual(Array.from(found, Number), moved);
    for (const [low, high] of [
      [-3e38, 3e38],
      [0, INF],
      [0, NAN],
    ] as const) {
      const isRange = (error: unknown) => error instanceof CenoteError && error.code === "RANGE";
      assert.throws(() => random().uniform(3, low, high), isRange);
    }
    // biome-ignore lint/suspicious/noSparseArray: a hole is no size
    assert.throws(() => random().bits([, 3] as number[]), { code: "SHAPE" });
  }));

test("a zero keeps its sign where NumPy keeps it", () =>
  onBoth(async () => {
    const x = await createTensor(gpu, [-0, 0]);
    const odd = [
      "expm1",
      "log1p",
      "sinh",
      "tanh",
      "asinh",
      "atanh",
      "asin",
      "atan",
      "elu",
    ] as const;
    for (const name of odd) assert.deepEqual([...(await x[name]().read())], [-0, 0], name);
    assert.deepEqual([...(await x.sign().read())], [0, 0]);
  }));

test("hyperbolic functions from the least to where they overflow, and silu far below 0", () =>
  onBoth(async () => {
    const data = Float32Array.from([
      ...Array.from({ length: 200 }, (_, i) => (i - 100) * 0.013),
      ...Array.from({ length: 200 }, (_, i) => (i - 100) * 0.894),
      ...[89.41, 89.415, -89.415, 89.43, -89.43, 1e-30, -1e-20, INF, -INF, NAN],
    ]);
    const x = await createTensor(gpu, data);
    for (const name of ["sinh", "cosh", "tanh"] as const) {
      const wanted = (i: number) => Math[name](data[i]!);
      await judge(x[name](), wanted, 2e-6, (i) => `${name}(${data[i]})`);
    }
    const low = Float32Array.from([-80, -86, -88, -89, -90, -91, -100, -1e30]);
    const far = await createTensor(gpu, low);
    const wanted = (i: number) => low[i]! / (1 + Math.exp(-low[i]!));
    await judge(far.silu(), wanted, 1e-5, (i) => `silu(${low[i]})`);
  }));

test("quotients rounded down are NumPy's, also where they round to whole numbers", () =>
  onBoth(async () => {
    const cases = [
      [1, 0.1, 9],
      [-1, 0.1, -10],
      [6, 0.3, 19],
      [0.7, 0.1, 6],
      [1, 0, INF],
      [-1, 0, -INF],
      [0, 0, NAN],
      [INF, 1, NAN],
      [1, INF, 0],
      [-1, INF, -1],
      [5, -INF, -1],
      [-0, 1, -0],
      [7, -2, -4],
    ] as const;
    const [x, y] = [
      await createTensor(
        gpu,
        cases.map(([a]) => a),
      ),
      await createTensor(
        gpu,
        cases.map(([, b]) => b),
      ),
    ];
    assert.deepEqual(
      [...(await x.floorDiv(y).read())],
      cases.map(([, , found]) => found),
    );
  }));
