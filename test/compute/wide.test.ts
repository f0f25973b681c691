// Expressions and figures of more columns, and of more levels, than one kernel takes: parts of them are computed
// first, and the answers are those of the host, which knows no such limits.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import {
  col,
  count,
  type Expr,
  first,
  type GpuTable,
  max,
  nunique,
  sum,
  tableOnHost,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const ROWS = 500;
const COLUMNS = 24;
const names = Array.from({ length: COLUMNS }, (_, c) => `c${c}`);
const texts = ["t0", "t1"];
const cell = (row: number, c: number) =>
  c % 6 === 1 && (row + c) % 13 === 0 ? null : (row * (c + 3)) % (c % 4 === 0 ? 2 : 7);
const table = new arrow.Table(
  Object.fromEntries([
    ...names.map((name, c) => [
      name,
      arrow.vectorFromArray(
        Array.from({ length: ROWS }, (_, row) => cell(row, c)),
        new arrow.Int32(),
      ),
    ]),
    ...texts.map((name, c) => [
      name,
      arrow.vectorFromArray(
        Array.from({ length: ROWS }, (_, row) => ["x", null, "zé", ""][(row + c) % 4]!),
        new arrow.Utf8(),
      ),
    ]),
  ]),
);
const rowsOf = (found: arrow.Table) =>
  found.toArray().map((row) => Object.values(row!.toJSON()).map(String));

async function sameOnBoth(query: (t: GpuTable) => GpuTable, what: string): Promise<void> {
  await scoped(async () => {
    using pooled = await tableToGpu(gpu, table, { chunkRows: 192 });
    const { live } = gpu.pool.stats();
    const found = rowsOf(await query(pooled).toArrow({ on: "gpu" }));
    assert.ok(found.length > 0);
    assert.deepEqual(found, rowsOf(await query(tableOnHost(table)).toArrow()), what);
    assert.equal(gpu.pool.stats().live, live, `${what}: temporaries are back in the pool`);
  });
}

const whole = (name: string): Expr => (name === "c1" ? col(name).fillNull(0) : col(name));
const total = names.map(whole).reduce((a, b) => a.add(b));

test("filters, columns and figures over many columns", async () => {
  const some = (t: GpuTable) =>
    t.filter(names.map((n) => whole(n).ge(0)).reduce((a, b) => a.and(b)));
  await sameOnBoth((t) => some(t).select("c1", "t0", { total }), "filter and sum");
  const sums = names.slice(0, 12).map((name) => [`of ${name}`, sum(name)]);
  await sameOnBoth(
    (t) =>
      some(t)
        .groupBy("c4", "t1")
        .agg({ ...Object.fromEntries(sums), top: max("c20") }),
    "figures of groups",
  );
});

test("groups by more keys than a kernel reads", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table, { chunkRows: 192 });
    const keys = [...names.slice(0, 20), ...texts];
    const found = await t
      .groupBy(keys)
      .agg({ n: count(), all: sum("c21"), ends: first("c22"), kinds: nunique("c23") })
      .toArrow();
    const plain = await tableOnHost(table)
      .groupBy(keys)
      .agg({ n: count(), all: sum("c21") })
      .toArrow();
    assert.deepEqual(
      rowsOf(found.select([...keys, "n", "all"])),
      rowsOf(plain),
      "keys, counts and sums",
    );
    const [row] = found.select(["ends", "kinds"]).toArray();
    assert.ok(row);
    assert.equal(await t.distinct(keys).count(), found.numRows);
  });
});

test("an expression that is used twice is computed once; thousands of levels are no limit", async () => {
  let doubled: Expr = col("c1");
  for (let i = 0; i < 26; i++) doubled = doubled.add(doubled);
  let deep: Expr = whole("c1");
  for (let i = 0; i < 2500; i++) deep = deep.add(i % 2);
  assert.ok(String(deep).length < 5000);
  await sameOnBoth((t) => t.select({ doubled, deep }), "both");
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    let query: GpuTable = t.select("c1");
    for (let i = 0; i < 300; i++) query = query.withColumns({ c1: col("c1").add(1) });
    const found = (await query.toArrow()).getChild("c1")!;
    assert.deepEqual(
      [...found].slice(0, 20),
      Array.from({ length: 20 }, (_, row) => {
        const value = cell(row, 1);
        return value === null ? null : value + 300;
      }),
    );
    assert.match(query.explain(), /c1/);
  });
});
