// What explain() says that a step takes at peak, against what the pool counts while it runs: never more, and not
// many times less.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import {
  col,
  cumSum,
  desc,
  type GpuTable,
  lag,
  rank,
  tableOnHost,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, restless, scoped } from "../gpu/open.ts";

const rows = 60_000;
const of = <T>(make: (i: number) => T) =>
  Array.from({ length: rows }, (_, i) => make((i * 7919) % rows));
const table = new arrow.Table({
  small: arrow.vectorFromArray(
    of((i) => (i % 97 === 0 ? null : i % 120)),
    new arrow.Int8(),
  ),
  key: arrow.vectorFromArray(
    of((i) => i),
    new arrow.Int32(),
  ),
  real: arrow.vectorFromArray(
    of((i) => (i % 31 === 0 ? null : i / 7)),
    new arrow.Float64(),
  ),
  flag: arrow.vectorFromArray(
    of((i) => i % 3 === 0),
    new arrow.Bool(),
  ),
  text: arrow.vectorFromArray(
    of((i) => (i % 5 === 0 ? null : `text ${i % 1000}`)),
    new arrow.Utf8(),
  ),
});

const UNITS: Record<string, number> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** The bytes of the last step that says them. */
function told(query: GpuTable): number {
  const found = [...query.explain({ on: "gpu" }).matchAll(/at peak: ([\d.]+) (\w+) at most/g)].at(
    -1,
  );
  assert.ok(found, query.explain());
  return Number(found[1]) * UNITS[found[2]!]!;
}

/** The most that the pool held beyond what was there before. */
async function taken(query: GpuTable): Promise<number> {
  const { ledger } = gpu.pool as unknown as { ledger: { takePeak(): number } };
  const before = gpu.pool.stats().live;
  ledger.takePeak();
  using found = await query.collect();
  assert.ok(found.rows !== undefined);
  return ledger.takePeak() - before;
}

const QUERIES: Record<string, (t: GpuTable) => GpuTable> = {
  "sort by a number": (t) => t.sort("key"),
  "sort by several": (t) => t.sort(desc("real"), "small", "flag"),
  "sort by short texts": (t) => t.sort("text", "key"),
  "sort by an expression": (t) => t.sort(col("real").mul(2)),
  "the first of a sort": (t) => t.topK(100, "real"),
  "distinct rows": (t) => t.distinct("small", "flag"),
  "a slice": (t) => t.slice(1000, 50_000),
  "a sample": (t) => t.sample({ fraction: 0.5 }),
  windows: (t) =>
    t.withWindows(
      { a: lag("text"), b: rank(), c: cumSum("key") },
      { partitionBy: "small", orderBy: "real" },
    ),
  "a filter and a sort": (t) => t.filter(col("key").gt(5)).sort("real"),
  "a computed column and a sort": (t) => t.withColumns({ twice: col("real").mul(2) }).sort("twice"),
  "a filter": (t) => t.filter(col("key").gt(5)).select("text", { x: col("real").add(1) }),
};

test("steps take what explain() says at most, and not a sixth of it", {
  skip: restless,
}, async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 25_000 });
    for (const [name, query] of Object.entries(QUERIES)) {
      const [most, found] = [told(query(t)), await taken(query(t))];
      // What is told is rounded to three digits.
      assert.ok(found <= most * 1.01, `${name}: took ${found} B, told ${most}`);
      assert.ok(found * 6 >= most, `${name}: took ${found} B, told ${most}`);
    }
  });
});

test("a join says what it takes before its rows are counted, and what each of them takes", {
  skip: restless,
}, async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 25_000 });
    using other = await tableToGpu(gpu, table.select(["key", "small"]).slice(0, 30_000));
    for (const how of ["inner", "left", "semi"] as const) {
      const query = t.drop("text").join(other, { on: "key", how });
      const each = Number(/then (\d+) B for each row/.exec(query.explain())![1]);
      const found = await taken(query);
      const most = told(query) * 1.01 + each * (await query.count());
      assert.ok(found <= most && found * 6 >= most, `${how}: took ${found} B, told ${most}`);
    }
  });
});

test("explain() says of each step where it runs and why, and shows no name that is not the user's", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    const hosted = tableOnHost(table);
    const steps: [RegExp, (x: GpuTable) => GpuTable][] = [
      [/^sort by key descending/m, (x) => x.sort(desc("key"))],
      [/^distinct by key/m, (x) => x.distinct("key")],
      [/^windows a/m, (x) => x.withWindows({ a: lag("key") })],
      [/^full join on key/m, (x) => x.join(x, { on: "key", how: "full" })],
      [/^slice from 3/m, (x) => x.slice(3)],
    ];
    for (const [what, query] of steps) {
      const [pooled, host] = [query(t).explain({ on: "gpu" }), query(hosted).explain()];
      for (const text of [pooled, host]) {
        assert.match(text, what);
        assert.ok(!text.includes("\u0001"), text);
      }
      assert.match(pooled, /on the GPU \(as was asked for\)/);
      assert.match(host, /on the host \(.+\), 0 B of the pool/);
    }
    const some = t.head(9);
    const few = tableOnHost(table.slice(0, 5));
    for (const mixed of [
      few.join(some, { on: "key" }),
      some.join(few, { on: "key" }),
      few.concat(some),
      some.concat(few),
    ]) {
      assert.match(mixed.explain({ on: "gpu" }), /on the GPU \(as was asked for\).*adapter: /s);
      const [gpuRows, hostRows] = [
        await mixed.toArrow({ on: "gpu" }),
        await mixed.toArrow({ on: "host" }),
      ];
      assert.deepEqual(gpuRows.toArray().map(String), hostRows.toArray().map(String));
    }
  });
});
