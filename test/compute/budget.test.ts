// Operations on a table of four times the pool's budget: the same answers, and nothing left behind.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import {
  col,
  count,
  cumSum,
  desc,
  first,
  type GpuTable,
  lag,
  median,
  rowNumber,
  sum,
  tableToGpu,
  variance,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertSameRows } from "./peer.ts";

const ROWS = 60_000;
const spread = (i: number) => (i * 48_271) % 65_537;
const table = new arrow.Table({
  key: arrow.makeVector(Int32Array.from({ length: ROWS }, (_, i) => spread(i) % 1000)),
  big: arrow.makeVector(BigInt64Array.from({ length: ROWS }, (_, i) => BigInt(spread(i)) << 20n)),
  real: arrow.makeVector(Float64Array.from({ length: ROWS }, (_, i) => Math.sin(i))),
  text: arrow.vectorFromArray(
    Array.from({ length: ROWS }, (_, i) => (i % 7 ? `row ${spread(i)}` : null)),
    new arrow.Utf8(),
  ),
});
const keys = new arrow.Table({
  key: arrow.makeVector(Int32Array.from({ length: 500 }, (_, i) => i * 3)),
  name: arrow.vectorFromArray(
    Array.from({ length: 500 }, (_, i) => `key ${i}`),
    new arrow.Utf8(),
  ),
});

const QUERIES: Record<string, (t: GpuTable, k: GpuTable) => GpuTable> = {
  sort: (t) => t.sort("key", desc("real")),
  "sort by text": (t) => t.sort(desc("text"), "big"),
  "filter, sort": (t) => t.filter(col("real").gt(0)).sort("big").select("text", "big"),
  distinct: (t) => t.distinct("key"),
  sample: (t) => t.sample({ n: 5000, seed: 3 }),
  concat: (t) => t.concat(t.filter(col("key").lt(10))),
  "inner join": (t, k) => t.join(k, { on: "key" }),
  "left join": (t, k) => t.join(k, { on: "key", how: "left" }),
  "anti join": (t, k) => t.join(k, { on: "key", how: "anti" }),
  groups: (t) =>
    t.groupBy("key").agg({ n: count(), v: variance("big"), m: median("real"), f: first("text") }),
  windows: (t) =>
    t.withWindows(
      { n: rowNumber(), before: lag("text"), c: cumSum("big") },
      { partitionBy: "key", orderBy: "real" },
    ),
  histogram: (t) => t.histogram("real", { bins: 7 }),
  total: (t) => t.agg({ s: sum("real") }),
};

async function answers(check: (name: string, found: arrow.Table) => void): Promise<void> {
  using t = await tableToGpu(gpu, table, { chunkRows: 8_000 });
  using k = await tableToGpu(gpu, keys);
  for (const [name, query] of Object.entries(QUERIES)) check(name, await query(t, k).toArrow());
}

test("a table of four times the budget: sorts, joins, windows and figures end with the same answer", async () => {
  const wanted = new Map<string, arrow.Table>();
  await scoped(async () => {
    let bytes = 0;
    await answers((name, found) => {
      bytes ||= gpu.pool.stats().requested;
      wanted.set(name, found);
    });
    const { budget } = gpu.pool;
    try {
      gpu.pool.trim();
      gpu.pool.budget = Math.floor(bytes / 4);
      await answers((name, found) => {
        assertSameRows(found, wanted.get(name)!, name);
        const { reserved } = gpu.pool.stats();
        assert.ok(reserved <= gpu.pool.budget, `${name}: ${reserved} B of ${gpu.pool.budget} B`);
      });
      assert.ok(gpu.pool.stats().spills > 0);
    } finally {
      gpu.pool.budget = budget;
    }
    const { live, spilled } = gpu.pool.stats();
    assert.equal(live + spilled, 0, "temporaries went back");
  });
});
