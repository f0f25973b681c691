// Tables into the pool and back: equal in schema, metadata, nulls and values.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { readTable, uploadTable } from "../../kernel/src/columns/index.ts";
import { randomTable, VALUES } from "../compute/random.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { pythonFiles } from "./files.ts";

const files = pythonFiles("./made.py", import.meta.url);

function assertEqual(found: arrow.Table, wanted: arrow.Table): void {
  assert.equal(found.numRows, wanted.numRows);
  assert.deepEqual(
    found.schema.fields.map(({ name, type, metadata }) => [name, String(type), [...metadata]]),
    wanted.schema.fields.map(({ name, type, metadata }) => [name, String(type), [...metadata]]),
  );
  assert.deepEqual([...found.schema.metadata], [...wanted.schema.metadata]);
  wanted.schema.fields.forEach(({ name }, i) => {
    const [a, b] = [found.getChildAt(i)!, wanted.getChildAt(i)!];
    // apache-arrow miscounts the nulls of a slice of a null column.
    if (name !== "nothing") assert.equal(a.nullCount, b.nullCount, `nulls of ${name}`);
    for (let row = 0; row < wanted.numRows; row++) {
      assert.deepEqual(a.get(row), b.get(row), `row ${row} of ${name}`);
    }
  });
}

/** Equal as JSON has them, in which vectors, rows and maps are arrays and objects. */
function assertSame(found: arrow.Table, wanted: arrow.Table): void {
  const plain = (table: arrow.Table, i: number) =>
    JSON.parse(
      JSON.stringify([...table.getChildAt(i)!], (_, value) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    );
  assert.equal(String(found.schema), String(wanted.schema));
  wanted.schema.fields.forEach(({ name }, i) => {
    assert.deepEqual(plain(found, i), plain(wanted, i), name);
  });
}

async function roundTrip(table: arrow.Table, chunkRows?: number): Promise<arrow.Table> {
  const store = await uploadTable(gpu, table, chunkRows === undefined ? {} : { chunkRows });
  try {
    return await readTable(store);
  } finally {
    store.dispose();
  }
}

test("random tables, chunked and sliced, come back equal", async () => {
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(randomTable(Object.keys(VALUES)), async ({ table, chunkRows }) => {
        assertEqual(await roundTrip(table), table);
        assertEqual(await roundTrip(table, chunkRows), table);
      }),
      { numRuns: 60 },
    ),
  );
});

test("every flat type that pyarrow writes comes back equal, whole and sliced", async () => {
  const table = files.arrow("types");
  await scoped(async () => {
    assertEqual(await roundTrip(table), table);
    for (const [from, to] of [
      [1, 100],
      [36, 38],
      [5, 5],
      [63, 101],
    ] as const) {
      const slice = table.slice(from, to);
      assertEqual(await roundTrip(slice, 17), slice);
    }
  });
});

test("views of text, as polars has them, come back as views", async () => {
  const table = files.arrow("views");
  assert.match(String(table.schema.fields[0]!.type), /View/);
  await scoped(async () => {
    assertEqual(await roundTrip(table), table);
    const slice = table.slice(11, 60);
    assertEqual(await roundTrip(slice, 10), slice);
  });
});

test("one upload, one read-back, and few chunks", async () => {
  const table = files.arrow("types");
  assert.ok(table.batches.length > 2);
  const before = { ...gpu.counts };
  const found = await roundTrip(table);
  assert.equal(found.batches.length, 1);
  assert.equal(gpu.counts.uploads - before.uploads, 1);
  assert.equal(gpu.counts.readBacks - before.readBacks, 1);
  assert.equal(gpu.counts.dispatches, before.dispatches);
});

test("an empty table keeps its schema", async () => {
  const empty = files.arrow("types").slice(0, 0);
  const found = await roundTrip(empty);
  assert.equal(found.numRows, 0);
  assert.deepEqual(found.schema.names, empty.schema.names);
});

test("bits beside a null count of 0 do not make nulls; a bitmap without a count does", async () => {
  const bitmap = Uint8Array.of(0b0101);
  const data = (nullCount: number) =>
    arrow.makeData({
      type: new arrow.Int32(),
      data: Int32Array.of(1, 2, 3, 4),
      length: 4,
      nullBitmap: bitmap,
      nullCount,
    });
  const values = async (nullCount: number) => {
    const found = await roundTrip(new arrow.Table({ x: new arrow.Vector([data(nullCount)]) }));
    return [...found.getChildAt(0)!];
  };
  assert.deepEqual(await values(0), [1, 2, 3, 4]);
  assert.deepEqual(await values(-1), [1, null, 3, null]);
});

test("lists, structs, maps and what is in them come back equal, whole, sliced and in chunks", async () => {
  const table = files.arrow("nested");
  await scoped(async () => {
    assertSame(await roundTrip(table), table);
    for (const [from, to] of [
      [1, 100],
      [36, 38],
      [5, 5],
      [63, 101],
    ] as const) {
      const slice = table.slice(from, to);
      assertSame(await roundTrip(slice, 17), slice);
    }
  });
});

test("unions are refused by name and type, and nothing is kept", async () => {
  const union = new arrow.SparseUnion([0], [new arrow.Field("a", new arrow.Int32())]);
  const inner = arrow.vectorFromArray([1, 2], new arrow.Int32()).data[0]!;
  const data = arrow.makeData({
    type: union,
    length: 2,
    typeIds: Int8Array.of(0, 0),
    children: [inner],
  });
  const table = new arrow.Table({
    fine: arrow.makeVector(Int32Array.of(1, 2)),
    odd: new arrow.Vector([data]),
  });
  const { live } = gpu.pool.stats();
  await assert.rejects(
    uploadTable(gpu, table),
    /column "odd" has the Arrow type Union<Int32>; wanted/,
  );
  assert.equal(gpu.pool.stats().live, live);
});

test("a table beyond the budget spills; beyond all tiers, or in a chunk beyond it, it says so and nothing is kept", async () => {
  const { live, spilled, budget } = gpu.pool.stats();
  const { tiers } = gpu.pool;
  const x = arrow.makeVector(Float64Array.from({ length: 2 ** 18 }, (_, i) => i / 3));
  const table = new arrow.Table({ a: x, b: x });
  const refused = async (message: RegExp, options: { chunkRows?: number } = {}) => {
    await assert.rejects(uploadTable(gpu, table, options), { name: "OutOfPoolMemory", message });
    const after = gpu.pool.stats();
    assert.deepEqual([after.live, after.spilled], [live, spilled]);
  };
  const wanted = "wanted 4 MiB for a table of 262144 rows × 2 columns";
  gpu.pool.budget = live + 2 ** 20;
  try {
    const store = await uploadTable(gpu, table);
    assert.ok(gpu.pool.stats().spilled > 0);
    const found = await readTable(store);
    for (const name of ["a", "b"]) assert.deepEqual(found.getChild(name)!.toArray(), x.toArray());
    store.dispose();
    const long = new arrow.Table({
      text: arrow.vectorFromArray(
        Array.from({ length: 20 }, (_, i) => String(i % 10).repeat(2 ** 17)),
        new arrow.Utf8(),
      ),
    });
    assertEqual(await roundTrip(long), long);
    await refused(new RegExp(`^${wanted}; 0 B of it.*column a float64\\[262144\\]`), {
      chunkRows: 2 ** 18,
    });
    gpu.pool.tiers = { host: 0, disk: 0 };
    await refused(
      new RegExp(`^${wanted}; [1-9].* of it found room[^]*no budget for spilled blocks`),
    );
  } finally {
    gpu.pool.budget = budget;
    gpu.pool.tiers = tiers;
  }
});
