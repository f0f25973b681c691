// Decimals: arithmetic, comparison over scales, and casts; on both engines against bigints, and DuckDB.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import {
  col,
  count,
  type Expr,
  first,
  last,
  mean,
  median,
  nunique,
  std,
  sum,
  tableOnHost,
  tableToGpu,
  variance,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { check } from "./check.ts";
import { assertClose, assertSameRows, openPeer } from "./peer.ts";
import { randomTable } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

const [x, small] = [col("decimal"), col("decimal").cast("decimal128(9, 4)")];
/** A decimal as Arrow has it. */
const words = (value: bigint | null) =>
  value === null
    ? null
    : Uint32Array.from([0n, 32n, 64n, 96n], (by) => Number((value >> by) & 0xffff_ffffn));

const EXPRESSIONS: readonly Expr[] = [
  x.add(col("int64")),
  small.sub(x),
  x.mul(small),
  small.mul(small).mul(-1.25),
  x.neg().abs().add("0.125"),
  x.lt(small.mul(small)),
  small.mul(small).ge(x),
  x.eq(col("int64")),
  x.ne(x.cast("decimal128(30, 7)")),
  x.cast("decimal128(38, 9)"),
  x.cast("decimal128(12, 0)"),
  x.cast("int64"),
  x.cast("uint64"),
  x.cast("int16"),
  col("uint64").cast("decimal128(38, 20)"),
  col("int16").cast("decimal128(5, 2)"),
  x.cast("float64"),
  small.cast("float32"),
  col("uint64").cast("decimal128(38, 18)").div(x),
];

test("decimals are exact, or null beyond their digits", async () => {
  const table = randomTable(["decimal", "int16", "int64", "uint64"], 60);
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(table, async (random) => {
        const all = Object.fromEntries(EXPRESSIONS.map((expr) => [String(expr), expr]));
        for (const expr of EXPRESSIONS) assert.ok(await check(random, expr), String(expr));
        const found = await tableOnHost(random.table).select(all).toArrow();
        using t = await tableToGpu(gpu, random.table);
        assertSameRows(found, await t.select(all).toArrow({ on: "gpu" }), "on the host");
      }),
      { numRuns: 3 },
    ),
  );
});

test("sums, differences, products, comparisons and means are DuckDB's", async () => {
  const decimal = Array.from({ length: 200 }, (_, i) =>
    i % 13 === 5 ? null : BigInt(i - 90) * 98_765_432_101n,
  );
  const int32 = decimal.map((_, i) => (i % 7 === 3 ? null : (i % 50) - 25));
  const sql = `SELECT decimal + int32 AS a, decimal - 0.375 AS b, CAST(decimal AS DECIMAL(18, 2)) * int32 AS c,
    decimal > int32 * 1000.125 AS d FROM t0`;
  const all = "SELECT avg(decimal) AS m FROM t0";
  const table = new arrow.Table({
    decimal: arrow.vectorFromArray(decimal.map(words), new arrow.Decimal(2, 38, 128)),
    int32: arrow.vectorFromArray(int32, new arrow.Int32()),
  });
  const i = col("int32");
  const selected = {
    a: x.add(i),
    b: x.sub(0.375),
    c: x.cast("decimal128(18, 2)").mul(i),
    d: x.gt(i.cast("decimal128(10, 0)").mul(1000.125)),
  };
  const wanted = await peer.ask("sql", [{ decimal, int32 }], { sql });
  const average = await peer.ask("sql", [{ decimal, int32 }], { sql: all });
  await scoped(async () => {
    using uploaded = await tableToGpu(gpu, table, { chunkRows: 64 });
    for (const t of [uploaded, tableOnHost(table)]) {
      const found = t.select(selected);
      assertSameRows(
        await found.toArrow({ on: t === uploaded ? "gpu" : "host" }),
        wanted,
        "decimals",
      );
      assertClose(await t.agg({ m: mean("decimal") }).toArrow(), average, "mean", 1e-15);
    }
    assert.deepEqual(uploaded.select(selected).types, {
      a: "decimal128(38, 2)",
      b: "decimal128(38, 3)",
      c: "decimal128(28, 2)",
      d: "bool",
    });
    assert.throws(() => uploaded.select(x.mul(x.cast("decimal128(38, 37)"))), {
      code: "WRONG_TYPE",
      message: /at most 38 digits behind the point of the product, not 39/,
    });
    assert.throws(() => uploaded.select(x.add(col("int32").cast("float64"))), /beside a decimal/);
    assert.throws(() => uploaded.select(i.cast("float64").cast("decimal128(9, 2)")), {
      code: "WRONG_TYPE",
    });
  });
});

test("decimals of a negative scale count tens; literals and figures say what they do not take", async () => {
  const hundreds = new arrow.Decimal(-2, 38, 128);
  const most = 10n ** 38n - 1n;
  const table = new arrow.Table({
    n: arrow.vectorFromArray([1n, -2n, null, most].map(words), hundreds),
    x: arrow.vectorFromArray([5n, most, -most, null].map(words), new arrow.Decimal(2, 38, 128)),
  });
  const n = col("n");
  const selected = {
    real: n.cast("float64"),
    whole: n.cast("int64"),
    half: n.div(200),
    more: n.add(50).cast("float64"),
    less: n.lt(col("x")),
    // 10^40 times anything but 0 has more than 38 digits.
    fine: n.cast("decimal128(38, 38)").cast("float64"),
  };
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 3 });
    for (const one of [t, tableOnHost(table)]) {
      const found = await one.select(selected).toArrow({ on: one === t ? "gpu" : "host" });
      assert.deepEqual(
        found.toArray().map((row) => Object.values(row.toJSON())),
        [
          [100, 100n, 0.5, 150, false, null],
          [-200, -200n, -1, -150, true, null],
          [null, null, null, null, null, null],
          // 100 times that has more than 38 digits.
          [null, null, null, null, null, null],
        ],
      );
      const figures = { mean: mean("n"), sum: sum("n") };
      const [row] = (await one.agg(figures).toArrow()).toArray();
      assert.equal(row!["mean"], Number(((most - 1n) * 100n) / 3n));
      assert.throws(() => one.select(col("x").fillNull(1e40)), {
        code: "LITERAL_TYPE",
        message: /wanted at most 38 digits, 2 of them behind the point, found 1e\+40/,
      });
      assert.throws(() => one.select(col("x").mul(1e40)), { code: "LITERAL_TYPE" });
      for (const huge of ["1e999999999", "-3e4000000000"])
        assert.throws(() => one.select(col("x").fillNull(huge)), { code: "LITERAL_TYPE" });
      const far = { a: col("x").lt("1e999999999"), b: col("x").gt("1e-999999999") };
      assert.deepEqual(
        (await one.select(far).toArrow()).toArray().map((row) => Object.values(row.toJSON())),
        [
          [true, true],
          [true, true],
          [true, false],
          [null, null],
        ],
      );
    }
  });
});

test("groups, distinct rows and figures of decimals, and keys of other scales, are DuckDB's", async () => {
  const list = Array.from({ length: 300 }, (_, i) =>
    i % 17 === 5 ? null : BigInt((i * 7) % 40) - 20n,
  );
  const values = {
    decimal: list.map((x) => (x === null ? null : x * 10n ** 30n)),
    int32: list.map((x, i) => (x === null ? i : Number(x) * 4)),
    float64: list.map((_, i) => i),
  };
  const other = { decimal: [25n, 400n, null, -300n, 25n, 10n ** 37n], int32: [0, 1, 2, 3, 4, 5] };
  const type = (scale: number) => new arrow.Decimal(scale, 38, 128);
  const table = new arrow.Table({
    decimal: arrow.vectorFromArray(values.decimal.map(words), type(2)),
    int32: arrow.vectorFromArray(values.int32, new arrow.Int32()),
    float64: arrow.vectorFromArray(values.float64, new arrow.Float64()),
  });
  const right = new arrow.Table({
    decimal: arrow.vectorFromArray(other.decimal.map(words), type(2)),
    n: arrow.vectorFromArray(other.int32, new arrow.Int32()),
  });
  const figures = {
    n: count(),
    a: first("float64"),
    z: last("decimal"),
    u: nunique("decimal"),
    m: median("decimal"),
    v: variance("decimal"),
    s: std("decimal"),
  };
  const made = `count(*)::UINTEGER AS n, first(float64 ORDER BY float64) AS a, last(decimal ORDER BY float64) AS z,
    count(DISTINCT decimal)::UINTEGER AS u, median(decimal::DOUBLE) AS m, var_samp(decimal::DOUBLE) AS v,
    stddev_samp(decimal::DOUBLE) AS s`;
  const grouped = `SELECT decimal AS k, ${made} FROM t0 GROUP BY ALL ORDER BY k NULLS LAST`;
  const joined = (
    how: string,
  ) => `SELECT t0.int32::DECIMAL(12, 1) AS d, t1.int32 AS n FROM t0 ${how} JOIN t1
    ON t0.int32::DECIMAL(12, 1)::DECIMAL(38, 2) = t1.decimal ORDER BY t0.float64, t1.int32`;
  const wanted = await peer.ask("sql", [values], { sql: grouped });
  await scoped(async () => {
    using a = await tableToGpu(gpu, table, { chunkRows: 90 });
    using b = await tableToGpu(gpu, right, { chunkRows: 4 });
    for (const [t, r] of [
      [a, b],
      [tableOnHost(table), tableOnHost(right)],
    ] as const) {
      const found = await t.groupBy({ k: "decimal" }).agg(figures).toArrow();
      assertClose(found, wanted, "groups by decimals", 1e-12);
      const rows = await t.distinct("decimal").count();
      assert.equal(rows, wanted.numRows);
      const left = t.select({ decimal: col("int32").cast("decimal128(12, 1)") });
      for (const how of ["inner", "left"] as const) {
        const answer = await peer.ask("sql", [values, other], { sql: joined(how) });
        const both = left.join(r, { on: "decimal", how }).select({ d: "decimal", n: "n" });
        assertSameRows(await both.toArrow(), answer, `${how} join of two scales`);
        const whole = t.select({ whole: col("int32"), decimal: "decimal" });
        const on = { left: "whole", right: "decimal" };
        assert.equal(await whole.join(r, { on, how }).count(), answer.numRows);
      }
      // Values of 38 digits have none left for a third place behind the point: both keys stay.
      const fine = t.select({ decimal: col("int32").cast("decimal128(12, 3)") });
      const all = fine.join(r, { on: "decimal", how: "full" });
      assert.deepEqual(all.columns, ["decimal", "decimal_right", "n"]);
      const few = r.select({ n: "n", decimal: x.cast("decimal128(20, 2)") });
      const one = await left.join(few, { on: "decimal", how: "full" }).sort("n").head(2).toArrow();
      assert.equal(String(one.getChild("decimal")!.type), "Decimal[38e+2]");
      assert.deepEqual([...one.getChild("decimal")!].map(String), ["25", "400"]);
    }
  });
});
