// What people see and try first: tables, expressions and tensors in one line, JavaScript's operators on them,
// promises that were not awaited, and the short ways to what they want.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as arrow from "apache-arrow";
import { DISPLAY } from "../../kernel/src/base/index.ts";
import type * as compute from "../../kernel/src/compute/index.ts";
import {
  col,
  count,
  createTensor,
  full,
  mean,
  RandomStream,
  sparseFrom,
  tableOnHost,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const arrowTable = new arrow.Table({
  a: arrow.vectorFromArray([1, 2, null, 4, 5], new arrow.Int32()),
  s: arrow.vectorFromArray(["x", null, "z", "x", "y"], new arrow.Utf8()),
});
const table = tableOnHost(arrowTable);
// biome-ignore lint/suspicious/noExplicitAny: what a cell may pass
const given = (value: unknown) => value as any;
const rowsOf = async (query: compute.GpuTable) =>
  (await query.toArrow()).toArray().map((row) => row.toJSON());

test("tables, groups and expressions are one line, wherever they stand", () => {
  assert.equal(inspect(table), "GpuTable (5 rows × 2 columns): a: int32, s: utf8");
  assert.equal(
    `${table.filter(col("a").gt(1)).select("a")}`,
    "GpuTable (a query × 1 column): a: int32",
  );
  assert.equal(inspect(table.head(1)), "GpuTable (1 row × 2 columns): a: int32, s: utf8");
  assert.equal(inspect([col("a").add(1).gt(2)]), "[ a.add(1).gt(2) ]");
  assert.match(inspect(table.groupBy("s", { b: "a" })), /^GroupBy \(s, b\): .*agg/);
  const wide = table.select(
    Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`c${i}`, "a"])),
  );
  assert.match(inspect(wide), /25 columns\): .*c19: int32, … 5 more$/);
});

test("tensors and sparse matrices are one line, which computes nothing", async () => {
  await scoped(async () => {
    using x = await createTensor(gpu, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    using y = x.add(1);
    assert.equal(inspect({ x }), "{ x: GpuTensor f32[2, 3] (32 B) }");
    assert.equal(`${y}`, "f32[2, 3] (not computed yet)");
    assert.equal(y.computed, false);
    using s = await sparseFrom(x, { format: "csr" });
    assert.equal(
      inspect(s),
      `GpuSparse csr f32[2, 3], 6 elements (${s.bytes.sparse} B, dense 24 B)`,
    );
    const gone = x.mul(2);
    gone.dispose();
    assert.equal(String(gone), "f32[2, 3] (disposed)");
  });
});

test("types stand under their own columns, also of names that are numbers; decimals and times are exact", async () => {
  // An object has names that are numbers first, so each has one of its own.
  const typed = table.select(
    { b: "s" },
    { "2": "a" },
    { "1": col("a").cast("decimal128(9, 2)") },
    { t: col("a").cast("time64[us]") },
  );
  assert.equal(
    inspect(typed),
    "GpuTable (5 rows × 4 columns): b: utf8, 2: int32, 1: decimal128(9, 2), t: time64[us]",
  );
  const [{ "text/plain": plain }] = (await typed[DISPLAY]()) as [Record<string, string>, object];
  const lines = plain!.split("\n").map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(lines.slice(0, 4), [
    ["b", "2", "1", "t"],
    ["utf8", "int32", "decimal128(9, 2)", "time64[us]"],
    ["x", "1", "1.00", "00:00:00.000001"],
    ["null", "2", "2.00", "00:00:00.000002"],
  ]);
});

test("moments that no Date is are shown as what is stored, also by describe and pivot", async () => {
  const stored = <T extends arrow.DataType>(type: T, data: unknown) =>
    new arrow.Vector([arrow.makeData({ type, data, length: 2 } as never)]);
  const far = tableOnHost(
    new arrow.Table({
      s: stored(new arrow.TimestampSecond(), BigInt64Array.of(10n ** 15n, 0n)),
      us: stored(new arrow.TimestampMicrosecond(), BigInt64Array.of(2n ** 63n - 1n, 0n)),
      day: stored(new arrow.DateDay(), Int32Array.of(2 ** 31 - 1, 0)),
    }),
  );
  const [{ "text/plain": text }] = (await given(far)[DISPLAY]()) as [Record<string, string>];
  const shown = [`${10n ** 15n} s`, `${2n ** 63n - 1n} µs`, `${(2n ** 31n - 1n) * 86_400_000n} ms`];
  for (const each of shown) assert.ok(text!.includes(each), `${each} in ${text}`);
  assert.deepEqual(
    (await rowsOf(far.describe())).map((row) => row["max"]),
    shown,
  );
  const wide = await far.pivot({ index: "s", on: "us", values: count() });
  assert.ok(wide.columns.includes(shown[1]!));
});

test("JavaScript's operators on columns and tensors are an error that names the method", async () => {
  await scoped(async () => {
    using x = await createTensor(gpu, [1, 2]);
    const a = col("a");
    for (const use of [
      () => given(a) + 1,
      () => given(a) > 4,
      // biome-ignore lint/suspicious/noDoubleEquals: what a cell may do
      () => given(a) == 4,
      () => -given(a),
    ])
      assert.throws(use, { code: "OPERATOR", message: /^a: .*\n.*\.add\(1\)/ });
    for (const use of [
      () => given(x) + 1,
      () => 2 * given(x),
      () => given(x) < x,
      // biome-ignore lint/suspicious/noDoubleEquals: what a cell may do
      () => given(x) == 1,
    ])
      assert.throws(use, { code: "OPERATOR", message: /^f32\[2\] .*\n.*x\.add\(1\)/ });
  });
});

test("a promise that was not awaited is told so", async () => {
  await scoped(async () => {
    using x = await createTensor(gpu, [1, 2]);
    const promise = Promise.resolve(x);
    const message = /found a promise: write await before it/;
    assert.throws(() => x.add(given(promise)), { code: "OPERAND", message });
    assert.throws(() => x.matmul(given(promise)), { code: "OPERAND", message });
    assert.throws(() => table.filter(given(promise)), { code: "NOT_AN_EXPRESSION", message });
    assert.throws(() => table.join(given(promise), { on: "a" }), { code: "NOT_A_TABLE", message });
  });
});

test("options where axes come first, and a pivot that lacks a part, are told how", async () => {
  await scoped(async () => {
    using x = await createTensor(gpu, [[1, 2]]);
    assert.throws(() => x.sum(given({ axis: 0 })), { code: "AXIS", message: /Axes come first/ });
    const pivot = table.pivot(given({ index: "s", columns: "a", values: mean("a") }));
    await assert.rejects(pivot, {
      code: "NO_KEYS",
      message: /on is missing; found index, columns, values/,
    });
  });
});

test("filter takes several tests, and dropNulls and rename do what their names say", async () => {
  await scoped(async () => {
    using there = await tableToGpu(gpu, arrowTable);
    for (const t of [table, there]) {
      const both = t.filter(col("a").gt(1), col("s").eq("x"));
      assert.deepEqual(await rowsOf(both), [{ a: 4, s: "x" }]);
      assert.equal(await t.dropNulls().count(), 3);
      assert.equal(await t.dropNulls("a").count(), 4);
      assert.equal(await t.dropNulls(["a"], "s").count(), 3);
      const renamed = t.rename({ s: "a", a: "s" }).head(1);
      assert.deepEqual(renamed.columns, ["s", "a"]);
      assert.deepEqual(await rowsOf(renamed), [{ s: 1, a: "x" }]);
      assert.deepEqual(
        t
          .rename({ s: "t" })
          .groupBy("t")
          .agg({ m: mean("a") }).columns,
        ["t", "m"],
      );
    }
  });
  assert.throws(() => table.filter(col("a").gt(1), given(false)), { code: "NOT_AN_EXPRESSION" });
  assert.throws(() => table.dropNulls("b"), { code: "UNKNOWN_COLUMN" });
  assert.throws(() => table.rename({ b: "c" }), { code: "UNKNOWN_COLUMN" });
  assert.throws(() => table.rename({ a: "s" }), { code: "SAME_NAME" });
  assert.throws(() => table.rename({ a: given(5) }), { code: "NOT_A_NAME", message: /found 5/ });
});

test("a sample by a number is one of as many rows", async () => {
  const [two, same] = [await rowsOf(table.sample(2)), await rowsOf(table.sample({ n: 2 }))];
  assert.equal(two.length, 2);
  assert.deepEqual(two, same);
  assert.throws(() => table.sample(-1), { code: "BAD_COUNT" });
});

test("one element is a number, and all are nested arrays", async () => {
  await scoped(async () => {
    using x = await createTensor(gpu, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    assert.equal(await x.sum().item(), 21);
    assert.deepEqual(await x.T.toArray(), [
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    assert.equal(await x.max().toArray(), 6);
    assert.deepEqual(await full(gpu, [2, 0], 1).toArray(), [[], []]);
    assert.deepEqual(await x.gt(5).toArray(), [
      [0, 0, 0],
      [0, 0, 1],
    ]);
    await assert.rejects(x.item(), {
      code: "SHAPE",
      message: /wanted one element, found .*\[2, 3\]/,
    });
  });
});

test("a plan over a table that was disposed says so", async () => {
  await scoped(async () => {
    const t = await tableToGpu(gpu, arrowTable);
    const query = t.filter(col("a").gt(1));
    t.dispose();
    for (const one of [query, query.groupBy("s").agg({ m: mean("a") }), t.sort("a"), t])
      assert.throws(() => one.explain({ on: "gpu" }), { code: "DISPOSED" });
  });
});

test("what waits is shown by its ends, of which each axis is computed by itself", async () => {
  await scoped(async () => {
    const x = new RandomStream(() => gpu, 3).uniform([8, 9]);

    const shown = (await x[DISPLAY]())["text/plain"] as string;
    const rows = (await x.toArray()) as number[][];
    const short = (value: number) => String(Number(value.toPrecision(6)));
    assert.equal(shown.split("\n").length, 8);
    for (const value of [rows[0]![0]!, rows[2]![8]!, rows[7]![6]!])
      assert.ok(shown.includes(short(value)));
    assert.ok(!shown.includes(short(rows[4]![4]!)));
  });
});
