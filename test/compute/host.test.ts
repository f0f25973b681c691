// The second code generator: the same queries on the GPU and on the host, with equal results; tables that stay
// on the host; which is chosen.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { CenoteError } from "../../kernel/src/base/index.ts";
import {
  any,
  col,
  count,
  cumSum,
  type Expr,
  engine,
  first,
  type GpuTable,
  lag,
  last,
  max,
  mean,
  median,
  min,
  nunique,
  sum,
  tableOnHost,
  tableToGpu,
  variance,
  when,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import {
  NUMBERS,
  numberExpr,
  randomTable,
  testExpr,
  textExpr,
  textTestExpr,
  VALUES,
} from "./random.ts";

/** Rows as text, in which every value shows what it is: −0, bigints, words. */
function shown(table: arrow.Table): string[] {
  return table.schema.fields.map(({ name, type }, i) => {
    const column = table.getChildAt(i)!;
    const values = Array.from({ length: table.numRows }, (_, row) => {
      const value: unknown = column.get(row);
      return Object.is(value, -0) ? "-0" : typeof value === "bigint" ? `${value}n` : String(value);
    });
    return `${name} ${type}: ${values.join("|")}`;
  });
}

async function same(query: (t: GpuTable) => GpuTable, pooled: GpuTable, hosted: GpuTable) {
  const wanted = shown(await query(pooled).toArrow({ on: "gpu" }));
  assert.deepEqual(shown(await query(hosted).toArrow()), wanted);
  assert.deepEqual(shown(await query(pooled).toArrow({ on: "host" })), wanted);
}

const TEXTS = ["text", "codes", "bool", "int8"];

async function sameOfAll(names: string[], exprs: fc.Arbitrary<Expr>, runs: number, filter = false) {
  let computed = 0;
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(names, 60),
        fc.array(exprs, { minLength: 3, maxLength: 3 }),
        async ({ table, chunkRows }, all) => {
          using pooled = await tableToGpu(gpu, table, { chunkRows });
          const hosted = tableOnHost(table);
          for (const expr of all) {
            const query = (t: GpuTable) => (filter ? t.filter(expr) : t.select({ x: expr }));
            try {
              query(hosted);
            } catch (error) {
              assert.ok(error instanceof CenoteError, String(error));
              continue;
            }
            await same(query, pooled, hosted);
            computed++;
          }
        },
      ),
      { numRuns: runs },
    ),
  );
  assert.ok(computed > 2, `only ${computed} expressions were well typed`);
}

test("numbers are the same on both", () =>
  sameOfAll([...NUMBERS, "bool", "text", "codes"], numberExpr(2), 3));
test("filters are the same on both, of columns of every type", () =>
  sameOfAll(
    Object.keys(VALUES).filter((name) => name !== "seconds"),
    testExpr(1),
    5,
    true,
  ));
test("texts are the same on both", () => sameOfAll(TEXTS, textExpr(1), 3));
test("tests of texts are the same on both", () => sameOfAll(TEXTS, textTestExpr(1), 3));

test("casts between all numbers, halves and moments are the same on both", async () => {
  const from = [...NUMBERS, "float16", "bool"];
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable([...from, "when", "date32"], 80).filter(({ rows }) => rows > 20),
        async ({ table }) => {
          using pooled = await tableToGpu(gpu, table);
          const hosted = tableOnHost(table);
          for (const to of ["int8", "uint64", "float16", "float32"]) {
            const casts = Object.fromEntries(from.map((name) => [name, col(name).cast(to)]));
            for (const [name, cast] of Object.entries(casts))
              await same((t) => t.select({ [name]: cast }), pooled, hosted);
          }
          await same(
            (t) =>
              t.select({
                h: col("when").hour(),
                d: col("when").cast("date32"),
                y: col("date32").year(),
              }),
            pooled,
            hosted,
          );
        },
      ),
      { numRuns: 1 },
    ),
  );
});

test("groups and figures are the same on both", async () => {
  const figures = {
    n: count(),
    m: count("float64"),
    a: sum("int32"),
    b: sum("float64"),
    c: sum("float32"),
    d: min("float64"),
    e: max("float32"),
    f: min("uint64"),
    g: max("int16"),
    h: mean("float32"),
    i: mean("uint8"),
    j: any("bool"),
    k: min("date32"),
  };
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable([...NUMBERS, "bool", "codes", "text", "date32"], 90),
        fc.constantFrom<string[]>(
          [],
          ["codes"],
          ["text"],
          ["float32"],
          ["bool", "int8"],
          ["int64", "codes", "float64"],
        ),
        async ({ table, chunkRows }, keys) => {
          using pooled = await tableToGpu(gpu, table, { chunkRows });
          const query = (t: GpuTable) => {
            const some = t.filter(col("int8").gt(-100));
            return keys.length > 0 ? some.groupBy(keys).agg(figures) : some.agg(figures);
          };
          await same(query, pooled, tableOnHost(table));
        },
      ),
      { numRuns: 4 },
    ),
  );
});

const small = new arrow.Table({
  a: arrow.vectorFromArray([3, 1, null, 2], new arrow.Int32()),
  s: arrow.vectorFromArray(["x", "y", "x", null], new arrow.Utf8()),
});

test("a table on the host: whatever is asked of it touches no GPU", async () => {
  const { live } = gpu.pool.stats();
  const before = { ...gpu.counts };
  const t = tableOnHost(small);
  const chain = t
    .withColumns({ b: col("a").mul(2) })
    .filter(col("b").ge(2))
    .head(3)
    .filter(col("b").ne(4))
    .groupBy("s")
    .agg({ total: sum("b") })
    .withColumns({ who: when(col("s").isNull()).then("none").otherwise(col("s")).upper() });
  assert.deepEqual(shown(await chain.toArrow()), [
    "s Utf8: x|y",
    "total Int64: 6n|2n",
    "who Utf8: X|Y",
  ]);
  assert.equal(await t.filter(col("a").gt(1)).count(), 2);
  assert.match(
    chain.explain(),
    /aggregate by s: on the host \(the rows are there\), 0 B of the pool/,
  );
  const sorted = await t.sort("a").toArrow();
  assert.deepEqual([...sorted.getChild("a")!], [1, 2, 3, null]);
  const ends = t.groupBy("s").agg({ from: first("a"), to: last("a") });
  assert.deepEqual(shown(await ends.toArrow()), [
    "s Utf8: x|y|null",
    "from Int32: 3|1|2",
    "to Int32: null|1|2",
  ]);
  const both = t
    .concat(t.join(t, { on: "s", how: "left" }).select("a", "s"))
    .withWindows({ before: lag("a"), running: cumSum("a") }, { partitionBy: "s", orderBy: "a" })
    .distinct("s", "running")
    .tail(4);
  assert.match(both.explain(), /join on s: on the host[\s\S]*windows before, running: on the host/);
  assert.equal((await both.toArrow()).numRows, 4);
  const [row] = (
    await t.agg({ m: median("a"), v: variance("a"), u: nunique("s") }).toArrow()
  ).toArray();
  assert.deepEqual({ ...row!.toJSON() }, { m: 2, v: 1, u: 2 });
  assert.equal((await t.describe().toArrow()).numRows, 2);
  assert.deepEqual([...(await t.histogram("a", { bins: 2 }).toArrow()).getChild("count")!], [1, 2]);
  assert.equal(gpu.counts.dispatches, before.dispatches);
  assert.equal(gpu.counts.uploads, before.uploads);
  assert.equal(gpu.pool.stats().live, live);
});

test("where a query runs is chosen by its rows, or said; the reason is told", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, small);
    const query = t.filter(col("a").gt(1));
    engine.preferred = "auto";
    try {
      assert.match(query.explain(), /on the host: about 0.8 ms for 4 rows on the host, 18 ms/);
      assert.match(query.explain({ on: "gpu" }), /on the GPU: as was asked for/);
      const { dispatches } = gpu.counts;
      assert.equal((await query.toArrow()).numRows, 2);
      assert.equal(gpu.counts.dispatches, dispatches);
      const many = new arrow.Table({ a: arrow.makeVector(new Int32Array(200_000)) });
      using large = await tableToGpu(gpu, many);
      const tested = large.filter(col("a").gt(1));
      assert.match(tested.explain(), /on the host: .* 200000 rows .*, with 15 ms for kernels/);
      assert.equal((await tested.toArrow({ on: "gpu" })).numRows, 0);
      assert.match(tested.explain(), /on the GPU: .* its kernels being made/);
      // What the host takes longer, run after run, is worth kernels.
      const groups = () => large.groupBy("a").agg({ n: count() });
      const places = [];
      for (let run = 0; run < 100 && places.at(-1) !== "GPU"; run++) {
        places.push(/on the (GPU|host)/.exec(groups().explain())![1]);
        assert.equal((await groups().toArrow()).getChild("n")!.get(0), 200_000);
      }
      assert.equal(places[0], "host");
      assert.equal(places.at(-1), "GPU");
      const found = groups();
      await found.toArrow();
      assert.match(found.filter(col("n").gt(1)).explain(), /on the host: the rows are there/);
    } finally {
      engine.preferred = "gpu";
    }
    const texts = t.select({ y: col("s").concat("!").upper(), z: col("s") });
    assert.match(
      texts.explain(),
      /column y utf8: text sizes, scan, text .*\n.*at most.*\nat peak: \d+ B at most/,
    );
    assert.match(
      t.agg({ total: sum("a") }).explain({ on: "gpu" }),
      /at peak: \d+ B, and the groups' words/,
    );
    const half = await t.agg({ m: median("a") }).toArrow({ on: "host" });
    assert.equal(half.getChild("m")!.get(0), 2);
    await assert.rejects(query.toArrow({ on: "cpu" as "host" }), { code: "NOT_AN_ENGINE" });
  });
});
