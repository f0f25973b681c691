// Columns into records and back: every type of one width, nulls, tiles, chunks; and where a value lies.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import {
  col,
  fromRecords,
  GpuRecords,
  type GpuTable,
  HostRecords,
  max,
  type RecordOptions,
  sum,
  tableOnHost,
  tableToGpu,
} from "../../kernel/src/compute/index.ts";
import { gpu, scoped, words } from "../gpu/open.ts";
import { randomTable, VALUES } from "./random.ts";

const FIXED = Object.keys(VALUES).filter((name) => name !== "text");

async function pooled(t: GpuTable, options: RecordOptions = {}): Promise<GpuRecords> {
  const records = await t.toRecords(options);
  assert.ok(records instanceof GpuRecords);
  return records;
}

async function hosted(t: GpuTable, options: RecordOptions = {}): Promise<HostRecords> {
  const records = await t.toRecords(options);
  assert.ok(records instanceof HostRecords);
  return records;
}

test("tables become records and come back equal, whatever the tile", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(FIXED, 150),
        fc.constantFrom(1, 3, 32),
        async ({ table, chunkRows }, tile) => {
          using t = await tableToGpu(gpu, table, { chunkRows });
          using records = await pooled(t, { tile });
          const wanted = await t.toArrow();
          for (const one of [records, await hosted(tableOnHost(table), { tile })]) {
            using back = await fromRecords(one);
            assert.equal(one.rows, table.numRows);
            const found = await back.toArrow();
            for (const name of FIXED)
              assert.deepEqual(
                [...found.getChild(name)!].map(String),
                [...wanted.getChild(name)!].map(String),
                name,
              );
          }
        },
      ),
      { numRuns: 2 },
    ),
  );
});

test("words lie where the fields say", async () => {
  const table = new arrow.Table({
    a: arrow.vectorFromArray([10, null, 30, 40, 50], new arrow.Int8()),
    b: arrow.vectorFromArray([1n, 2n, 3n, 2n ** 40n, 5n], new arrow.Int64()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    for (const tile of [1, 2]) {
      const asked = (all: GpuTable) => all.filter(col("b").gt(1));
      using records = await pooled(asked(t), { tile });
      assert.equal(records.words, 4);
      assert.deepEqual(
        records.fields.map(({ word }) => word),
        [1, 2],
      );
      const found = await words({ block: records.chunks[0]!.block });
      const at = (record: number, word: number) =>
        found[(Math.floor(record / tile) * 4 + word) * tile + (record % tile)];
      assert.deepEqual(
        [0, 1, 2, 3].map((record) => at(record, 1)),
        [0, 30, 40, 50],
      );
      assert.deepEqual(
        [0, 1, 2, 3].map((record) => at(record, 0)),
        [2, 3, 3, 3],
      );
      assert.equal(at(2, 3), 2 ** 8);
      const { dispatches, uploads } = gpu.counts;
      const host = await hosted(asked(tableOnHost(table)), { tile });
      assert.deepEqual(host.chunks[0]!.words, found.subarray(0, host.chunks[0]!.words.length));
      assert.deepEqual(host.fields, records.fields);
      assert.deepEqual([gpu.counts.dispatches, gpu.counts.uploads], [dispatches, uploads]);
    }
  });
});

test("columns of records that were written to have what was written", async () => {
  const table = new arrow.Table({
    a: arrow.vectorFromArray([10n, 20n, 30n], new arrow.Int64()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    using records = await pooled(t);
    const [field] = records.fields;
    const offset = (records.words + field!.word + 1) * 4;
    const { block } = records.chunks[0]!;
    await gpu.upload([{ block, offset, data: Uint32Array.of(7) }]);
    using back = await fromRecords(records);
    const wanted = 7n * 2n ** 32n + 20n;
    const found = await back.agg({ most: max("a"), total: sum("a") }).toArrow();
    assert.deepEqual({ ...found.get(0)!.toJSON() }, { most: wanted, total: wanted + 40n });
    assert.equal(await back.filter(col("a").gt(2n ** 32n)).count(), 1);
  });
});

test("what has no one width is refused, and disposed records say so", async () => {
  const table = new arrow.Table({
    s: arrow.vectorFromArray(["a"], new arrow.Utf8()),
    n: arrow.vectorFromArray([1], new arrow.Int32()),
  });
  await scoped(async () => {
    using t = await tableToGpu(gpu, table);
    await assert.rejects(t.toRecords(), /column "s" is utf8; wanted columns of one width/);
    await assert.rejects(t.drop("s").toRecords({ tile: 0 }), { code: "BAD_COUNT" });
    const records = await pooled(t.drop("s"));
    records.dispose();
    await assert.rejects(fromRecords(records), { code: "DISPOSED" });
  });
});
