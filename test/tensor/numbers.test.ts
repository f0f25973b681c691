// Ranges and constants, and random numbers against the published vectors of Threefry and their distributions.
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
import { call } from "../../kernel/src/compute/tensor/expr.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { numpy } from "./oracle.ts";

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
    const drawn = (await new RandomStream(() => gpu, 99).bits(50_000).read()) as Uint32Array;
    const again = await new RandomStream(() => gpu, 99).normal(50_000).read();
    // Begins and ends of all octaves of the tail, and numbers between them, with both signs.
    const tails = Array.from({ length: 31 * 64 }, (_, i) => Math.floor(2 ** (i / 64)));
    const ends = Array.from({ length: 31 }, (_, k) => [2 ** k, 2 ** (k + 1) - 1]).flat();
    const sides = [...tails, ...ends].flatMap((tail) => [tail, tail + 2 ** 31]);
    const bits = Uint32Array.from([...drawn, ...sides]);
    const given = await createTensor(gpu, bits);
    const found = await given
      .make(given.shape, call("normal", "f32", [given.expression()]), "normal")
      .read();
    assert.deepEqual(found.subarray(0, drawn.length), again);
    const tail = "special.ndtri(((x & 0x7fffffff) | 1) / 2.0**32)";
    const { values } = await numpy(`np.where(x >> 31 == 1, ${tail}, -${tail})`, {
      x: { shape: [bits.length], dtype: "uint32", data: bits },
    });
    for (const [i, want] of values.entries())
      assert.ok(Math.abs(found[i]! - want) < 3e-5, `${bits[i]}: ${want}, ${found[i]}`);
    // The same to the bit on every adapter.
    const words = Uint32Array.of(1, 0x7fffffff, 0x80000001, 0x20000000, 0x5a827999, 0x12345678);
    const few = await createTensor(gpu, words);
    const exact = await few
      .make(few.shape, call("normal", "f32", [few.expression()]), "normal")
      .read();
    const wanted = [13065773, 0, -13065773, 2412452, 788002, 3077703];
    assert.deepEqual(
      [...exact].map((one) => one * 2 ** 21),
      wanted,
    );
  }));
