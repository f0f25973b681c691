// Streams of a schema that was read before: read as apache-arrow reads them, or left to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as arrow from "apache-arrow";
import { readKnown } from "../../kernel/src/exchange/known-streams.ts";

const read = (bytes: Uint8Array) => {
  const { schema, batches } = readKnown(arrow, bytes)!;
  return new arrow.Table(schema, batches);
};

const stream = (table: arrow.Table) => new Uint8Array(arrow.tableToIPC(table, "stream"));
const rows = (table: arrow.Table) => JSON.stringify(table.toArray());

const numbers = (values: number[]) =>
  new arrow.Table({
    n: arrow.vectorFromArray(values, new arrow.Float64()),
    l: arrow.vectorFromArray(
      values.map((v) => [v, null]),
      new arrow.List(new arrow.Field("item", new arrow.Int32(), true)),
    ),
    t: arrow.vectorFromArray(
      values.map((v) => (v % 2 ? String(v) : null)),
      new arrow.Utf8(),
    ),
  });

test("every stream is read with its own values, over its own bytes", () => {
  // Those of as many rows and as long texts begin with the same bytes.
  for (const values of [[1], [3], [2, 3, 4], [4, 5, 6], [5, 6], [7, 8]]) {
    const bytes = stream(numbers(values));
    const table = read(bytes);
    assert.equal(rows(table), rows(arrow.tableFromIPC(bytes)));
    assert.equal(table.getChild("n")!.data[0]!.values.buffer, bytes.buffer);
  }
});

test("what begins like a stream that was read, and is cut off or goes on, is read anew", () => {
  const [one, two] = [stream(numbers([1])), stream(numbers([3]))];
  read(one);
  assert.equal(readKnown(arrow, two.slice(0, two.length - 24)), undefined);
  const batch = two.slice(stream(new arrow.Table(numbers([1]).schema)).length - 8);
  const both = new Uint8Array([...two.slice(0, two.length - 8), ...batch]);
  assert.equal(read(both).numRows, 2);
});

test("several batches", () => {
  const bytes = stream(numbers([1, 2]).concat(numbers([3])));
  const table = read(bytes);
  assert.equal(table.batches.length, 2);
  assert.equal(rows(table), rows(arrow.tableFromIPC(bytes)));
});

test("schemas that differ only in metadata are not mixed up", () => {
  const { schema, batches } = numbers([1]);
  for (const mark of ["a", "b", "a"]) {
    const marked = new arrow.Schema(schema.fields, new Map([["mark", mark]]));
    const table = new arrow.Table(
      marked,
      batches.map((batch) => new arrow.RecordBatch(marked, batch.data)),
    );
    assert.equal(readKnown(arrow, stream(table))!.schema.metadata.get("mark"), mark);
  }
});

test("dictionaries, streams without batches and bytes that are cut off are left to apache-arrow", () => {
  const texts = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8());
  const coded = stream(new arrow.Table({ d: arrow.vectorFromArray(["a", "b", "a"], texts) }));
  const bytes = stream(numbers([1, 2, 3]));
  for (let k = 0; k < 2; k++) {
    assert.equal(readKnown(arrow, coded), undefined);
    assert.equal(readKnown(arrow, stream(new arrow.Table(numbers([1]).schema))), undefined);
    assert.equal(readKnown(arrow, bytes.slice(0, bytes.length - 24)), undefined);
    assert.equal(readKnown(arrow, bytes.slice(0, 5)), undefined);
  }
});
