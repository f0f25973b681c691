// Questions about a million real flights (int64, timestamps, large strings), against Polars.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Table } from "apache-arrow";
import { col, count, max, mean, min, sum, tableToGpu } from "../../kernel/src/compute/index.ts";
import { pythonFiles } from "../columns/files.ts";
import { gpu, scoped } from "../gpu/open.ts";

type Answer = Record<string, (number | string)[]>;

const files = pythonFiles("./flights.py", import.meta.url);
const answers = files.json("answers") as Record<string, Answer>;
const flights = files.arrow("flights");
const figures = {
  n: count(),
  total: sum("delay"),
  mean: mean("delay"),
  lo: min("distance"),
  hi: max("distance"),
};

function assertAnswer(found: Table, name: string): void {
  const wanted = answers[name]!;
  assert.deepEqual(found.schema.names, Object.keys(wanted));
  for (const [column, values] of Object.entries(wanted)) {
    const list = Array.from(found.getChild(column)!, (value) =>
      typeof value === "bigint" ? Number(value) : value,
    );
    // The mean is an exact sum divided once; Polars rounds more often.
    if (column === "mean")
      for (const [i, value] of list.entries())
        assert.ok(Math.abs(value - Number(values[i])) <= 1e-12 * Math.abs(value));
    else assert.deepEqual(list, values, `${column} of ${name}`);
  }
}

test("one upload; filters, groups and figures equal Polars'", async () => {
  await scoped(async () => {
    const before = { ...gpu.counts };
    using table = await tableToGpu(gpu, flights);
    assert.equal(gpu.counts.uploads - before.uploads, 1);
    const uploaded = gpu.counts.uploadBytes;
    const late = table.filter(col("delay").gt(15));
    assertAnswer(
      await late
        .groupBy({ hour: col("date").hour() })
        .agg(figures)
        .toArrow(),
      "by hour",
    );
    assertAnswer(await late.groupBy("origin").agg(figures).toArrow(), "by origin");
    assertAnswer(await table.groupBy("origin", "destination").agg(figures).toArrow(), "by route");
    const days = { month: col("date").month(), weekday: col("date").weekday() };
    assertAnswer(await table.groupBy(days).agg(figures).toArrow(), "by month and weekday");
    assertAnswer(await table.agg(figures).toArrow(), "all");
    const some = table
      .filter(col("origin").isIn(["LAX", "SFO"]).and(col("delay").floorDiv(60).ge(3)))
      .select("origin", "destination", "delay", { minutes: col("delay").mod(60) });
    assertAnswer(await some.toArrow(), "some");
    // But for the different texts of a column that was grouped by again.
    assert.ok(gpu.counts.uploadBytes - uploaded < 65_536);
  });
});

test("a filter feeding an aggregate stores nothing between: few dispatches, small peak", async () => {
  await scoped(async () => {
    using table = await tableToGpu(gpu, flights);
    const { live } = gpu.pool.stats();
    const before = { ...gpu.counts };
    await table
      .filter(col("delay").gt(15))
      .agg({ total: sum(col("delay").mul(2)) })
      .toArrow();
    assert.equal(gpu.counts.dispatches - before.dispatches, 2, "the fused kernel and the merge");
    assert.equal(gpu.counts.readBacks - before.readBacks, 1);
    assert.equal(gpu.pool.stats().live, live, "temporaries are back in the pool");
  });
});
