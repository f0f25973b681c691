// Cells are not type-checked: what is not a table, an expression or a figure must be said, not guessed.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { CenoteError, lineWord, runInCell } from "../../kernel/src/base/index.ts";
import * as compute from "../../kernel/src/compute/index.ts";
import { col, count, sum, tableOnHost, tableToGpu } from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const table = new arrow.Table({
  a: arrow.vectorFromArray([1, 2, 3], new arrow.Int32()),
  s: arrow.vectorFromArray(["x", "y", null], new arrow.Utf8()),
});
// biome-ignore lint/suspicious/noExplicitAny: what a cell may pass
const given = (value: unknown) => value as any;

test("what is no Arrow table is refused with what is accepted", async () => {
  const values = [
    undefined,
    null,
    5,
    "t",
    [1],
    { a: [1] },
    Promise.resolve(table),
    table.getChild("a"),
  ];
  for (const value of values) {
    await assert.rejects(tableToGpu(gpu, given(value)), {
      code: "NOT_ARROW",
      message: /wanted an Arrow table, found [\w ]+\n.*Accepted/,
    });
  }
  await assert.rejects(tableToGpu(gpu, table, { chunkRows: given("2") }), { code: "BAD_COUNT" });
});

test("a column or a function for a figure does not pass as a count of rows", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    for (const value of [col("a"), count, "sum", undefined, given(sum)(), given(sum)(5)]) {
      assert.throws(() => t.agg({ x: given(value) }), {
        code: "NOT_A_FIGURE",
        message: /agg\(\{ x: … \}\): wanted a figure such as sum/,
      });
    }
    for (const value of [undefined, null, col("a"), [count()]])
      assert.throws(() => t.groupBy("s").agg(given(value)), { code: "NOT_NAMED" });
  });
});

test("what is no expression is refused where one is wanted", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    const code = "NOT_AN_EXPRESSION";
    for (const value of [undefined, true, "a", (row: { a: number }) => row.a > 1, count()]) {
      assert.throws(() => t.filter(given(value)), { code });
      if (typeof value !== "string") assert.throws(() => t.select({ x: given(value) }), { code });
    }
    for (const value of [undefined, null, 5, t, new Map()])
      assert.throws(() => t.select(given(value)), { code: "NOT_NAMED" });
    for (const value of ["LAX", undefined, 5])
      assert.throws(() => col("s").isIn(given(value)), { code: "NOT_A_LIST" });
    assert.throws(() => t.select(col("a").cast(given("toString"))), { code: "WRONG_TYPE" });
    assert.throws(() => t.filter(col("a").gt(new Date(Number.NaN))), { code: "LITERAL_TYPE" });
  });
});

test("what is named wrongly is told with its place and the nearest name", () => {
  const t = tableOnHost(table).select({ delay: "a", origin: "s" });
  const wrong: [() => unknown, RegExp, RegExp][] = [
    [() => t.filter(col("dealy").gt(1)), /^filter\(dealy.gt\(1\)\): there is no/, /"delay"\? The/],
    [() => t.agg({ x: sum("Origin") }), /^sum\(Origin\): there is no/, /mean "origin"/],
    [() => t.sort("xyz"), /^sort\(xyz\): there is no column "xyz"/, /^The columns are: delay, o/],
    [() => t.withWindows({ x: compute.lag("dely") }), /^withWindows\(\{ x: … \}\)/, /"delay"/],
    [() => t.join(t, { on: "deley" }), /^join on deley = deley, left table/, /"delay"/],
    [() => t.histogram("dellay"), /^histogram\(dellay\)/, /"delay"/],
    [() => t.select("orgin"), /^there is no column "orgin"/, /"origin"/],
    [() => t.select(col("delay").cast("flaot32")), /no type "flaot32"/, /"float32"/],
  ];
  for (const [call, message, mend] of wrong) assert.throws(call, { message, mend });
  assert.deepEqual(t.select({ x: col("delay").astype("f32") }).types, { x: "float32" });
  assert.equal(String(col("l").at(0).isIn([1, 2])), "l.at(0).isIn([1, 2])");
});

test("a disposed table is told with the cell that made it", async () => {
  await scoped(async () => {
    const t = await runInCell(7, () => {
      lineWord[0] = 2;
      return tableToGpu(gpu, table);
    });
    const query = t.filter(col("a").gt(1));
    t.dispose();
    const message = /^column "a" \(cell \[7\] line 2\) was disposed: /;
    for (const one of [t, query, tableOnHost(table).join(query, { on: "a" })])
      await assert.rejects(one.toArrow(), { code: "DISPOSED", message });
    const made: compute.GpuTable[] = [];
    await gpu.pool.scope(async () => {
      made.push(await tableToGpu(gpu, table));
    });
    await assert.rejects(made[0]!.filter(col("a").gt(1)).toArrow(), {
      message: /^column "a" was disposed with its scope/,
    });
  });
});

test("names may be given as a list; a column may be called as a field of ours", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    assert.deepEqual(t.select(["s", "a"]).columns, ["s", "a"]);
    assert.deepEqual(t.drop(["s"]).columns, ["a"]);
    assert.deepEqual(t.groupBy(["a", "s"]).agg({ n: count() }).columns, ["a", "s", "n"]);
    const named = t.select({ node: "a", fn: col("a") });
    assert.deepEqual(named.columns, ["node", "fn"]);
  });
});

test("whatever is given to a method, its error is told in words, with a code", async () => {
  const t = tableOnHost(table);
  const wrong: unknown[] = [undefined, null, 5, Number.NaN, "zz", true, {}, [5], () => 1];
  wrong.push(Symbol("s"), new Date(Number.NaN), 10n, col("a"), sum("a"), t, Object.create(null));
  const { prototype } = compute.GpuTable;
  const methods = Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
  const figures = ["sum", "quantile", "std", "lag", "rollingSum", "cumMin", "first"] as const;
  type Loose = Record<string, (...args: unknown[]) => unknown>;
  const [methodsOf, made, column] = [t, compute, col("a")] as unknown as [Loose, Loose, Loose];
  const calls: (() => unknown)[] = wrong.flatMap((x) => [
    ...methods.flatMap((name) => [
      () => methodsOf[name]!(x),
      () => methodsOf[name]!("a", x),
      () => methodsOf[name]!({ x }),
    ]),
    ...["bins", "range"].map((name) => () => t.histogram("a", { [name]: x })),
    ...["on", "how", "suffix"].map((name) => () => t.join(t, { on: "a", [name]: x })),
    ...["n", "fraction", "seed"].map((name) => () => t.sample({ [name]: x })),
    ...["index", "on", "values"].map(
      (name) => () => t.pivot({ index: "a", on: "a", values: sum("a"), [name]: x }),
    ),
    ...["partitionBy", "orderBy"].map(
      (name) => () => t.withWindows({ r: compute.rank() }, { [name]: x }),
    ),
    ...figures.flatMap((name) => [
      () => t.agg({ q: made[name]!(x) as never }),
      () => t.withWindows({ q: made[name]!("a", x) as never }),
      () => t.withWindows({ q: made[name]!("a", 2, x) as never }),
    ]),
    ...Object.getOwnPropertyNames(compute.Expr.prototype)
      .filter((name) => name !== "constructor")
      .flatMap((name) => () => t.select({ q: column[name]!(x) as compute.Expr })),
    ...["col", "lit", "coalesce", "when", "desc", "fromRecords"].map(
      (name) => () => made[name]!(x),
    ),
    () => t.toArrow(x as never),
    () => t.filter(col("a").isIn([x as never])),
  ]);
  let refused = 0;
  for (const call of calls) {
    try {
      const found = await call();
      if (found instanceof compute.GpuTable) found.explain();
    } catch (error) {
      assert.ok(error instanceof CenoteError, `${call}: ${(error as Error).stack}`);
      assert.ok(error.code && error.message, String(error));
      refused++;
    }
  }
  assert.ok(refused > calls.length / 2);
});
