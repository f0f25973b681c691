// What queries leave in the pool: nothing; and what a collected table holds: its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { runInCell } from "../../kernel/src/base/index.ts";
import { col, count, lit, sum, tableOnHost, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const table = new arrow.Table({
  a: arrow.vectorFromArray([1, 2, 3, 4, 5, 6], new arrow.Int32()),
  s: arrow.vectorFromArray(["x", "y", "x", null, "y", "x"], new arrow.Utf8()),
});
const upload = () => tableToGpu(gpu, table, { chunkRows: 4 });
const a = async (of: { toArrow(): Promise<arrow.Table> }) => [
  ...(await of.toArrow()).getChild("a")!,
];

/** Bytes of live blocks, wherever they are. */
function held(): number {
  const { live, spilled, disk } = gpu.pool.stats();
  return live + spilled + disk;
}

test("a query over a query leaves nothing in the pool, when it succeeds and when it fails", async () => {
  await scoped(async () => {
    using t = await upload();
    const live = held();
    const groups = t.groupBy("s").agg({ n: count(), total: sum("a") });
    const queries = {
      "head, filter": t.head(5).filter(col("a").gt(2)),
      "head, groups": t.head(5).groupBy("s").agg({ n: count() }),
      "groups, filter": groups.filter(col("n").gt(1)),
      "groups of groups": groups.groupBy("n").agg({ most: sum("total") }),
    };
    for (const [name, query] of Object.entries(queries)) {
      for (let i = 0; i < 3; i++) await query.toArrow();
      await Promise.all([query.toArrow(), query.toArrow(), query.count()]);
      assert.equal(held(), live, name);
    }
    const { budget } = gpu.pool;
    try {
      gpu.pool.trim();
      gpu.pool.budget = live;
      for (const [name, query] of Object.entries(queries)) {
        await Promise.allSettled([query.toArrow(), query.toArrow()]);
        assert.equal(held(), live, name);
      }
    } finally {
      gpu.pool.budget = budget;
    }
    for (const query of Object.values(queries)) await query.toArrow();
    assert.equal(held(), live);
  });
});

test("a collected table outlives the table whose columns it shares, and frees them as the last", async () => {
  await scoped(async () => {
    const { live } = gpu.pool.stats();
    const t = await upload();
    const some = await t.select("a").collect();
    const same = await t.head(6).filter(lit(true)).select("a").collect();
    const whole = gpu.pool.stats().live;
    t.dispose();
    t.dispose();
    assert.ok(gpu.pool.stats().live < whole, "the text column went back at once");
    assert.deepEqual(await a(some), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(await a(same), [1, 2, 3, 4, 5, 6]);
    await assert.rejects(t.toArrow(), { code: "DISPOSED" });
    await assert.rejects(t.select({ one: lit(1) }).toArrow(), { code: "DISPOSED" });
    some.dispose();
    same.dispose();
    assert.equal(held(), live);
  });
});

test("a query that runs while its table is disposed ends right", async () => {
  await scoped(async () => {
    const { live } = gpu.pool.stats();
    const t = await upload();
    const some = t.select("a").toArrow();
    t.dispose();
    await some.then(
      (found) => assert.deepEqual([...found.getChild("a")!], [1, 2, 3, 4, 5, 6]),
      (error) => assert.equal(error.code, "DISPOSED"),
    );
    assert.equal(held(), live);
  });
});

// The last one: the device is gone after it.
test("a table whose device was lost says so with its cell, also beside one that is there", async () => {
  const t = await runInCell(3, upload);
  gpu.device.destroy();
  await gpu.device.lost;
  const message = /^column "a" \(cell \[3\] line \d+\) was on a GPU device that was lost/;
  for (const query of [t.filter(col("a").gt(1)), tableOnHost(table).join(t, { on: "a" })])
    await assert.rejects(query.toArrow({ on: "gpu" }), { code: "TABLE_LOST", message });
});
