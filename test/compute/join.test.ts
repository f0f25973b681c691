// Joins against Polars and DuckDB, row by row.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { col, tableOnHost, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertSameRows, openPeer } from "./peer.ts";
import { randomTable } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

const KEYS = ["int8", "uint64", "float32", "float64", "bool", "text", "codes", "when"];
const COLUMNS = [...KEYS, "int16"];

test("joins by keys of every type; nulls match nothing; duplicates multiply", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(COLUMNS, 40),
        randomTable(COLUMNS, 40),
        fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 2 }),
        fc.constantFrom("inner", "left", "semi", "anti" as const),
        async (left, right, on, how) => {
          const renamed = Object.fromEntries(
            Object.entries(right.values).map(([name, values]) => [`2:${name}`, values]),
          );
          const wanted = await peer.ask("join", [left.values, renamed], { on, how });
          using a = await tableToGpu(gpu, left.table, { chunkRows: left.chunkRows });
          using b = await tableToGpu(gpu, right.table, { chunkRows: right.chunkRows });
          const keys = on.map((name) => ({ left: name, right: `2:${name}` }));
          const names = Object.fromEntries(COLUMNS.map((name) => [`2:${name}`, name]));
          for (const [x, y] of [
            [a, b],
            [tableOnHost(left.table), tableOnHost(right.table)],
          ] as const) {
            const found = await x.join(y.select(names), { on: keys, how }).toArrow();
            assertSameRows(found, wanted, `${how} join on ${on}`);
          }
        },
      ),
      { numRuns: 20 },
    ),
  );
});

test("long texts, codes and plain text join, as DuckDB has it", async () => {
  const name = (i: number) => `a name that is longer than fifteen bytes ${i % 37}`;
  const values = {
    text: Array.from({ length: 300 }, (_, i) => (i % 11 ? name(i * 7) : null)),
    int32: Array.from({ length: 300 }, (_, i) => i),
  };
  const other = {
    codes: Array.from({ length: 50 }, (_, i) => (i % 5 ? name(i * 3) : null)),
    int32: Array.from({ length: 50 }, (_, i) => -i),
  };
  const codes = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8());
  const int = new arrow.Int32();
  const left = new arrow.Table({
    text: arrow.vectorFromArray(values.text, new arrow.Utf8()),
    int32: arrow.vectorFromArray(values.int32, int),
  });
  const right = new arrow.Table({
    codes: arrow.vectorFromArray(other.codes, codes),
    int32: arrow.vectorFromArray(other.int32, int),
  });
  const sql = `SELECT t0.text, t0.int32, t1.int32 AS int32_right FROM t0 LEFT JOIN t1
    ON t0.text = t1.codes ORDER BY t0.int32, t1.int32 DESC NULLS LAST`;
  const wanted = await peer.ask("sql", [values, other], { sql });
  await scoped(async () => {
    using a = await tableToGpu(gpu, left, { chunkRows: 70 });
    using b = await tableToGpu(gpu, right);
    const on = { left: "text", right: "codes" };
    assertSameRows(await a.join(b, { on, how: "left" }).toArrow(), wanted, "left join");
    const hosted = tableOnHost(left).join(tableOnHost(right), { on, how: "left" });
    assertSameRows(await hosted.toArrow(), wanted, "left join on the host");
    const computed = { left: col("int32").mod(10), right: col("int32").neg() };
    const some = await a.join(b, { on: computed, how: "semi" }).toArrow();
    assert.equal(some.numRows, 300);
  });
});

test("a result that is too large is said before it is allocated", async () => {
  const rows = 200_000;
  const same = arrow.makeVector(new Int32Array(rows));
  await scoped(async () => {
    using t = await tableToGpu(gpu, new arrow.Table({ k: same, v: same }));
    const { peakLive } = gpu.pool.stats();
    await assert.rejects(t.join(t, { on: "k" }).toArrow(), {
      code: "TOO_MANY_ROWS",
      message: /inner join on k: the result has 40000000000 rows .*the pool may hold/,
    });
    assert.ok(gpu.pool.stats().peakLive < peakLive + 64 * 2 ** 20);
  });
});

test("what tables cannot be joined by is said", async () => {
  const table = new arrow.Table({
    a: arrow.vectorFromArray([1], new arrow.Int32()),
    s: arrow.vectorFromArray(["a"], new arrow.Utf8()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    const given = (value: unknown) => value as never;
    assert.deepEqual(t.join(t, { on: "a" }).columns, ["a", "s", "s_right"]);
    assert.deepEqual(t.join(t, { on: "a", suffix: "2" }).columns, ["a", "s", "s2"]);
    assert.deepEqual(t.join(t, { on: "a", how: "anti" }).columns, ["a", "s"]);
    assert.throws(() => t.join(t, { on: { left: "a", right: "s" } }), {
      code: "KEY_TYPES",
      message: /join on a = s: the left key is int32, the right one utf8/,
    });
    assert.throws(() => t.join(t, { on: [] }), { code: "NO_KEYS" });
    assert.throws(() => t.join(t, given(undefined)), { code: "NO_KEYS" });
    assert.throws(() => t.join(t, { on: "b" }), { code: "UNKNOWN_COLUMN" });
    assert.throws(() => t.join(t, { on: "a", how: given("outer") }), { code: "BAD_JOIN" });
    assert.throws(() => t.join(given(table), { on: "a" }), { code: "NOT_A_TABLE" });
    assert.throws(() => t.join(t, { on: "a", suffix: "" }), { code: "SAME_NAME" });
  });
});
