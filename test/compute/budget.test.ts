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
  tableToGpu,
  variance,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertSameRows } from "./peer.ts";

const ROWS = 160_000;
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
};

async function answers(check: (name: string, found: arrow.Table) => void): Promise<void> {
  using t = await tableToGpu(gpu, table, { chunkRows: 32_000 });
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
      gpu.pool.budget = Math.floor(bytes / 4);
      await gpu.finish();
      gpu.pool.trim();
      // A slab that cannot go back may be above the budget; the table is larger than that too.
      const most = Math.max(gpu.pool.budget, gpu.pool.stats().reserved);
      assert.ok(most < bytes);
      const { spills } = gpu.pool.stats();
      await answers((name, found) => {
        assertSameRows(found, wanted.get(name)!, name);
        const { reserved } = gpu.pool.stats();
        assert.ok(reserved <= most, `${name}: ${reserved} B of ${most} B`);
      });
      assert.ok(gpu.pool.stats().spills > spills);
    } finally {
      gpu.pool.budget = budget;
    }
    const { live, spilled } = gpu.pool.stats();
    assert.equal(live + spilled, 0, "temporaries went back");
  });
});
