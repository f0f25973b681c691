// GpuTable as people use it: laziness, chains, limits, display, disposal, errors.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { DISPLAY } from "../../kernel/src/base/index.ts";
import {
  col,
  count,
  lit,
  max,
  mean,
  min,
  sum,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const table = new arrow.Table({
  delay: arrow.vectorFromArray([10, null, 30, -5, 50, 0], new arrow.Int16()),
  distance: arrow.vectorFromArray([1n, 2n, 3n, 4n, 5n, 2n ** 62n], new arrow.Int64()),
  speed: arrow.vectorFromArray([0.5, 1.5, null, Number.NaN, -0, 4], new arrow.Float32()),
  origin: arrow.vectorFromArray(["LAX", "SFO", "LAX", null, "<b>", "SFO"], new arrow.Utf8()),
  when: arrow.vectorFromArray([0, 1000, 2000, 3000, 4000, 5000], new arrow.TimestampSecond()),
});

const values = (found: arrow.Table, name: string) => [...found.getChild(name)!];
const blocksOf = (of: object) =>
  (of as Record<symbol, () => Iterable<{ dispose(): void }>>)[Symbol.for("cenote.blocks")]!();
const upload = () => tableToGpu(gpu, table, { chunkRows: 4 });

test("nothing runs until it is asked for; a chain is one plan", async () => {
  await scoped(async () => {
    using t = await upload();
    const before = gpu.counts.dispatches;
    const chain = t
      .withColumns({ hours: col("delay").cast("float32").div(60) })
      .filter(col("hours").gt(0))
      .withColumns({ hours: col("hours").mul(2) })
      .filter(col("distance").lt(5))
      .select("origin", { twice: col("hours") });
    assert.equal(gpu.counts.dispatches, before);
    assert.deepEqual(chain.columns, ["origin", "twice"]);
    assert.deepEqual(chain.types, { origin: "utf8", twice: "float32" });
    const found = await chain.toArrow();
    assert.deepEqual(values(found, "origin"), ["LAX", "LAX"]);
    assert.deepEqual(values(found, "twice"), [Math.fround(Math.fround(10 / 60) * 2), 1]);
  });
});

test("head, before and after a filter, over chunks; count", async () => {
  await scoped(async () => {
    using t = await upload();
    assert.deepEqual(values(await t.head(5).toArrow(), "distance"), [1n, 2n, 3n, 4n, 5n]);
    assert.deepEqual(
      values(await t.head(5).filter(col("delay").gt(5)).toArrow(), "delay"),
      [10, 30, 50],
    );
    assert.deepEqual(
      values(await t.filter(col("delay").gt(5)).head(2).toArrow(), "delay"),
      [10, 30],
    );
    assert.equal(await t.filter(col("delay").gt(5)).head(2).count(), 2);
    assert.equal(await t.filter(col("delay").gt(5)).count(), 3);
    assert.equal((await t.head(0).toArrow()).numRows, 0);
    assert.equal(t.rows, 6);
    assert.equal(t.filter(col("delay").gt(5)).rows, undefined);
    const none = await t.filter(col("delay").gt(1000)).toArrow();
    assert.deepEqual([none.numRows, none.schema.names], [0, table.schema.names]);
  });
});

test("columns taken as they are copy nothing, and keep their Arrow field", async () => {
  await scoped(async () => {
    using t = await upload();
    const { live } = gpu.pool.stats();
    const before = gpu.counts.dispatches;
    using some = await t.select("origin", { d: "distance" }).collect();
    assert.equal(gpu.counts.dispatches, before);
    assert.equal(gpu.pool.stats().live, live);
    assert.deepEqual(values(await some.toArrow(), "d"), values(table, "distance"));
  });
});

test("a result of groups can be filtered and computed with further", async () => {
  await scoped(async () => {
    using t = await upload();
    using groups = t
      .groupBy("origin")
      .agg({ n: count(), far: max("distance"), mean: mean("speed") });
    assert.deepEqual(values(await groups.toArrow(), "origin"), ["<b>", "LAX", "SFO", null]);
    const more = groups.filter(col("n").gt(1)).select("origin", { far: col("far").sub(1) });
    const found = await more.toArrow();
    assert.deepEqual(values(found, "origin"), ["LAX", "SFO"]);
    assert.deepEqual(values(found, "far"), [2n, 2n ** 62n - 1n]);
    assert.deepEqual(values(await groups.head(2).toArrow(), "n"), [1, 2]);
  });
});

test("groupBy without figures gives the distinct keys", async () => {
  await scoped(async () => {
    using t = await upload();
    assert.deepEqual(values(await t.groupBy("origin").agg({}).toArrow(), "origin"), [
      "<b>",
      "LAX",
      "SFO",
      null,
    ]);
  });
});

test("sums and extremes of floats with NaN and −0", async () => {
  await scoped(async () => {
    using t = await upload();
    const of = { sum: sum("speed"), lo: min("speed"), hi: max("speed"), n: count("speed") };
    const [row] = (await t.agg(of).toArrow()).toArray();
    assert.deepEqual({ ...row }, { sum: Number.NaN, lo: 0, hi: 4, n: 5 });
  });
});

test("constants beside each other and divisors of 0 are no shader errors", async () => {
  await scoped(async () => {
    using t = await upload();
    const found = await t
      .select({
        wrapped: lit(2 ** 31 - 1).add(lit(1)),
        zero: col("delay").floorDiv(0),
        by: col("distance").mod(lit(0)),
        cast: lit(300).cast("int8"),
        infinite: lit(Number.POSITIVE_INFINITY).mul(col("speed")),
      })
      .head(1)
      .toArrow();
    assert.deepEqual(
      { ...found.get(0) },
      { wrapped: -(2 ** 31), zero: null, by: null, cast: null, infinite: Number.POSITIVE_INFINITY },
    );
  });
});

test("moments compare with dates and texts", async () => {
  await scoped(async () => {
    using t = await upload();
    assert.equal(await t.filter(col("when").ge(new Date(3000))).count(), 3);
    assert.equal(await t.filter(col("when").gt(new Date(3500))).count(), 2);
    assert.equal(await t.filter(col("when").lt("1970-01-01T00:00:02")).count(), 2);
    const spans = await t.select({ x: col("when").sub(new Date(1000)) }).toArrow();
    assert.equal(String(spans.schema.fields[0]!.type), "Duration<SECOND>");
    assert.deepEqual(values(spans, "x"), [-1n, 0n, 1n, 2n, 3n, 4n]);
  });
});

test("a display has types, the number of rows, and escapes", async () => {
  await scoped(async () => {
    using t = await upload();
    const [bundle, metadata] = await t[DISPLAY]();
    const shown = bundle as Record<string, string>;
    const mime = "application/vnd.apache.arrow.stream";
    assert.deepEqual(metadata[mime], { rows: 6 });
    assert.equal((bundle[mime] as arrow.Table).numRows, 6);
    assert.match(shown["text/html"]!, /&lt;b&gt;/);
    assert.match(shown["text/html"]!, /int16/);
    assert.match(shown["text/plain"]!, /6 rows × 5 columns/);
    assert.match(shown["text/plain"]!, /1970-01-01 00:00:05/);
  });
});

test("explain names the kernels and the bytes, and runs nothing", async () => {
  await scoped(async () => {
    using t = await upload();
    const before = gpu.counts.dispatches;
    const text = t
      .filter(col("delay").gt(5))
      .groupBy("origin")
      .agg({ n: count() })
      .filter(col("n").gt(1))
      .explain();
    assert.equal(gpu.counts.dispatches, before);
    assert.match(text, /aggregate by origin: 1 fused kernel · reads delay, origin \(\d+ B\)/);
    assert.match(text, /filter inside it: delay > 5/);
    assert.match(text, /allocates [\d.]+ [KM]iB/);
    assert.match(text, /filter: mask, scan, index · reads n/);
  });
});

test("disposal: columns go back to the pool, and using them says so", async () => {
  const { live } = gpu.pool.stats();
  const t = await upload();
  const late = t.filter(col("delay").gt(5));
  assert.ok(gpu.pool.stats().live > live);
  late.dispose();
  assert.equal((await late.toArrow()).numRows, 3);
  t.dispose();
  assert.equal(gpu.pool.stats().live, live);
  await assert.rejects(late.toArrow(), { code: "DISPOSED", message: /column "\w+" was disposed/ });
});

test("a scope keeps the columns of the table that it returns", async () => {
  const { live } = gpu.pool.stats();
  const kept = await gpu.pool.scope(async () => {
    const t = await upload();
    await upload();
    return t.filter(col("delay").gt(5));
  });
  assert.equal((await kept.toArrow()).numRows, 3);
  for (const block of blocksOf(kept)) block.dispose();
  assert.equal(gpu.pool.stats().live, live);
});

test("errors name the column, its type, what was wanted and the mend", async () => {
  await scoped(async () => {
    using t = await upload();
    const error = (run: () => unknown, message: RegExp) => assert.throws(run, message);
    error(
      () => t.select("dely"),
      /there is no column "dely"\n.*delay, distance, speed, origin, when/,
    );
    error(() => t.filter(col("delay")), /column "delay" is int16; wanted bool/);
    error(
      () => t.filter(col("delay").contains("A")),
      /column "delay" is int16; wanted text \(utf8, or a dictionary of it\)/,
    );
    error(() => t.select(col("origin").add(1)), /column "origin" is utf8; wanted a number/);
    error(
      () => t.select(col("distance").add(col("speed"))),
      /column "distance" is int64; wanted a type that float64 holds/,
    );
    error(
      () => t.select(col("distance").add(0.5)),
      /wanted a whole number from -9223372036854775808/,
    );
    error(() => t.select(col("delay").hour()), /column "delay" is int16; wanted a timestamp/);
    error(
      () => t.select(col("delay").cast("int33" as "int32")),
      /no type "int33".*\n.*int8, int16/,
    );
    error(() => t.agg({ x: sum("origin") }), /column "origin" is utf8; wanted numbers or bools/);
    error(
      () => t.agg({ x: sum("when") }),
      /column "when" is timestamp\[s\]; wanted numbers or bools/,
    );
    error(() => t.agg({}), /wanted a figure or more/);
    error(() => t.groupBy("origin").agg({ origin: count() }), /"origin" is a key and a figure/);
    error(() => t.select("delay", { delay: col("speed") }), /two columns would be named "delay"/);
    error(() => t.head(-1), /wanted a whole number of rows/);
  });
});
