// Casts between numbers, halves, moments and spans; decimals; against JavaScript, and fixed cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { col, type Expr, lit, sum, tableToGpu, when } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { check } from "./check.ts";
import { randomTable } from "./random.ts";

const NUMBERS = ["float16", "float64", "int64", "uint64", "int16"];
const TIMES = ["seconds", "nanos", "when", "span", "date32", "clock"];
const UNITS = ["s", "ms", "us", "ns"];

async function checkSome(names: string[], exprs: readonly Expr[]): Promise<void> {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(randomTable(names, 120), async (table) => {
        for (const expr of exprs) assert.ok(await check(table, expr), `${expr} was refused`);
      }),
      { numRuns: 4 },
    ),
  );
}

test("halves and numbers convert as in JavaScript, and round once", () =>
  checkSome(NUMBERS, [
    ...NUMBERS.map((name) => col(name).cast("float16")),
    ...["float32", "float64", "int8", "uint64"].map((to) => col("float16").cast(to)),
    col("float16").add(1).mul(col("int16")),
    col("float16").lt(col("float64")),
    col("uint64").floorDiv(7).add(col("uint64").mod(1000)),
    when(col("int16").gt(0)).then(col("float16")).otherwise(-0.5),
  ]));

test("moments and spans convert between units: coarser ones towards −∞, finer ones null beyond 64 bits", () =>
  checkSome(TIMES, [
    ...UNITS.flatMap((unit) => [
      ...["seconds", "nanos", "date32"].map((name) => col(name).cast(`timestamp[${unit}]`)),
      col("span").cast(`duration[${unit}]`),
    ]),
    col("when").cast("date32"),
    col("when").cast("date64"),
    col("when").cast("time64[ns]"),
    col("clock").cast("time32[ms]"),
    col("nanos").cast("int64").cast("timestamp[ms]"),
    col("seconds").lt(col("nanos")),
    col("when").ge(col("date32")),
    col("when").add(col("span")),
    col("nanos").sub(col("when")),
    col("date32").sub(col("date32")),
    when(col("when").isNull()).then(col("when")).otherwise(new Date(0)),
  ]));

test("decimals compare exactly, with each other and with any number", () =>
  checkSome(
    ["decimal"],
    [
      ...["gt", "ge", "lt", "le", "eq", "ne"].flatMap((op) => [
        col("decimal")[op as "gt"](col("decimal").fillNull(1)),
        ...["1.005", 0.01, -0.015, 7n, 1e300, Number.NaN].map((x) => col("decimal")[op as "gt"](x)),
      ]),
      col("decimal").fillNull("-3.25"),
      col("decimal").isIn(["0.01", 2, 3n]),
    ],
  ));

const decimals = (values: readonly (bigint | null)[], scale = 2) => {
  const type = new arrow.Decimal(scale, 20, 128);
  const words = values.flatMap((x) => [x ?? 0n, (x ?? 0n) >> 64n]);
  const valid = values.reduce((bits, x, i) => bits | (x === null ? 0 : 1 << i), 0);
  const data = new Uint32Array(BigInt64Array.from(words, (x) => BigInt.asIntN(64, x)).buffer);
  const nullCount = values.filter((x) => x === null).length;
  const nullBitmap = Uint8Array.of(valid);
  return new arrow.Vector([
    arrow.makeData({ type, data, length: values.length, nullCount, nullBitmap } as never),
  ]);
};
const bigint = (words: Uint32Array) =>
  BigInt.asIntN(
    128,
    words.reduceRight((all, word) => (all << 32n) | BigInt(word), 0n),
  );

test("sums of decimals are exact, in groups too, and say when they have more than 38 digits", async () => {
  const values = [10n ** 19n, -1n, null, 10n ** 19n, 5n, -(10n ** 19n) - 7n];
  const table = new arrow.Table({
    d: decimals(values),
    k: arrow.vectorFromArray(["a", "b", "a", "a", "b", "b"], new arrow.Utf8()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 4 });
    const found = t.agg({ total: sum("d") });
    assert.deepEqual(found.types, { total: "decimal128(38, 2)" });
    assert.equal(bigint((await found.toArrow()).getChild("total")!.get(0)), 10n ** 19n - 3n);
    const groups = (
      await t
        .groupBy("k")
        .agg({ total: sum("d") })
        .toArrow()
    ).getChild("total")!;
    assert.deepEqual([...groups].map(bigint), [2n * 10n ** 19n, -(10n ** 19n) - 3n]);
    assert.equal(await t.groupBy("d").agg({}).count(), 5);
  });
  const most = new arrow.Table({ d: decimals([10n ** 38n - 1n, 1n]) });
  await scoped(async () => {
    using t = await tableToGpu(gpu, most);
    await assert.rejects(t.agg({ total: sum("d") }).toArrow(), { code: "SUM_OVERFLOW" });
  });
});

test("casts that are none are refused with the types that there are", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, new arrow.Table({ a: arrow.makeVector(Int32Array.of(1)) }));
    for (const to of ["time32[ns]", "timestamp[h]", "duration[s, UTC]", "decimal"])
      assert.throws(() => t.select(col("a").cast(to)), /there is no type .*timestamp\[us\]/s);
    assert.throws(() => t.select(lit("5").cast("int32")), /Texts are not parsed/);
    assert.deepEqual(t.select({ x: col("a").approx() }).types, { x: "float32" });
  });
});
