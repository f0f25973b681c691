// Tables and groups that are larger than one binding: made small enough to test by a Gpu that claims a
// small limit and is otherwise the real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { col, count, max, sum, tableOnHost, tableToGpu } from "../../kernel/src/compute/index.ts";
import type { Gpu } from "../../kernel/src/gpu/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const LIMIT = 64 * 1024;
const small = new Proxy<Gpu>(gpu, {
  get(target, name) {
    if (name === "maxBinding") return LIMIT;
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  },
});

const ROWS = 40_000;
const key = Int32Array.from({ length: ROWS }, (_, i) => (i * 7919) % 30_011);
const text = Array.from({ length: ROWS }, (_, i) => (i === 5 ? "long".repeat(9000) : `row ${i}`));
const table = new arrow.Table({
  key: arrow.makeVector(key),
  value: arrow.makeVector(BigInt64Array.from(key, BigInt)),
  text: arrow.vectorFromArray(text, new arrow.Utf8()),
});

test("columns are cut into chunks that fit a binding, text by its bytes", async () => {
  await scoped(async () => {
    using t = await tableToGpu(small, table);
    const found = await t.toArrow();
    assert.ok(found.batches.length >= 8);
    for (const batch of found.batches)
      assert.ok(batch.data.children.every((child) => child.byteLength <= LIMIT));
    assert.deepEqual([...found.getChild("text")!], text);
    assert.deepEqual(
      [...(await t.filter(col("key").lt(100)).toArrow()).getChild("key")!],
      [...key].filter((k) => k < 100),
    );
  });
});

test("groups whose table would not fit a binding are done in windows of rows", async () => {
  await scoped(async () => {
    using t = await tableToGpu(small, table.select(["key", "value"]));
    const found = await t
      .groupBy("key")
      .agg({ n: count(), total: sum("value"), hi: max("value") })
      .toArrow();
    const counts = new Map<number, number>();
    for (const k of key) counts.set(k, (counts.get(k) ?? 0) + 1);
    const keys = [...counts.keys()].sort((a, b) => a - b);
    assert.deepEqual([...found.getChild("key")!], keys);
    assert.deepEqual(
      [...found.getChild("n")!],
      keys.map((k) => counts.get(k)!),
    );
    assert.deepEqual(
      [...found.getChild("total")!],
      keys.map((k) => BigInt(k * counts.get(k)!)),
    );
    assert.deepEqual([...found.getChild("hi")!], keys.map(BigInt));
  });
});

test("a join whose right keys are larger than a binding searches them in parts", async () => {
  const other = Int32Array.from({ length: ROWS }, (_, i) => (i * 3) % 50_021);
  const right = new arrow.Table({ key: arrow.makeVector(other), n: arrow.makeVector(other) });
  await scoped(async () => {
    using a = await tableToGpu(small, table.select(["key"]));
    using b = await tableToGpu(small, right);
    const on = "key";
    for (const how of ["inner", "left", "semi", "anti", "full"] as const) {
      const found = await a.join(b, { on, how }).toArrow();
      const wanted = await tableOnHost(table.select(["key"]))
        .join(tableOnHost(right), { on, how })
        .toArrow();
      for (const name of wanted.schema.names)
        assert.deepEqual(
          [...found.getChild(name)!],
          [...wanted.getChild(name)!],
          `${String(name)} of the ${how} join`,
        );
    }
    using same = await tableToGpu(
      small,
      new arrow.Table({ key: arrow.makeVector(new Int32Array(ROWS)) }),
    );
    await assert.rejects(a.join(same, { on, how: "semi" }).toArrow(), {
      code: "TOO_MANY_ROWS",
      message: /the right table has more than 16384 rows of one key/,
    });
  });
});

test("a row whose text alone is beyond a binding is an error that names it", async () => {
  const long = new arrow.Table({
    text: arrow.vectorFromArray(["a", "b".repeat(2 * LIMIT)], new arrow.Utf8()),
  });
  await assert.rejects(
    tableToGpu(small, long),
    /row 1 of column "text" \(utf8\) takes 128 KiB; one binding holds at most 64 KiB/,
  );
});

test("a table larger than the budget is cut by it, so that all that a query reads fits at once", async () => {
  await scoped(async () => {
    const rows = 1_000_000;
    const ints = (of: (i: number) => number) =>
      arrow.makeVector(Int32Array.from({ length: rows }, (_, i) => of(i)));
    const large = new arrow.Table({ a: ints((i) => i % 3), b: ints((i) => i), c: ints(() => 1) });
    const { budget } = gpu.pool;
    try {
      await gpu.finish();
      gpu.pool.trim();
      gpu.pool.budget = Math.max(gpu.pool.stats().reserved, 2 ** 23);
      using t = await tableToGpu(gpu, large);
      const groups = await t
        .groupBy("a")
        .agg({ b: sum("b"), c: sum("c") })
        .toArrow();
      const found = groups.toArray().map((row) => row.toJSON());
      const of = (a: number) => BigInt(Math.ceil((rows - a) / 3));
      const wanted = [0, 1, 2].map((a) => {
        const n = of(a);
        return { a, b: BigInt(a) * n + (3n * n * (n - 1n)) / 2n, c: n };
      });
      assert.deepEqual(found, wanted);
    } finally {
      gpu.pool.budget = budget;
    }
  });
});
