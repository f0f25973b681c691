// Joins against Polars and DuckDB, row by row.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { col, tableOnHost, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertSameRows, openPeer } from "./peer.ts";
import { randomTable, VALUES } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

const KEYS = Object.keys(VALUES).filter((name) => name !== "int16");
const COLUMNS = [...KEYS, "int16"];

test("joins by keys of every type; nulls match nothing; duplicates multiply", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(COLUMNS, 40),
        randomTable(COLUMNS, 40),
        fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 2 }),
        fc.constantFrom("inner", "left", "full", "semi", "anti" as const),
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
      { numRuns: 18 },
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

test("a full join has a key of one name once, of either side, as DuckDB has it", async () => {
  const left = {
    int32: [3, null, 1, 3, 7, -1],
    text: ["c", "d", "a", null, "a key of more than fifteen bytes", "e"],
    float64: [0, 1, 2, 3, 4, 5],
  };
  const right = {
    int32: [1, 3, null, 9, 3],
    text: ["a", "c", "d", "z", "c"],
    int64: [10n, 20n, 30n, 40n, 50n],
  };
  const int = new arrow.Int32();
  const utf8 = new arrow.Utf8();
  const codes = new arrow.Dictionary(utf8, new arrow.Int8());
  const a = new arrow.Table({
    int32: arrow.vectorFromArray(left.int32, int),
    text: arrow.vectorFromArray(left.text, utf8),
    float64: arrow.vectorFromArray(left.float64, new arrow.Float64()),
  });
  const b = new arrow.Table({
    // Keys of another type compare as one that holds both.
    int32: arrow.vectorFromArray(right.int32, new arrow.Uint32()),
    text: arrow.vectorFromArray(right.text, codes),
    int64: arrow.vectorFromArray(right.int64, new arrow.Int64()),
  });
  const other = (on: string[]) =>
    Object.keys(right).map((name) =>
      on.includes(name) || name === "int64" ? name : `${name} AS ${name}_1`,
    );
  const sql = (on: string[]) => `SELECT * FROM (SELECT *, row_number() OVER () AS x FROM t0)
    FULL JOIN (SELECT ${other(on)}, row_number() OVER () AS y FROM t1) USING (${on}) ORDER BY x, y`;
  await scoped(async () => {
    using t = await tableToGpu(gpu, a, { chunkRows: 4 });
    using u = await tableToGpu(gpu, b, { chunkRows: 3 });
    const pairs = [
      [t, u],
      [tableOnHost(a), tableOnHost(b)],
    ] as const;
    for (const on of [["int32"], ["text"], ["int32", "text"]]) {
      const wanted = await peer.ask("sql", [left, right], { sql: sql(on) });
      for (const [x, y] of pairs) {
        const full = x.join(y, { on, how: "full", suffix: "_1" });
        const names = wanted.schema.names.filter((name) => name !== "x" && name !== "y");
        const found = await full
          .select(names as string[])
          .toArrow({ on: x === t ? "gpu" : "host" });
        assertSameRows(found, wanted.select(names), `full join on ${on}`);
        const limited = x.head(2).join(y.select({ int32: col("int32"), v: "int64" }).head(2), {
          on: "int32",
          how: "full",
        });
        assert.deepEqual(
          [...(await limited.toArrow())].map((row) => Object.values(row!.toJSON()).map(String)),
          [
            ["3", "c", "0", "20"],
            ["null", "d", "1", "null"],
            ["1", "null", "null", "10"],
          ],
        );
      }
    }
    assert.deepEqual(t.join(u, { on: "int32", how: "full" }).types, {
      int32: "int64",
      text: "utf8",
      float64: "float64",
      text_right: "dictionary<utf8>",
      int64: "int64",
    });
    const twice = t.join(u, { on: ["int32", "int32"], how: "full" });
    assert.equal(await twice.count(), await t.join(u, { on: "int32", how: "full" }).count());
    assert.deepEqual(t.join(u, { on: { left: "int32", right: "int64" }, how: "full" }).columns, [
      ...["int32", "text", "float64", "int32_right", "text_right", "int64"],
    ]);
  });
});

test("dictionaries of one id, as tables that were read apart have them, stay two", async () => {
  const table = (values: string[]) => {
    const codes = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8(), 7);
    const k = arrow.vectorFromArray([1, 2], new arrow.Int32());
    return new arrow.Table({ k, d: arrow.vectorFromArray(values, codes) });
  };
  const [a, b] = [table(["x", "y"]), table(["z", "w"])];
  await scoped(async () => {
    using t = await tableToGpu(gpu, a);
    using u = await tableToGpu(gpu, b);
    const pairs = [
      [t, u],
      [tableOnHost(a), tableOnHost(b)],
    ] as const;
    for (const [x, y] of pairs) {
      const joined = x.join(y, { on: "k" }).join(x, { on: "k", suffix: "_again" });
      const found = arrow.tableFromIPC(arrow.tableToIPC(await joined.toArrow()));
      assert.deepEqual(
        found.toArray().map((row) => Object.values(row.toJSON())),
        [
          [1, "x", "z", "x"],
          [2, "y", "w", "y"],
        ],
      );
    }
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
    const wide = t.select({ a: col("a").cast("int64") });
    for (const [x, y] of [
      [t.select(["a"]), wide],
      [wide, t.select(["a"])],
    ] as const)
      assert.deepEqual(x.join(y, { on: "a" }).columns, ["a"]);
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
