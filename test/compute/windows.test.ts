// Window functions against Polars and DuckDB, row by row.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import {
  cumCount,
  cumMax,
  cumMin,
  cumSum,
  denseRank,
  desc,
  lag,
  lead,
  rank,
  rollingMax,
  rollingMean,
  rollingMin,
  rollingSum,
  rowNumber,
  tableOnHost,
  tableToGpu,
  type WindowFunction,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertClose, openPeer } from "./peer.ts";
import { randomTable } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

const COLUMNS = ["int8", "int16", "uint8", "float32", "text", "codes", "bool", "when"];
const FUNCTIONS: Record<string, (of: string) => WindowFunction> = {
  rowNumber: () => rowNumber(),
  lag: (of) => lag(of, 2),
  lead: (of) => lead(of),
  cumSum,
  cumMin,
  cumMax,
  cumCount,
  rollingSum: (of) => rollingSum(of, 3),
  rollingMean: (of) => rollingMean(of, 3, { minRows: 1 }),
  rollingMin: (of) => rollingMin(of, 3),
  rollingMax: (of) => rollingMax(of, 3, { minRows: 2 }),
};
const numbers = fc.constantFrom("int8", "int16", "uint8");
const one = fc.oneof(
  fc.tuple(fc.constantFrom(...Object.keys(FUNCTIONS)), numbers),
  fc.tuple(
    fc.constantFrom("lag", "lead", "cumCount", "rowNumber"),
    fc.constantFrom("text", "codes", "bool", "when", "float32"),
  ),
);

test("windows over partitions in order equal Polars'", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(COLUMNS, 80),
        fc.uniqueArray(fc.constantFrom("bool", "codes", "text"), { maxLength: 2 }),
        fc.constantFrom("int16", "float32", "when"),
        fc.uniqueArray(one, { minLength: 1, maxLength: 4, selector: String }),
        async ({ table, values, chunkRows }, partitionBy, orderBy, windows) => {
          const wanted = await peer.ask("windows", [values], { partitionBy, orderBy, windows });
          using t = await tableToGpu(gpu, table, { chunkRows });
          const functions = Object.fromEntries(
            windows.map(([fn, of]) => [`${fn} ${of}`, FUNCTIONS[fn]!(of)]),
          );
          for (const one of [t, tableOnHost(table)]) {
            const found = await one.withWindows(functions, { partitionBy, orderBy }).toArrow();
            assertClose(found, wanted, `${windows} by ${partitionBy}, ${orderBy}`, 1e-12);
          }
        },
      ),
      { numRuns: 15 },
    ),
  );
});

test("ranks with ties, descending, as DuckDB has them", async () => {
  const rows = Array.from({ length: 500 }, (_, i) => i);
  const values = {
    int32: rows,
    int8: rows.map((i) => (i % 13 ? (i * 7) % 11 : null)),
    text: rows.map((i) => `group ${i % 7}`),
  };
  const sql = `SELECT *, row_number() OVER w AS n, rank() OVER w AS r, dense_rank() OVER w AS d
    FROM t0 WINDOW w AS (PARTITION BY text ORDER BY int8 DESC NULLS LAST, int32)
    ORDER BY int32`;
  const ties = `SELECT *, rank() OVER w AS r, dense_rank() OVER w AS d
    FROM t0 WINDOW w AS (PARTITION BY text ORDER BY int8 DESC NULLS LAST) ORDER BY int32`;
  const table = new arrow.Table({
    int32: arrow.vectorFromArray(values.int32, new arrow.Int32()),
    int8: arrow.vectorFromArray(values.int8, new arrow.Int8()),
    text: arrow.vectorFromArray(values.text, new arrow.Utf8()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 120 });
    const all = { n: rowNumber(), r: rank(), d: denseRank() };
    const order = [desc("int8"), "int32"];
    assertClose(
      await t.withWindows(all, { partitionBy: "text", orderBy: order }).toArrow(),
      await peer.ask("sql", [values], { sql }),
      "ranks",
      0,
    );
    const tied = { r: rank(), d: denseRank() };
    assertClose(
      await t.withWindows(tied, { partitionBy: "text", orderBy: desc("int8") }).toArrow(),
      await peer.ask("sql", [values], { sql: ties }),
      "tied ranks",
      0,
    );
  });
});

test("NaN is above all numbers; sums of floats are those of their window alone", async () => {
  const x = [1e300, 1, -1e300, 2, Number.NaN, 3, 4, 5];
  await scoped(async () => {
    using t = await tableToGpu(gpu, new arrow.Table({ x: arrow.makeVector(Float64Array.from(x)) }));
    const found = await t
      .withWindows({
        s: rollingSum("x", 2),
        m: rollingMean("x", 2),
        hi: rollingMax("x", 2),
        lo: rollingMin("x", 2),
      })
      .toArrow();
    const pairs = x.slice(1).map((b, i) => [x[i]!, b] as const);
    const column = (name: string) => [...found.getChild(name)!].slice(1);
    assert.deepEqual(
      column("s"),
      pairs.map(([a, b]) => a + b),
    );
    assert.deepEqual(
      column("m"),
      pairs.map(([a, b]) => (a + b) / 2),
    );
    assert.deepEqual(
      column("hi"),
      pairs.map(([a, b]) => Math.max(a, b)),
    );
    assert.deepEqual(
      column("lo"),
      pairs.map(([a, b]) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b))),
    );
    assert.equal(found.getChild("s")!.get(0), null);
  });
});

test("what is no window is said; a sum that does not fit too", async () => {
  const big = arrow.makeVector(BigInt64Array.of(2n ** 62n, 2n ** 62n));
  const text = arrow.vectorFromArray(["a", "b"], new arrow.Utf8());
  await scoped(async () => {
    using t = await tableToGpu(gpu, new arrow.Table({ big, text }));
    const given = (value: unknown) => value as never;
    await assert.rejects(t.withWindows({ s: cumSum("big") }).toArrow(), {
      code: "SUM_OVERFLOW",
      message: /"s": a sum is 9223372036854775808, which does not fit int64/,
    });
    assert.throws(() => t.withWindows({ r: rank() }), { code: "NO_ORDER_BY" });
    assert.throws(() => t.withWindows({ r: given(rank) }), { code: "NOT_A_WINDOW" });
    assert.throws(() => t.withWindows({ r: cumSum("text") }), { code: "WRONG_TYPE" });
    assert.throws(() => rollingSum("big", 0), { code: "BAD_COUNT" });
    assert.throws(() => t.withWindows({ r: lag("big") }, { partitionBy: "x" }), {
      code: "UNKNOWN_COLUMN",
    });
    const none = t.head(0).withWindows({ r: rowNumber(), l: lag("text"), c: cumSum("big") });
    assert.equal((await none.toArrow()).numRows, 0);
  });
});
