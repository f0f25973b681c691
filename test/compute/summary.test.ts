// Histograms, pivots, counts of values and descriptions, against NumPy and Polars.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { DISPLAY } from "../../kernel/src/base/index.ts";
import { col, count, mean, sum, tableOnHost, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertClose, assertSameRows, openPeer } from "./peer.ts";
import { randomTable } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

test("histograms equal NumPy's, with and without a range", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(["int8", "int16", "uint8"], 150),
        fc.constantFrom("int8", "int16", "uint8"),
        fc.constantFrom(1, 4, 16),
        fc.constantFrom(undefined, [-64, 64] as const, [0, 300] as const),
        async ({ table, values, chunkRows }, of, bins, range) => {
          const more = { of, bins, range: range ?? null };
          const wanted = await peer.ask("histogram", [values], more);
          using t = await tableToGpu(gpu, table, { chunkRows });
          const found = await t.histogram(of, { bins, ...(range ? { range } : {}) }).toArrow();
          assertClose(found, wanted, `histogram of ${of}`, 1e-14);
        },
      ),
      { numRuns: 15 },
    ),
  );
});

const FIGURES = ["mean", "std", "q25", "median", "q75"];

test("pivots, counts of values and descriptions equal Polars'", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(["bool", "text", "codes", "int16"], 100).filter(({ rows }) => rows > 0),
        fc.constantFrom(["bool"], ["text"], ["text", "bool"]),
        async ({ table, values, chunkRows }, index) => {
          using t = await tableToGpu(gpu, table, { chunkRows });
          const wanted = await peer.ask("pivot", [values], { index, on: "codes" });
          const described = await peer.ask("describe", [values], {});
          const counts = await peer.ask("valueCounts", [values], { of: "text" });
          for (const one of [t, tableOnHost(table)]) {
            using found = await one.pivot({ index, on: "codes", values: sum("int16") });
            assertSameRows(await found.toArrow(), wanted, `pivot by ${index}`);
            assertSameRows(await one.valueCounts("text").toArrow(), counts, "counts");
            const facts = one.describe().select("column", "count", "nulls", "unique", FIGURES);
            assertClose(await facts.toArrow(), described, "description", 1e-12);
          }
        },
      ),
      { numRuns: 4 },
    ),
  );
});

const table = new arrow.Table({
  x: arrow.vectorFromArray([4n, 1n, null, 3n, 2n], new arrow.Int64()),
  y: arrow.vectorFromArray([0.5, Number.NaN, 2, -0, 1], new arrow.Float64()),
  name: arrow.vectorFromArray(["b", "a", "b", null, "c"], new arrow.Utf8()),
  day: arrow.vectorFromArray(
    [0, 1, 2, 3, 4].map((d) => new Date(d * 864e5)),
    new arrow.DateDay(),
  ),
});

test("a description has a row for each column, and figures where the type has them", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 2 });
    const [x, y, name, day] = (await t.describe().toArrow()).toArray().map((row) => row.toJSON());
    assert.deepEqual(x, {
      column: "x",
      type: "int64",
      count: 4,
      nulls: 1,
      unique: 4,
      min: "1",
      max: "4",
      mean: 2.5,
      std: Math.sqrt(5 / 3),
      q25: 1.75,
      median: 2.5,
      q75: 3.25,
    });
    assert.deepEqual([y["min"], y["max"], y["unique"]], ["0", "2", 5]);
    assert.ok(Number.isNaN(y["mean"]));
    assert.deepEqual(
      [name["count"], name["nulls"], name["unique"], name["min"], name["mean"]],
      [4, 1, 3, "a", null],
    );
    assert.deepEqual([day["min"], day["max"], day["median"]], ["1970-01-01", "1970-01-05", null]);
    assert.deepEqual((await t.select("x").describe().toArrow()).numRows, 1);
    const [shown] = (await t.describe()[DISPLAY]()) as [Record<string, string>, object];
    assert.match(shown["text/plain"]!, /4 rows × 12 columns/);
  });
});

test("pivots with several figures, missing pairs and computed keys; later steps", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 2 });
    using p = await t.pivot({
      index: { big: col("x").gt(2) },
      on: "name",
      values: { n: count(), m: mean("x") },
    });
    assert.deepEqual(p.columns, [
      "big",
      "n_a",
      "m_a",
      "n_b",
      "m_b",
      "n_c",
      "m_c",
      "n_null",
      "m_null",
    ]);
    const rows = (await p.toArrow()).toArray().map((row) => row.toJSON());
    assert.deepEqual(rows[0], {
      big: false,
      n_a: 1,
      m_a: 1,
      n_b: null,
      m_b: null,
      n_c: 1,
      m_c: 2,
      n_null: null,
      m_null: null,
    });
    assert.equal(await p.filter(col("n_b").isNotNull()).count(), 2);
    const { dispatches, uploads } = gpu.counts;
    const host = await tableOnHost(table).pivot({
      index: { big: col("x").gt(2) },
      on: "name",
      values: { n: count(), m: mean("x") },
    });
    assert.deepEqual(
      (await host.toArrow()).toArray().map((row) => row.toJSON()),
      rows,
    );
    assert.equal(await host.filter(col("n_b").isNotNull()).count(), 2);
    assert.deepEqual([gpu.counts.dispatches, gpu.counts.uploads], [dispatches, uploads]);
    const none = tableOnHost(table).filter(col("x").gt(9));
    const empty = await none.pivot({ index: "x", on: "name", values: count() });
    assert.deepEqual([empty.columns, (await empty.toArrow()).numRows], [["x"], 0]);
    const given = (value: unknown) => value as never;
    await assert.rejects(t.pivot({ index: [], on: "name", values: count() }), { code: "NO_KEYS" });
    await assert.rejects(t.pivot({ index: "x", on: "name", values: given(sum) }), {
      code: "NOT_NAMED",
    });
    const many = Int32Array.from({ length: 3000 }, (_, i) => i);
    using wide = await tableToGpu(gpu, new arrow.Table({ k: arrow.makeVector(many) }));
    await assert.rejects(wide.pivot({ index: "k", on: { v: col("k") }, values: count() }), {
      code: "TOO_MANY_COLUMNS",
      message: /found 3000 values/,
    });
  });
});

test("ranges of histograms are checked", async () => {
  await scoped(async () => {
    const x = arrow.makeVector(Float64Array.of(1, Number.POSITIVE_INFINITY, Number.NaN));
    using t = await tableToGpu(gpu, new arrow.Table({ x }));
    await assert.rejects(t.histogram("x").toArrow(), {
      code: "BAD_RANGE",
      message: /wanted finite values, found 1 to Infinity/,
    });
    const found = await t.histogram("x", { bins: 2, range: [0, 2] }).toArrow();
    assert.deepEqual([...found.getChild("count")!], [0, 1]);
    assert.throws(() => t.histogram("x", { range: [2, 1] }), { code: "BAD_RANGE" });
    assert.throws(() => t.histogram("x", { bins: 0.5 }), { code: "BAD_COUNT" });
  });
});
