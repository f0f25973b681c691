// Doubles by integer arithmetic, against JavaScript's, bit for bit: random bits (so all exponents come),
// numbers near each other (cancellation), and every pair of special values.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { col, type Expr, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  2 ** 52,
  2 ** 53,
  -(2 ** 53) + 1,
  2 ** 63,
  2 ** 64,
];
SPECIAL.push(2 ** -1074, 2 ** -1022, 2 ** -1022 - 2 ** -1074, Number.MAX_VALUE, -Number.MAX_VALUE);
SPECIAL.push(
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  2 ** -149,
  2 ** -150,
  3.4028235e38,
  3.4028236e38,
);

/** Numbers from a fixed seed: Marsaglia's xorshift32. */
function randomWords(count: number, seed: number): Uint32Array {
  let x = seed;
  return Uint32Array.from({ length: count }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  });
}

const LONG = process.env["CENOTE_LONG"] === "1";
/** Pairs of random bits in each round, and rounds. */
const [RANDOM, ROUNDS] = LONG ? [1_000_000, 5] : [60_000, 1];

function operands(round: number): [Float64Array, Float64Array] {
  const near = RANDOM / 3;
  const pairs = SPECIAL.length ** 2;
  const a = new Float64Array(RANDOM + near + pairs);
  const b = new Float64Array(a.length);
  a.set(new Float64Array(randomWords(RANDOM * 2, 88_172_645 + round).buffer));
  b.set(new Float64Array(randomWords(RANDOM * 2, 362_436_069 + round).buffer));
  const noise = randomWords(near * 2, 521_288_629 + round);
  for (let i = 0; i < near; i++) {
    a[RANDOM + i] = (noise[i]! / 2 ** 16 - 2 ** 15) * 2 ** ((i % 40) - 20);
    b[RANDOM + i] = -a[RANDOM + i]! * (1 + (noise[near + i]! % 64) * 2 ** -52 * (i % 3));
  }
  for (let i = 0; i < pairs; i++) {
    a[RANDOM + near + i] = SPECIAL[Math.floor(i / SPECIAL.length)]!;
    b[RANDOM + near + i] = SPECIAL[i % SPECIAL.length]!;
  }
  return [a, b];
}

function roundEven(x: number): number {
  const low = Math.floor(x);
  const half = x - low;
  const whole = half > 0.5 || (half === 0.5 && low % 2 !== 0) ? low + 1 : low;
  return whole === 0 ? (x < 0 || Object.is(x, -0) ? -0 : 0) : whole;
}

const [A, B] = [col("a"), col("b")];
const CASES = {
  add: [A.add(B), (a: number, b: number) => a + b],
  sub: [A.sub(B), (a: number, b: number) => a - b],
  mul: [A.mul(B), (a: number, b: number) => a * b],
  div: [A.div(B), (a: number, b: number) => a / b],
  sqrt: [A.sqrt(), (a: number) => Math.sqrt(a)],
  floor: [A.floor(), (a: number) => Math.floor(a)],
  ceil: [A.ceil(), (a: number) => Math.ceil(a)],
  round: [A.round(), (a: number) => roundEven(a)],
  less: [A.lt(B), (a: number, b: number) => a < b],
  atMost: [A.le(B), (a: number, b: number) => a <= b],
  equal: [A.eq(B), (a: number, b: number) => a === b],
  half: [A.cast("float16"), (a: number) => Math.f16round(a)],
  single: [A.cast("float32"), (a: number) => Math.fround(a)],
  whole: [
    A.cast("int64").cast("float64"),
    (a: number) =>
      Math.trunc(a) >= -(2 ** 63) && Math.trunc(a) < 2 ** 63 ? Math.trunc(a) + 0 : null,
  ],
} as const;

type Case = readonly [Expr, (a: number, b: number) => number | boolean | null];

async function compare(cases: Readonly<Record<string, Case>>, a: arrow.Vector, b: arrow.Vector) {
  using table = await tableToGpu(gpu, new arrow.Table({ a, b }));
  const [left, right] = [a.toArray(), b.toArray()] as [Float64Array, Float64Array];
  for (const [name, [expr, wanted]] of Object.entries(cases)) {
    const result = (await table.select({ x: expr }).toArrow()).getChildAt(0)!;
    const floats = [Float32Array, Float64Array].includes(result.type.ArrayType);
    const values = floats && result.nullCount === 0 ? result.toArray() : undefined;
    for (let i = 0; i < left.length; i++) {
      const [x, y] = [values ? values[i] : result.get(i), wanted(left[i]!, right[i]!)];
      if (!Object.is(x, y))
        assert.fail(`${name}(${left[i]}, ${right[i]}): found ${x}, wanted ${y}`);
    }
  }
}

// CENOTE_LONG=1 takes millions of pairs.
test("float64: arithmetic, rounding, comparison and conversion equal JavaScript's, bit for bit", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = operands(round);
    await scoped(() => compare(CASES, arrow.makeVector(a), arrow.makeVector(b)));
  }
});

test("float32: quotients and roots are rounded to nearest, subnormals too", async () => {
  const cases: Record<string, Case> = {
    div: [A.div(B), (a, b) => Math.fround(a / b)],
    sqrt: [A.sqrt(), (a) => Math.fround(Math.sqrt(a))],
    squares: [
      A.cast("int32").cast("float32").sqrt(),
      (a) =>
        Math.abs(a) < 2 ** 31 ? Math.fround(Math.sqrt(Math.fround(Math.trunc(a) + 0))) : null,
    ],
  };
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = operands(round).map((values) => {
      const raw = randomWords(values.length, 2_463_534_242 + round * 2 + values.length);
      const floats = new Float32Array(raw.buffer);
      // Half of them by their bits, half of them of like size; then the special pairs.
      return floats.map((x, i) => (i % 2 === 0 && i < RANDOM ? x : Math.fround(values[i]!)));
    }) as [Float32Array, Float32Array];
    b.reverse();
    const tidy = (x: Float32Array) => x.map((v) => (Number.isNaN(v) ? Number.NaN : v));
    await scoped(() => compare(cases, arrow.makeVector(tidy(a)), arrow.makeVector(tidy(b))));
  }
});
