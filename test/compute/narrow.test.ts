// What is kept about columns to read less of them: 64-bit integers that fit 32, and codes of texts that rows are
// grouped by again. Answers are those of the host, which knows of neither.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import {
  col,
  count,
  first,
  type GpuTable,
  last,
  max,
  mean,
  min,
  sum,
  tableOnHost,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";

const ROWS = 700;
const ends = [2n ** 31n - 1n, -(2n ** 31n), 0n, -1n];
const table = (beyond: bigint) =>
  new arrow.Table({
    signed: arrow.vectorFromArray(
      Array.from({ length: ROWS }, (_, i) =>
        i % 9 === 0 ? null : i === 5 ? ends[0]! + beyond : ends[i % 4]!,
      ),
      new arrow.Int64(),
    ),
    unsigned: arrow.makeVector(
      BigUint64Array.from({ length: ROWS }, (_, i) =>
        i === 7 ? 2n ** 32n - 1n + beyond : BigInt(i),
      ),
    ),
    text: arrow.vectorFromArray(
      Array.from(
        { length: ROWS },
        (_, i) => ["b", null, "", "é and more than four", "a"][(i * i) % 5],
      ),
      new arrow.Utf8(),
    ),
    more: arrow.vectorFromArray(
      Array.from({ length: ROWS }, (_, i) => `group ${i % 7}`),
      new arrow.LargeUtf8(),
    ),
  });
const rowsOf = (found: arrow.Table) =>
  found.toArray().map((row) => Object.values(row!.toJSON()).map(String));

const figures = {
  n: count("signed"),
  a: sum("signed"),
  b: min("signed"),
  c: max("signed"),
  d: mean("signed"),
  e: sum("unsigned"),
  f: max("unsigned"),
  g: min("unsigned"),
};

test("integers of 64 bits that fit 32, and those that do not by one", async () => {
  for (const beyond of [0n, 1n]) {
    const given = table(beyond);
    await scoped(async () => {
      using pooled = await tableToGpu(gpu, given, { chunkRows: 256 });
      const queries: ((t: GpuTable) => GpuTable)[] = [
        (t) => t.agg(figures),
        (t) => t.filter(col("signed").ge(0)).groupBy("more").agg(figures),
        (t) => t.groupBy("signed").agg({ n: count(), u: sum(col("unsigned").add(1n)) }),
        (t) => t.select({ x: col("signed").mul(3n), y: col("unsigned").sub(9n) }).tail(300),
      ];
      for (const query of queries) {
        const found = rowsOf(await query(pooled).toArrow({ on: "gpu" }));
        assert.deepEqual(found, rowsOf(await query(tableOnHost(given)).toArrow()));
      }
      const both = pooled.concat(pooled.filter(col("unsigned").lt(5n)));
      assert.equal(
        (await both.agg({ s: max("unsigned") }).toArrow()).get(0)!["s"],
        2n ** 32n - 1n + beyond,
      );
    });
  }
});

test("a text column that is grouped by again has codes, which go with its table", async () => {
  const given = table(0n);
  await scoped(async () => {
    const pooled = await tableToGpu(gpu, given, { chunkRows: 256 });
    const { live } = gpu.pool.stats();
    for (const keys of [["text"], ["text", "more"]]) {
      const query = (t: GpuTable) =>
        t
          .filter(col("unsigned").ge(3n))
          .groupBy(keys)
          .agg({ ...figures, from: first("unsigned") });
      const wanted = rowsOf(await query(tableOnHost(given)).toArrow());
      const hashed = query(pooled).explain({ on: "gpu" });
      assert.match(hashed, /reads [^(]*\btext\b.* slots by hash/s);
      for (let run = 0; run < 3; run++)
        assert.deepEqual(rowsOf(await query(pooled).toArrow({ on: "gpu" })), wanted, `run ${run}`);
      assert.match(
        query(pooled).explain({ on: "gpu" }),
        /reads [^(]*codes of text.* slots by direct/s,
      );
    }
    const codes = gpu.pool.stats().live - live;
    assert.ok(codes >= 2 * 4 * ROWS && codes < 4 * 4 * ROWS, `${codes} B of codes`);
    pooled.dispose();
    assert.ok(gpu.pool.stats().live <= live - given.numRows * 8, "they went with the table");
  });
});

test("codes are made once for queries at the same time, and not of texts that mostly differ", async () => {
  const rows = 20_000;
  const given = new arrow.Table({
    many: arrow.vectorFromArray(
      Array.from({ length: rows }, (_, i) => `text ${i}`),
      new arrow.Utf8(),
    ),
    few: arrow.vectorFromArray(
      Array.from({ length: rows }, (_, i) => `text ${i % 3}`),
      new arrow.Utf8(),
    ),
    i: arrow.makeVector(Int32Array.from({ length: rows }, (_, i) => i)),
  });
  await scoped(async () => {
    using pooled = await tableToGpu(gpu, given);
    const { live } = gpu.pool.stats();
    for (const key of ["many", "few"]) {
      const run = () =>
        pooled.filter(col("i").lt(5)).groupBy(key).agg({ n: count() }).toArrow({ on: "gpu" });
      const wanted = rowsOf(await run());
      for (const found of await Promise.all([run(), run(), run()]))
        assert.deepEqual(rowsOf(found), wanted);
      const codes = gpu.pool.stats().live - live;
      if (key === "many") assert.equal(codes, 0);
      else assert.ok(codes >= 4 * rows && codes < 8 * rows, `${codes} B of codes`);
    }
  });
});

test("integers and floats by their bounds: keys, sums of one word and of few, extremes of all rows", async () => {
  const some = <T>(at: (i: number) => T): T[] => Array.from({ length: ROWS }, (_, i) => at(i));
  const real = (at: (i: number) => number | null) =>
    arrow.vectorFromArray(some(at), new arrow.Float64());
  const given = new arrow.Table({
    key: arrow.vectorFromArray(
      some((i) => (i % 11 === 0 ? null : ((i * 7) % 26) - 5)),
      new arrow.Int32(),
    ),
    far: arrow.makeVector(BigInt64Array.from(some((i) => 2n ** 52n + BigInt((i * i) % 9)))),
    beyond: arrow.makeVector(BigUint64Array.from(some((i) => 2n ** 64n - BigInt(1 + (i % 3))))),
    day: arrow.vectorFromArray(
      some((i) => new Date(86_400_000 * ((i % 5) - 2))),
      new arrow.DateDay(),
    ),
    even: arrow.vectorFromArray(some((i) => i % 2 === 0)),
    small: arrow.makeVector(Int16Array.from(some((i) => (i % 3 === 0 ? -32_768 : i)))),
    near: real((i) => (i % 6 === 0 ? null : i % 5 === 0 ? -0 : (i - 350.1) * 1.000001 ** i)),
    tiny: real((i) => (i % 2 ? 5e-324 : -1.5) * (i % 13)),
    wide: real((i) => (i % 3 ? 1e300 : -1e-300) * (i + 1)),
    odd: real((i) => (i === 400 ? Number.NaN : 2 ** (i % 40))),
    single: arrow.makeVector(Float32Array.from(some((i) => (i - 100.5) / 3))),
    zeros: real(() => 0),
  });
  const sums = Object.fromEntries(
    ["near", "tiny", "wide", "odd", "single", "zeros", "small"].flatMap((name) => [
      [`${name} sum`, sum(name)],
      [`${name} mean`, mean(name)],
    ]),
  );
  const ends = {
    f: first("near"),
    a: min("far"),
    b: max("beyond"),
    c: min("day"),
    d: max("small"),
  };
  await scoped(async () => {
    using pooled = await tableToGpu(gpu, given, { chunkRows: 256 });
    const queries: ((t: GpuTable) => GpuTable)[] = [
      (t) => t.agg({ n: count(), m: count("far"), ...ends, k: max("key") }),
      (t) => t.groupBy("key").agg({ ...ends, s: sum("small") }),
      (t) => t.groupBy("key", "even").agg(sums),
      (t) =>
        t
          .filter(col("small").gt(5))
          .groupBy("day", "far")
          .agg({ n: sum("near"), l: last("small") }),
      (t) => t.groupBy("beyond", "small").agg({ n: count() }),
      (t) => t.filter(col("near").gt(1e9)).groupBy("key").agg({ n: count() }),
      (t) => t.agg(sums),
      (t) =>
        t
          .concat(t.filter(col("key").eq(3)))
          .groupBy("key")
          .agg({ s: sum("wide"), n: sum("near") }),
    ];
    for (const query of queries) {
      const found = rowsOf(await query(pooled).toArrow({ on: "gpu" }));
      assert.deepEqual(found, rowsOf(await query(tableOnHost(given)).toArrow()));
    }
    const { dispatches } = gpu.counts;
    await pooled.agg({ n: count(), least: min("far") }).toArrow({ on: "gpu" });
    assert.equal(gpu.counts.dispatches, dispatches, "both were noted by the upload");
    const told = (query: GpuTable) => query.explain({ on: "gpu" });
    const [n, a] = [count(), min("far")];
    assert.match(
      told(pooled.agg({ n, a })),
      /noted by the upload, without a kernel: n, a\nadapter/,
    );
    assert.match(told(pooled.agg({ a, s: sum("small") })), /kernel: a\naggregate of all rows: 1 f/);
    assert.match(told(pooled.filter(col("far").gt(5n)).agg({ n, a })), /reads far/);
    const tables = (name: string) => {
      const query = pooled.groupBy("even").agg({ s: sum(name) });
      const [, number, unit] = told(query).match(/allocates ([\d.]+) (\w*)B/)!;
      return Number(number) * 1024 ** ["", "Ki", "Mi"].indexOf(unit!);
    };
    assert.ok(tables("zeros") * 10 < tables("odd"), "sums of few words are told as such");
  });
});
