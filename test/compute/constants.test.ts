// Constants are parameters of a kernel: another one compiles nothing; more than there is room for are
// written into the kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { col, count, type Expr, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const rows = 100;
const numbers = Array.from({ length: rows }, (_, i) => i);
const codes = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
const table = new arrow.Table({
  i: arrow.vectorFromArray(numbers, new arrow.Int32()),
  l: arrow.vectorFromArray(numbers.map(BigInt), new arrow.Int64()),
  f: arrow.vectorFromArray(numbers, new arrow.Float32()),
  d: arrow.vectorFromArray(numbers, new arrow.Float64()),
  s: arrow.vectorFromArray(
    numbers.map((n) => `n${String(n).padStart(2, "0")}`),
    new arrow.Utf8(),
  ),
  c: arrow.vectorFromArray(
    numbers.map((n) => `n${n % 10}`),
    codes,
  ),
});

test("a query with another constant compiles nothing", async () => {
  const queries: Record<string, (n: number) => [Expr, number]> = {
    int32: (n) => [col("i").lt(n), n],
    int64: (n) => [col("l").lt(n), n],
    float32: (n) => [col("f").lt(n), n],
    float64: (n) => [col("d").lt(n + 0.5), n + 1],
    text: (n) => [col("s").eq(`n${n}`), 1],
    dictionary: (n) => [col("c").eq(`n${n % 10}`), 10],
    arithmetic: (n) => [
      col("i")
        .add(n)
        .lt(
          col("f")
            .mul(0)
            .add(2 * n),
        ),
      n,
    ],
  };
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    for (const [name, query] of Object.entries(queries)) {
      const found = async (n: number) => {
        const [where, wanted] = query(n);
        const [row] = (await t.filter(where).agg({ n: count() }).toArrow()).toArray();
        assert.equal(row.n, wanted, `${name} ${n}`);
      };
      await found(20);
      const { pipelines } = gpu.counts;
      for (const n of [21, 37, 48]) await found(n);
      assert.equal(gpu.counts.pipelines, pipelines, name);
    }
  });
});

test("more constants than parameters hold", async () => {
  const odd = Array.from({ length: 60 }, (_, i) => 2 * i + 1);
  const texts = odd.map((n) => `n${String(n).padStart(2, "0")}`);
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    const inAll = col("i")
      .isIn(odd)
      .and(col("d").isIn(odd))
      .and(col("f").isIn([...odd, Number.NaN]));
    assert.equal(await t.filter(inAll.and(col("l").isIn(odd))).count(), 50);
    assert.equal(await t.filter(col("s").isIn(texts)).count(), 50);
  });
});
