// Texts in queries: groups by computed texts, order as in Python, long lists, errors.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import {
  coalesce,
  col,
  count,
  lit,
  sum,
  tableToGpu,
  when,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const names = ["Zoë", "zoë", null, "Ann", "ann", "ANN", "", "Bo"];
const table = new arrow.Table({
  name: arrow.vectorFromArray(names, new arrow.Utf8()),
  large: arrow.vectorFromArray(names, new arrow.LargeUtf8()),
  code: arrow.vectorFromArray(names, new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8())),
  n: arrow.vectorFromArray([1, 2, 3, 4, 5, 6, 7, 8], new arrow.Int32()),
});
const upload = () => tableToGpu(gpu, table, { chunkRows: 3 });
const values = (found: arrow.Table, name: string) => [...found.getChild(name)!];

test("rows are grouped by computed texts, of columns and of codes", async () => {
  await scoped(async () => {
    using t = await upload();
    for (const column of ["name", "large", "code"]) {
      const found = await t
        .filter(col("n").lt(8))
        .groupBy({ who: col(column).lower(), even: col("n").mod(2).eq(0) })
        .agg({ n: count(), total: sum("n") })
        .toArrow();
      assert.deepEqual(values(found, "who"), ["", "ann", "ann", "zoë", "zoë", null], column);
      assert.deepEqual(values(found, "total"), [7n, 5n, 10n, 1n, 2n, 3n]);
    }
  });
});

test("types of computed texts; constants of text", async () => {
  await scoped(async () => {
    using t = await upload();
    const made = t.select({
      a: col("large").slice(1, 2),
      b: col("code").concat("!"),
      c: lit("x"),
      d: coalesce(col("name"), "nobody"),
      e: when(col("name").isNull())
        .then("none")
        .when(col("n").gt(5))
        .then(col("code"))
        .otherwise("-"),
    });
    assert.deepEqual(made.types, { a: "large_utf8", b: "utf8", c: "utf8", d: "utf8", e: "utf8" });
    const found = await made.toArrow();
    assert.deepEqual(values(found, "a"), ["oë", "oë", null, "nn", "nn", "NN", "", "o"]);
    assert.deepEqual(values(found, "b")[0], "Zoë!");
    assert.deepEqual(
      values(found, "c"),
      names.map(() => "x"),
    );
    assert.deepEqual(values(found, "d")[2], "nobody");
    assert.deepEqual(values(found, "e"), ["-", "-", "none", "-", "-", "ANN", "", "Bo"]);
  });
});

test("lists of thousands are searched, and compile at once", async () => {
  await scoped(async () => {
    using t = await upload();
    const many = Array.from({ length: 5000 }, (_, i) => `no ${i}`);
    for (const column of ["name", "code"]) {
      const found = await t.filter(col(column).isIn([...many, "Ann", "zoë"])).toArrow();
      assert.deepEqual(values(found, "n"), [2, 4]);
    }
    const numbers = Array.from({ length: 5000 }, (_, i) => 3 * i);
    assert.deepEqual(values(await t.filter(col("n").isIn(numbers)).toArrow(), "n"), [3, 6]);
    const floats = t.select({ x: col("n").cast("float64").div(col("n").cast("float64").sub(1)) });
    const list = [...numbers, Number.NaN, Number.POSITIVE_INFINITY, -0];
    assert.deepEqual(values(await floats.filter(col("x").isIn(list)).toArrow(), "x"), [
      Number.POSITIVE_INFINITY,
    ]);
    const { pipelines } = gpu.counts;
    assert.deepEqual(
      values(await t.filter(col("n").isIn([...numbers, 1])).toArrow(), "n"),
      [1, 3, 6],
    );
    assert.equal(gpu.counts.pipelines, pipelines);
  });
});

test("wrong texts and choices say what was wanted", async () => {
  await scoped(async () => {
    using t = await upload();
    const error = (run: () => unknown, message: RegExp) => assert.throws(run, message);
    error(() => t.select(col("n").upper()), /column "n" is int32; wanted text/);
    error(() => t.filter(col("name").gt(col("n"))), /"n" is int32|"name" is utf8/);
    error(() => t.filter(col("name").contains(5)), /found int32; wanted text/);
    error(() => col("name").slice(0.5), /wanted a whole number from -2147483648 .*found 0.5/);
    error(() => t.select(when(col("n")).then(1).otherwise(2)), /column "n" is int32; wanted bool/);
    error(
      () => t.select(when(col("n").gt(1)).then(col("n")).otherwise("x")),
      /wanted a whole number|wanted a constant of type int32, found "x"/,
    );
  });
  await assert.rejects(
    Promise.resolve(when(col("n").gt(1))),
    /when\(…\) before its value, found await/,
  );
});

test("a text that would not fit a binding is an error before anything is made", async () => {
  const small = new Proxy(gpu, {
    get(target, name) {
      if (name === "maxBinding") return 4096;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await scoped(async () => {
    using t = await tableToGpu(
      small,
      new arrow.Table({ s: arrow.vectorFromArray(["x".repeat(2000)]) }),
    );
    await assert.rejects(t.select({ y: col("s").concat(col("s")).concat(col("s")) }).toArrow(), {
      code: "TEXT_TOO_LONG",
    });
  });
});
