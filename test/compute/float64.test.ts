// Doubles by integer arithmetic, against JavaScript's, bit for bit: random bits (so all exponents come),
// numbers near each other (cancellation), and every pair of special values.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { col, tableToGpu } from "../../kernel/src/compute/index.ts";
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

function operands(): [Float64Array, Float64Array] {
  const random = 60_000;
  const near = 20_000;
  const pairs = SPECIAL.length ** 2;
  const a = new Float64Array(random + near + pairs);
  const b = new Float64Array(a.length);
  a.set(new Float64Array(randomWords(random * 2, 88_172_645).buffer));
  b.set(new Float64Array(randomWords(random * 2, 362_436_069).buffer));
  const noise = randomWords(near * 2, 521_288_629);
  for (let i = 0; i < near; i++) {
    a[random + i] = (noise[i]! / 2 ** 16 - 2 ** 15) * 2 ** ((i % 40) - 20);
    b[random + i] = -a[random + i]! * (1 + (noise[near + i]! % 64) * 2 ** -52 * (i % 3));
  }
  for (let i = 0; i < pairs; i++) {
    a[random + near + i] = SPECIAL[Math.floor(i / SPECIAL.length)]!;
    b[random + near + i] = SPECIAL[i % SPECIAL.length]!;
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
  single: [A.cast("float32"), (a: number) => Math.fround(a)],
  whole: [
    A.cast("int64").cast("float64"),
    (a: number) =>
      Math.trunc(a) >= -(2 ** 63) && Math.trunc(a) < 2 ** 63 ? Math.trunc(a) + 0 : null,
  ],
} as const;

test("float64: arithmetic, rounding, comparison and conversion equal JavaScript's, bit for bit", async () => {
  const [a, b] = operands();
  await scoped(async () => {
    using table = await tableToGpu(
      gpu,
      new arrow.Table({ a: arrow.makeVector(a), b: arrow.makeVector(b) }),
    );
    for (const [name, [expr, wanted]] of Object.entries(CASES)) {
      const found = (await table.select({ x: expr }).toArrow()).getChildAt(0)!;
      for (let i = 0; i < a.length; i++) {
        const [x, y] = [found.get(i), wanted(a[i]!, b[i]!)];
        assert.ok(Object.is(x, y), `${name}(${a[i]}, ${b[i]}): found ${x}, wanted ${y}`);
      }
    }
  });
});
