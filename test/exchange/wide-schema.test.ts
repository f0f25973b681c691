// Tables of very many columns, and of columns that share a name.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import { get, put, release, remove, writer } from "../../kernel/src/exchange/index.ts";
import { takingOwnColumns } from "../../kernel/src/exchange/wide-schema.ts";
import { Remote, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);

const field = (name: string, type: arrow.DataType) => new arrow.Field(name, type, true);
const int8 = (...values: number[]) => arrow.makeData({ type: new arrow.Int8(), data: values });

test("a batch of such a schema has its columns, also those that share a name", () => {
  const fields = [field("a", new arrow.Int8()), field("a", new arrow.Utf8())];
  const schema = takingOwnColumns(arrow, new arrow.Schema(fields, new Map([["k", "v"]])));
  const children = [int8(1), arrow.vectorFromArray(["x"], new arrow.Utf8()).data[0]!];
  const rows = arrow.makeData({ type: new arrow.Struct(fields), length: 1, children });
  const batch = new arrow.RecordBatch(schema, rows);
  assert.deepEqual(
    batch.schema.fields.map(({ type }) => String(type)),
    ["Int8", "Utf8"],
  );
  assert.equal(batch.schema.metadata.get("k"), "v");
});

test("to others it is a schema like any", () => {
  const plain = new arrow.Schema([field("a", new arrow.Int8()), field("b", new arrow.Int8())]);
  const own = takingOwnColumns(arrow, new arrow.Schema([...plain.fields]));
  const more = new arrow.Schema([field("c", new arrow.Utf8()), field("b", new arrow.Utf8())]);
  assert.equal(String(own.assign(more)), String(plain.assign(more)));
  assert.equal(String(own.assign(more.fields)), String(plain.assign(more.fields)));
  assert.deepEqual(Object.keys(own), Object.keys(plain));
});

test("twenty thousand columns cross both ways, and are written batch by batch", async () => {
  const COUNT = 20_000;
  const names = Array.from({ length: COUNT }, (_, i) => `c${i}`);
  const python = Remote.python();
  await python.run(`
cenote.put("wide", pa.Table.from_arrays([pa.array([i]) for i in range(${COUNT})], [f"c{i}" for i in range(${COUNT})]))`);
  const table = await get("wide");
  assert.equal(table.numCols, COUNT);
  assert.equal(table.getChild("c19999")!.get(0), 19_999n);
  using out = await writer("back", table.schema);
  out.write(table);
  out.close();
  assert.deepEqual(
    await python.run(`
back = cenote.get("back")
answer = [back.num_columns, back["c777"].to_pylist(), back.column_names[:3]]`),
    [COUNT, [777], names.slice(0, 3)],
  );
  await put("made", Object.fromEntries(names.map((name, i) => [name, Int32Array.of(i)])));
  assert.equal((await get("made")).getChild("c12345")!.get(0), 12_345);
  await release("wide");
  await release("made");
  await remove("made");
  await remove("back");
  await python.end();
});
