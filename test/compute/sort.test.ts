// Sorting, taking and joining rows up, against Polars row by row.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import {
  col,
  desc,
  type GpuTable,
  tableOnHost,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { assertSameRows, openPeer } from "./peer.ts";
import { randomTable, VALUES } from "./random.ts";

const peer = openPeer();
after(() => peer.close());

const NAMES = Object.keys(VALUES);
const direction = fc.record({ descending: fc.boolean(), nullsFirst: fc.boolean() });
const keys = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 });

test("sorts by keys of every type, stable, over chunks", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(NAMES, 150),
        keys,
        fc.array(direction, { minLength: 3, maxLength: 3 }),
        async ({ table, values, chunkRows }, by, directions) => {
          const wanted = await peer.ask("sort", [values], {
            by,
            descending: by.map((_, i) => directions[i]!.descending),
            nulls_last: by.map((_, i) => !directions[i]!.nullsFirst),
          });
          using whole = await tableToGpu(gpu, table);
          using cut = await tableToGpu(gpu, table, { chunkRows });
          for (const t of [whole, cut, tableOnHost(table)]) {
            const sorted = t.sort(
              by.map((name, i) => ({
                by: name,
                descending: directions[i]!.descending,
                nulls: directions[i]!.nullsFirst ? ("first" as const) : ("last" as const),
              })),
            );
            assertSameRows(await sorted.toArrow(), wanted, `sort by ${by}`);
          }
        },
      ),
      { numRuns: 12 },
    ),
  );
});

test("codes of numbers sort by these, NaN above all", async () => {
  const entries = [1.5, Number.NaN, -0.5, Number.POSITIVE_INFINITY];
  const codes = new arrow.Dictionary(new arrow.Float64(), new arrow.Int32());
  const column = arrow.vectorFromArray(
    [0, 1, null, 2, 3, 1, 0].map((i) => (i === null ? null : entries[i]!)),
    codes,
  );
  const given = new arrow.Table({ column });
  await scoped(async () => {
    using pooled = await tableToGpu(gpu, given);
    for (const t of [pooled, tableOnHost(given)]) {
      const sorted = await t.sort("column").toArrow();
      const wanted = [-0.5, 1.5, 1.5, Number.POSITIVE_INFINITY, Number.NaN, Number.NaN, null];
      assert.deepEqual([...sorted.getChild("column")!], wanted);
    }
  });
});

test("codes of decimals sort by their numbers", async () => {
  const type = new arrow.Dictionary(new arrow.Decimal(2, 20, 128), new arrow.Int8());
  const numbers = [900n, -5n, 10n, null, 1000n, -40n, 9n];
  const words = (x: bigint | null) =>
    x === null
      ? null
      : Uint32Array.from([0n, 32n, 64n, 96n], (by) => Number((x >> by) & 0xffffffffn));
  const codes = arrow.vectorFromArray(numbers.map(words), type);
  const place = arrow.makeVector(Int32Array.from(numbers.keys()));
  const table = new arrow.Table({ codes, place });
  await scoped(async () => {
    using uploaded = await tableToGpu(gpu, table);
    for (const t of [uploaded, tableOnHost(table)]) {
      const found = await t.sort("codes").toArrow();
      assert.deepEqual([...found.getChild("place")!], [5, 1, 6, 2, 0, 4, 3]);
    }
  });
});

test("distinct keeps the first row of each key, in the order of rows", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(["int8", "float32", "codes", "text", "bool"], 150),
        fc.uniqueArray(fc.constantFrom("int8", "float32", "codes", "text", "bool"), {
          minLength: 1,
          maxLength: 3,
        }),
        async ({ table, values, chunkRows }, by) => {
          const wanted = await peer.ask("distinct", [values], { by });
          using t = await tableToGpu(gpu, table, { chunkRows });
          for (const one of [t, tableOnHost(table)])
            assertSameRows(await one.distinct(by).toArrow(), wanted, `distinct by ${by}`);
        },
      ),
      { numRuns: 8 },
    ),
  );
});

const rowsOf = async (table: GpuTable) => [...(await table.toArrow()).getChild("int32")!];
const counted = new arrow.Table({
  int32: arrow.makeVector(Int32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1000)),
  text: arrow.vectorFromArray(
    Array.from({ length: 1000 }, (_, i) => (i % 9 ? `row ${i} of a thousand` : null)),
    new arrow.Utf8(),
  ),
});
const plain = [...counted.getChild("int32")!] as number[];

test("slices, tails and taken rows are those of an array", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, counted, { chunkRows: 170 });
    for (const [from, to] of [
      [0, 0],
      [0, 1000],
      [160, 700],
      [-20, undefined],
      [-20, -10],
      [900, 2000],
      [5, 2],
    ] as const)
      assert.deepEqual(await rowsOf(t.slice(from, to)), plain.slice(from, to));
    assert.deepEqual(await rowsOf(t.tail(3)), plain.slice(-3));
    assert.deepEqual(await rowsOf(t.tail(0)), []);
    const rows = [999, 0, 0, 511, 3];
    const taken = await t.take(rows).toArrow();
    assert.deepEqual(
      [...taken.getChild("text")!],
      rows.map((row) => counted.getChild("text")!.get(row)),
    );
    await assert.rejects(t.take([1, 1000]).toArrow(), {
      code: "BAD_ROW",
      message: /from 0 to 999, found 1000 at 1/,
    });
    assert.throws(() => t.slice(0.5), { code: "BAD_COUNT" });
  });
});

test("a sample has no row twice, keeps their order, and depends on its seed alone", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, counted);
    using other = await tableToGpu(gpu, counted, { chunkRows: 33 });
    const sample = await rowsOf(t.sample({ n: 100, seed: 5 }));
    assert.equal(new Set(sample).size, 100);
    const places = sample.map((value) => plain.indexOf(value as number));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
    assert.deepEqual(await rowsOf(other.sample({ n: 100, seed: 5 })), sample);
    assert.notDeepEqual(await rowsOf(t.sample({ n: 100, seed: 6 })), sample);
    assert.equal((await rowsOf(t.sample({ fraction: 0.25 }))).length, 250);
    assert.equal((await rowsOf(t.sample({ n: 5000 }))).length, 1000);
    assert.throws(() => t.sample({}), { code: "BAD_SAMPLE" });
    assert.throws(() => t.sample({ n: 1, fraction: 0.5 }), { code: "BAD_SAMPLE" });
    assert.throws(() => t.sample({ fraction: 2 }), { code: "BAD_SAMPLE" });
  });
});

test("the first of a sort takes only those; a computed key is not shown", async () => {
  await scoped(async () => {
    using t = await tableToGpu(gpu, counted, { chunkRows: 400 });
    const greatest = plain.toSorted((a, b) => b - a).slice(0, 5);
    assert.deepEqual(await rowsOf(t.topK(5, desc("int32"))), greatest);
    assert.deepEqual(await rowsOf(t.sort(desc("int32")).head(5)), greatest);
    const byLast = t.sort(col("int32").mod(10), "int32").head(3);
    assert.deepEqual(byLast.columns, ["int32", "text"]);
    assert.deepEqual(await rowsOf(byLast), [0, 10, 20]);
    assert.deepEqual(await rowsOf(t.filter(col("int32").lt(4)).sort(desc("int32"))), [3, 2, 1, 0]);
    assert.equal(t.sort("int32").rows, 1000);
    assert.match(t.sort(desc("int32")).explain(), /sort by int32 descending: /);
    assert.throws(() => t.sort(), { code: "NO_KEYS" });
    assert.throws(() => t.sort("nothing"), { code: "UNKNOWN_COLUMN" });
  });
});

test("tables one after another: nulls, dictionaries and types", async () => {
  const columns = ["int8", "codes", "text", "float64"];
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(columns, 60),
        randomTable(columns, 60),
        async (first, second) => {
          using a = await tableToGpu(gpu, first.table, { chunkRows: first.chunkRows });
          using b = await tableToGpu(gpu, second.table);
          const found = await a.concat(b, a.filter(col("int8").gt(0))).toArrow();
          for (const name of columns) {
            const positive = first.values[name]!.filter(
              (_, i) => Number(first.values["int8"]![i] ?? 0) > 0,
            );
            assert.deepEqual(
              [...found.getChild(name)!],
              [...first.values[name]!, ...second.values[name]!, ...positive],
            );
          }
        },
      ),
      { numRuns: 8 },
    ),
  );
  await scoped(async () => {
    using a = await tableToGpu(gpu, counted);
    assert.throws(() => a.concat(a.select("text")), {
      code: "OTHER_COLUMNS",
      message: /table 1 has the columns text utf8; wanted int32 int32, text utf8/,
    });
    assert.throws(() => a.concat(5 as never), { code: "NOT_A_TABLE" });
  });
});
