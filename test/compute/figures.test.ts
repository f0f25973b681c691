// Figures of groups against Polars, and variances against exact arithmetic.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import {
  type Aggregate,
  all,
  any,
  col,
  count,
  first,
  last,
  max,
  mean,
  median,
  min,
  nunique,
  quantile,
  std,
  tableOnHost,
  tableToGpu,
  variance,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertClose, openPeer } from "./peer.ts";
import { NUMBERS, randomTable, VALUES } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

const FIGURES: Record<string, (of: string) => Aggregate> = {
  count,
  median,
  q10: (of) => quantile(of, 0.1),
  q90: (of) => quantile(of, 0.9),
  nunique,
  min,
  max,
  first,
  last,
  any,
  all,
};
const KEYS = Object.keys(VALUES);
const figure = fc.oneof(
  fc.tuple(fc.constantFrom("median", "q10", "q90"), fc.constantFrom(...NUMBERS, "decimal")),
  fc.tuple(
    fc.constantFrom("nunique", "first", "last", "count"),
    fc.constantFrom(...Object.keys(VALUES)),
  ),
  fc.tuple(fc.constantFrom("min", "max"), fc.constantFrom("text", "codes", "decimal")),
  fc.tuple(fc.constantFrom("any", "all"), fc.constant("bool")),
);

test("figures of groups and of all rows, filtered or not, equal Polars'", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(Object.keys(VALUES), 150),
        fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 2 }),
        fc.uniqueArray(figure, { minLength: 1, maxLength: 4, selector: String }),
        fc.boolean(),
        async ({ table, values, chunkRows }, keys, figures, filtered) => {
          const wanted = await peer.ask("agg", [values], { keys, figures, filtered });
          using t = await tableToGpu(gpu, table, { chunkRows });
          const aggregates = Object.fromEntries(
            figures.map(([fn, of]) => [`${fn} ${of}`, FIGURES[fn]!(of)]),
          );
          for (const one of [t, tableOnHost(table)]) {
            const rows = filtered ? one.filter(col("int16").gt(0)) : one;
            const query = keys.length ? rows.groupBy(keys).agg(aggregates) : rows.agg(aggregates);
            assertClose(await query.toArrow(), wanted, `${figures} by ${keys}`, 1e-12);
          }
        },
      ),
      { numRuns: 15 },
    ),
  );
});

/** As a rational: numerator over 2^1074. */
function exactly(x: number): bigint {
  let [whole, exponent] = [x, 0];
  while (!Number.isInteger(whole)) [whole, exponent] = [whole * 2, exponent + 1];
  return BigInt(whole) << BigInt(1074 - exponent);
}

/** The variance of finite numbers, by rationals, to 60 digits. */
function exactVariance(values: readonly number[], ddof: number): number {
  const n = BigInt(values.length);
  const sum = values.reduce((total, x) => total + exactly(x), 0n);
  const squares = values.reduce((total, x) => total + exactly(x) ** 2n, 0n);
  const [a, b] = [n * squares - sum * sum, (n * (n - BigInt(ddof))) << 2148n];
  return Number(`${(a * 10n ** 700n) / b}e-700`);
}

test("variances are exact, whatever is cancelled", async () => {
  const float64 = fc.oneof(
    fc.double({ noNaN: true, min: -1e100, max: 1e100 }),
    fc.double({ noNaN: true, min: 1e9, max: 1e9 + 1 }),
    fc.constantFrom(0, -0, 5e-320, 1e-100),
  );
  const columns = {
    float64: fc.array(float64, { minLength: 2, maxLength: 40 }),
    float32: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 2 }),
    int32: fc.array(fc.integer(), { minLength: 2 }),
    uint32: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 2 }),
  };
  const TYPES = {
    float64: new arrow.Float64(),
    float32: new arrow.Float32(),
    int32: new arrow.Int32(),
    uint32: new arrow.Uint32(),
  };
  await scoped(async () => {
    for (const name of Object.keys(TYPES) as (keyof typeof TYPES)[]) {
      await fc.assert(
        fc.asyncProperty(columns[name], fc.constantFrom(0, 1), async (values, ddof) => {
          const x = arrow.vectorFromArray(values, TYPES[name] as arrow.Float64);
          using t = await tableToGpu(gpu, new arrow.Table({ x, k: x }));
          const wanted = exactVariance(values, ddof);
          const figures = { v: variance("x", ddof), s: std("x", ddof), m: mean("x") };
          const [row] = (await t.agg(figures).toArrow()).toArray();
          assert.equal(row!["v"], wanted);
          assert.equal(row!["s"], Math.sqrt(wanted));
          const one = { k: col("k").isNull() };
          const [group] = (await t.groupBy(one).agg(figures).toArrow()).toArray();
          assert.equal(group!["v"], wanted);
        }),
        { numRuns: 12 },
      );
    }
  });
});

test("variances of 64-bit integers, of single values, of NaN, in many groups", async () => {
  const rows = 20_000;
  const key = Int32Array.from({ length: rows }, (_, i) => (i * 7919) % 5003);
  const big = BigInt64Array.from(key, (k, i) => (i % 2 ? 2n ** 62n : -(2n ** 62n)) + BigInt(k));
  const real = Float32Array.from(key, (k, i) => (k === 7 ? Number.NaN : i / 3));
  await scoped(async () => {
    using t = await tableToGpu(
      gpu,
      new arrow.Table({
        key: arrow.makeVector(key),
        big: arrow.makeVector(big),
        real: arrow.makeVector(real),
      }),
      { chunkRows: 7000 },
    );
    const found = await t
      .groupBy("key")
      .agg({ b: variance("big"), r: std("real"), p: variance("real", 0), none: variance("big", 9) })
      .toArrow();
    assert.equal(found.numRows, 5003);
    const groups = Map.groupBy(key.keys(), (i) => key[i]!);
    for (const row of found.toArray()) {
      const members = groups.get(row["key"])!;
      const values = members.map((i) => big[i]!);
      const n = BigInt(values.length);
      const sum = values.reduce((a, x) => a + x, 0n);
      const top = n * values.reduce((a, x) => a + x * x, 0n) - sum * sum;
      assert.equal(row["b"], Number(`${(top * 10n ** 40n) / (n * (n - 1n))}e-40`));
      assert.equal(row["none"], null);
      const population = exactVariance(
        members.map((i) => (row["key"] === 7 ? 0 : real[i]!)),
        0,
      );
      assert.ok(Object.is(row["p"], row["key"] === 7 ? Number.NaN : population));
    }
    const [one] = (
      await t
        .head(1)
        .agg({ v: variance("big"), p: variance("big", 0) })
        .toArrow()
    ).toArray();
    assert.deepEqual({ ...one }, { v: null, p: 0 });
  });
});

test("of no rows: nulls, no values, false of any, true of all", async () => {
  const empty = new arrow.Table({
    x: arrow.vectorFromArray([1.5], new arrow.Float64()),
    s: arrow.vectorFromArray(["a"], new arrow.Utf8()),
    b: arrow.vectorFromArray([true], new arrow.Bool()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, empty);
    const figures = {
      m: median("x"),
      n: nunique("s"),
      f: first("s"),
      l: last("x"),
      v: variance("x"),
      lo: min("s"),
      any: any("b"),
      all: all("b"),
    };
    const none = t.filter(col("x").gt(9));
    const [row] = (await none.agg(figures).toArrow()).toArray();
    assert.deepEqual(
      { ...row },
      { m: null, n: 0, f: null, l: null, v: null, lo: null, any: false, all: true },
    );
    assert.equal((await none.groupBy("s").agg(figures).toArrow()).numRows, 0);
  });
});

test("what a figure cannot be of is said", async () => {
  const table = new arrow.Table({
    x: arrow.vectorFromArray([1], new arrow.Int32()),
    s: arrow.vectorFromArray(["a"], new arrow.Utf8()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    assert.throws(() => t.agg({ v: variance("s") }), /"s" is utf8; wanted numbers or bools/);
    assert.throws(() => t.agg({ v: any("x") }), /"x" is int32; wanted bool/);
    assert.throws(() => t.agg({ v: median("nothing") }), { code: "UNKNOWN_COLUMN" });
    assert.throws(() => quantile("x", 1.5), { code: "BAD_QUANTILE", message: /found 1.5/ });
    assert.throws(() => variance("x", -1), { code: "BAD_DDOF" });
  });
});
