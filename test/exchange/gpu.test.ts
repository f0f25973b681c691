// Tables on the GPU, read back straight into shared memory: the same rows as by way of the host, in every type.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import { count, put, tensor, gpu as upload } from "../../kernel/src/api/index.ts";
import { col, tableToGpu } from "../../kernel/src/compute/index.ts";
import { exchangeStats, get } from "../../kernel/src/exchange/index.ts";
import { gpu, scoped } from "../gpu/open.ts";
import { Remote, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
const python = Remote.python();
after(async () => {
  await python.end();
  folder.remove();
});

/** pyarrow types whose values have another width in the pool, or the same, with and without nulls. */
const COLUMNS = `
import decimal, datetime
n = 1000
kinds = {
    "i8": pa.int8(), "u16": pa.uint16(), "i32": pa.int32(), "i64": pa.int64(), "f16": pa.float16(),
    "f32": pa.float32(), "f64": pa.float64(), "ts": pa.timestamp("us", "UTC"), "date": pa.date32(),
    "time": pa.time64("ns"), "duration": pa.duration("ms"),
}
columns = {name: pa.array(range(n)).cast(pa.int64()).cast(pa.int8(), safe=False) if name == "i8" else
           (pa.array([float(i) for i in range(n)]).cast(kind) if name[0] == "f" else pa.array([i % 120 for i in range(n)]).cast(pa.int32() if kind.bit_width == 32 else pa.int64(), safe=False).cast(kind))
           for name, kind in kinds.items()}
texts = [["", "ä", "x" * 40, "frog"][i % 4] for i in range(n)]
columns["bool"] = pa.array([i % 3 == 0 for i in range(n)])
columns["null"] = pa.nulls(n)
columns["text"] = pa.array(texts)
columns["large"] = pa.array(texts, pa.large_string())
columns["binary"] = pa.array([t.encode() for t in texts], pa.large_binary())
columns["fixed"] = pa.array([bytes([i % 256] * 5) for i in range(n)], pa.binary(5))
columns["decimal"] = pa.array([decimal.Decimal(i) for i in range(n)], pa.decimal128(20, 2))
for name, index in ("code8", pa.int8()), ("code16", pa.uint16()), ("code32", pa.int32()), ("code64", pa.int64()):
    columns[name] = pa.DictionaryArray.from_arrays(pa.array([i % 3 for i in range(n)], index), pa.array(["a", "bb", "ccc"]))
holes = pa.array([i % 7 == 2 for i in range(n)])
for name in list(columns):
    if name != "null" and not name.startswith("code"):
        import pyarrow.compute as pc
        columns[name + "?"] = pc.if_else(holes, pa.scalar(None, columns[name].type), columns[name])
columns["code?"] = pa.DictionaryArray.from_arrays(pa.array([None if i % 5 == 0 else i % 3 for i in range(n)], pa.int8()), pa.array(["a", "bb", "ccc"]))
sent = pa.table(columns).replace_schema_metadata({"of": "table"})
cenote.put("sent", sent)`;

/** Compares what came back with what was sent, in Python. */
const compare = (wanted: string) => `
back = cenote.get("back")
back.validate(full=True)
wanted = ${wanted}
answer = [name for name in wanted.column_names
          if not back[name].combine_chunks().equals(wanted[name].combine_chunks())
          or back[name].type != wanted[name].type]
answer += [back.num_rows - wanted.num_rows, back.schema.metadata == wanted.schema.metadata]`;

test("every type comes back as it was, in chunks too, by one read-back", async () => {
  await python.run(COLUMNS);
  const sent = await get("sent");
  await scoped(async () => {
    for (const chunkRows of [undefined, 352]) {
      using table = await tableToGpu(gpu, sent, chunkRows === undefined ? {} : { chunkRows });
      const [before, { readBacks }] = [await exchangeStats(), gpu.counts];
      await put("back", table);
      const after_ = await exchangeStats();
      assert.equal(gpu.counts.readBacks, readBacks + 1);
      assert.equal(after_.puts, before.puts + 1);
      assert.equal(after_.copies, before.copies);
      assert.deepEqual(await python.run(compare("sent")), [0, true]);
    }
  });
});

test("queries and aggregates: the same rows as toArrow gives", async () => {
  await scoped(async () => {
    const { live } = gpu.pool.stats();
    using table = await upload(await get("sent"));
    const queries = {
      filter: table
        .filter(col("i32").gt(50))
        .select("i32", "text", "code8", { twice: col("f64").mul(2) }),
      none: table.filter(col("i32").lt(0)).select("i32", "text?", "large", "code16"),
      head: table.drop("code64").head(33), // apache-arrow can't look such codes up
      groups: table.groupBy("code8").agg({ n: count() }),
    };
    for (const [name, query] of Object.entries(queries)) {
      await put(name, query);
      const [back, wanted] = [await get(name), await query.toArrow()];
      assert.equal(back.numRows, wanted.numRows, name);
      assert.deepEqual(String(back.schema), String(wanted.schema), name);
      const rows = (of: arrow.Table) => of.toArray().map((row) => JSON.stringify(row, bigints));
      assert.deepEqual(rows(back), rows(wanted), name);
    }
    table.dispose();
    assert.equal(gpu.pool.stats().live, live, "a query's rows leave nothing in the pool");
  });
});

const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

test("views have a layout of their own, by way of the host", async () => {
  await python.run(`sent = pa.table({"v": pa.array(["x", None, "y" * 20], pa.string_view())})
cenote.put("views", sent)`);
  await scoped(async () => {
    using table = await upload(await get("views"));
    await put("back", table);
    assert.deepEqual(await python.run(compare("sent")), [0, true]);
  });
});

test("a tensor is read back into shared memory; a scalar is one value", async () => {
  using matrix = await tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  using sum = matrix.sum();
  await put("matrix", matrix);
  await put("sum", sum);
  const found = await python.run(
    "answer = [cenote.get(name, as_='numpy').tolist() for name in ('matrix', 'sum')]",
  );
  assert.deepEqual(found, [[[1, 2, 3], [4, 5, 6]], [21]]); // biome-ignore format: as numpy has them
});

test("a table that was disposed is not shared, and what was stays", async () => {
  await scoped(async () => {
    const table = await upload(arrow.tableFromArrays({ x: Int32Array.of(1, 2) }));
    await put("kept", table);
    table.dispose();
    await assert.rejects(put("kept", table), { code: "DISPOSED" });
    assert.deepEqual([...(await get("kept")).getChild("x")!], [1, 2]);
  });
});
