// Every Arrow type that both libraries read: from Python to TypeScript and back again it stays the same,
// with nulls, in chunks, sliced and empty.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { get, type Puttable, put, release } from "../../kernel/src/exchange/index.ts";
import { pack } from "../../kernel/src/exchange/packed.ts";
import { unreadableColumn } from "../../kernel/src/exchange/unreadable.ts";
import { Remote, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
const python = Remote.python();
after(async () => {
  await python.end();
  folder.remove();
});

/** Types of pyarrow, and six values of each. */
const TYPES: [type: string, values: string][] = [
  ...["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"].map(
    (type): [string, string] => [`pa.${type}()`, "[1, 2, None, 127, 0, 5]"],
  ),
  ["pa.int64()", "[2**63 - 1, -2**63, None, 2**53 + 1, 0, 5]"],
  ["pa.float16()", "[1.5, -0.0, None, 2.0, 0.25, 5.0]"],
  ["pa.float32()", "[1.5, -0.0, None, float('inf'), 0.25, 5.0]"],
  ["pa.float64()", "[1e300, -0.0, None, float('-inf'), 5e-324, 5.0]"],
  ["pa.bool_()", "[True, False, None, True, True, False]"],
  ["pa.null()", "[None] * 6"],
  ["pa.string()", "['', 'ä', None, '🐸' * 5, 'x', 'y']"],
  ["pa.large_string()", "['', 'ä', None, '🐸' * 5, 'x', 'y']"],
  ["pa.string_view()", "['', 'ä', None, '🐸' * 5, 'x', 'y']"],
  ["pa.binary()", "[b'', b'1', None, bytes(20), b'x', b'y']"],
  ["pa.large_binary()", "[b'', b'1', None, bytes(20), b'x', b'y']"],
  ["pa.binary_view()", "[b'', b'1', None, bytes(20), b'x', b'y']"],
  ["pa.binary(2)", "[b'12', b'34', None, b'56', b'78', b'90']"],
  ["pa.decimal128(20, 3)", "[decimal.Decimal(n) for n in (1, 2, 3)] + [None] * 3"],
  ["pa.decimal256(50, 3)", "[decimal.Decimal(n) for n in (1, 2, 3)] + [None] * 3"],
  ["pa.date32()", "[1, 2, None, 3, 4, 5]"],
  ["pa.date64()", "[86400000, 0, None, 0, 0, 0]"],
  ...["s", "ms"].map((unit): [string, string] => [`pa.time32('${unit}')`, "[1, 2, None, 3, 4, 5]"]),
  ...["us", "ns"].map((unit): [string, string] => [
    `pa.time64('${unit}')`,
    "[1, 2, None, 3, 4, 5]",
  ]),
  ...["s", "ms", "us", "ns"].flatMap((unit): [string, string][] => [
    [`pa.timestamp('${unit}')`, "[1, 2, None, 3, 4, 2**40]"],
    [`pa.timestamp('${unit}', 'Europe/Berlin')`, "[1, 2, None, 3, 4, 2**40]"],
    [`pa.duration('${unit}')`, "[1, 2, None, 3, 4, 2**40]"],
  ]),
  ["pa.month_day_nano_interval()", "[(1, 2, 3), (0, 0, 0), None, (4, 5, 6), (7, 8, 9), (1, 1, 1)]"],
  ["pa.dictionary(pa.int8(), pa.string())", "['a', 'b', None, 'a', 'c', 'a']"],
  ["pa.dictionary(pa.int32(), pa.int64())", "[7, 8, None, 7, 9, 7]"],
  ["pa.list_(pa.int32())", "[[1], [], None, [2, 3], [None], [4]]"],
  ["pa.large_list(pa.string())", "[['a'], [], None, ['b', 'c'], [None], ['d']]"],
  ["pa.list_(pa.float32(), 2)", "[[1, 2], [3, 4], None, [5, 6], [7, 8], [9, None]]"],
  ["pa.struct([('a', pa.int8()), ('b', pa.string())])", "[{'a': 1, 'b': 'x'}, None] * 3"],
  ["pa.map_(pa.string(), pa.int32())", "[[('a', 1)], [], None, [('b', 2), ('c', 3)], [], []]"],
  [
    "pa.list_(pa.struct([('a', pa.list_(pa.int8()))]))",
    "[[{'a': [1]}], None, [], [{'a': None}], [], []]",
  ],
];

for (const [type, values] of TYPES) {
  test(`${type} ${values.slice(0, 40)}`, async () => {
    await python.run(`
import decimal
kind, values = ${type}, ${values}
schema = pa.schema([pa.field("c", kind, metadata={"of": "field"})], metadata={"of": "table"})
column = pa.array(values, kind)
tables = {
    "whole": pa.chunked_array([column]),
    "chunks": pa.chunked_array([column, column.slice(1, 3), column.slice(5)]),
    "slice": pa.chunked_array([column.slice(2, 3)]),
    "empty": pa.chunked_array([column.slice(0, 0)]),
    "none": pa.chunked_array([], kind),
}
tables = {name: pa.table([column], schema=schema) for name, column in tables.items()}
for name, table in tables.items():
    cenote.put(name, table)`);
    for (const name of ["whole", "chunks", "slice", "empty", "none"]) {
      const table = await get(name);
      await put(`${name} back`, table);
      // What TypeScript sees must be the values, not only their bytes.
      if (name === "whole" && /^pa\.(u?int|string|large_string|bool)/.test(type)) {
        const shown = await python.run("answer = [None if v is None else str(v) for v in values]");
        const seen = [...table.getChild("c")!].map((v) =>
          v === null ? null : type === "pa.bool_()" ? (v ? "True" : "False") : String(v),
        );
        assert.deepEqual(seen, shown);
      }
      await release(table);
      const same = await python.run(`
back, table = cenote.get("${name} back"), tables["${name}"]
back.validate(full=True)
plain = lambda c: pa.chunked_array([x.dictionary_decode() for x in c.chunks], c.type.value_type) if pa.types.is_dictionary(c.type) else c
fields = back.schema.field("c"), table.schema.field("c")
answer = [str(back.schema.field("c").type) == str(kind), fields[0].metadata == fields[1].metadata,
          back.schema.metadata == table.schema.metadata, plain(back["c"]).equals(plain(table["c"]))]`);
      assert.deepEqual(same, [true, true, true, true], name);
    }
  });
}

for (const [array, column, type] of [
  ["pa.array([[1]], pa.list_view(pa.int8()))", "v", "list view"],
  ["pa.array([[1]], pa.large_list_view(pa.int8()))", "v", "large list view"],
  ["pa.RunEndEncodedArray.from_arrays([2], [5])", "v", "run-end encoded"],
  [
    "pa.array([{'a': 1, 'ö': [[1]]}], pa.struct([('a', pa.int8()), ('ö', pa.list_(pa.list_view(pa.int8())))]))",
    "v.ö.item",
    "list view",
  ],
]) {
  test(`a column that apache-arrow can't read is named: ${column}, ${type}`, async () => {
    await python.run(`
v = ${array}
cenote.put("views", pa.table({"fine": pa.array([["x"]] * len(v)), "v": v}))`);
    await assert.rejects(get("views"), {
      code: "UNSUPPORTED_TYPE",
      message: new RegExp(`"views": column "${column}" is of the type ${type}, which`),
    });
  });
}

test("columns of one name are told apart by their places, there and back", async () => {
  await python.run(`
twins = pa.table([[1, 2], ["x", None], pa.array(["p", "q"]).dictionary_encode()], names=["a", "a", "a"])
cenote.put("twins", twins)`);
  const table = await get("twins");
  assert.deepEqual(
    String(table.schema.fields.map(({ type }) => type)),
    "Int64,Utf8,Dictionary<Int32, Utf8>",
  );
  assert.deepEqual([...table.getChildAt(1)!], ["x", null]);
  await put("twins back", table);
  assert.ok(await python.run("answer = cenote.get('twins back').equals(twins)"));
});

test("codes of 64 bits are read as others are, also in lists and in several chunks", async () => {
  await python.run(`
codes = lambda *at: pa.DictionaryArray.from_arrays(pa.array(at, pa.int64()), ["zero", "one"])
lists = pa.ListArray.from_arrays([0, 2, 3], codes(1, None, 0))
wide = pa.table({"d": pa.chunked_array([codes(1, 0), codes(None, 1)]), "l": pa.chunked_array([lists, lists])})
cenote.put("wide", wide)`);
  const table = await get("wide");
  assert.deepEqual([...table.getChild("d")!], ["one", "zero", null, "one"]);
  assert.deepEqual(
    [...table.getChild("l")!].map((list) => [...list]),
    [["one", null], ["zero"], ["one", null], ["zero"]],
  );
  await put("wide back", table);
  assert.ok(await python.run("answer = cenote.get('wide back').to_pydict() == wide.to_pydict()"));
});

test("a stream of nonsense has no column that can't be read", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const found = unreadableColumn(bytes);
      assert.ok(found === undefined || found.path.length > 0);
    }),
  );
});

test("no columns, no rows", async () => {
  await python.run("cenote.put('nothing', pa.table({}))");
  const nothing = await get("nothing");
  assert.deepEqual([nothing.numRows, nothing.numCols], [0, 0]);
  await put("nothing back", nothing);
  assert.deepEqual(await python.run("answer = list(cenote.get('nothing back').shape)"), [0, 0]);
});

test("typed arrays, vectors and record batches become tables", async () => {
  const puts: [Puttable, unknown][] = [
    [Float32Array.of(1.5, 2.5), { values: [1.5, 2.5] }],
    [
      { a: Uint8Array.of(1), b: Float64Array.of(0.5) },
      { a: [1], b: [0.5] },
    ],
    [arrow.vectorFromArray(["x", null, "y"], new arrow.Utf8()), { values: ["x", null, "y"] }],
    [arrow.tableFromArrays({ a: [1, 2] }).batches[0]!, { a: [1, 2] }],
    [arrow.tableFromJSON([{ s: "x", n: 1 }]), { s: ["x"], n: [1] }],
  ];
  for (const [value, wanted] of puts) {
    await put("made", value);
    assert.deepEqual(await python.run("answer = cenote.get('made').to_pydict()"), wanted);
  }
});

/** Columns of several chunks, each sliced out of something larger. */
const chunked = fc
  .array(
    fc.record({
      values: fc.array(
        fc.record(
          {
            bool: fc.option(fc.boolean()),
            int: fc.option(fc.maxSafeInteger()),
            text: fc.option(fc.string({ unit: "grapheme", maxLength: 5 })),
          },
          { noNullPrototype: true },
        ),
        { minLength: 1, maxLength: 30 },
      ),
      from: fc.nat(30),
      to: fc.nat(30),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) =>
    parts.map(({ values, from, to }) => {
      const column = <T>(pick: (row: (typeof values)[number]) => T) => values.map(pick);
      const table = new arrow.Table({
        bool: arrow.vectorFromArray(
          column((row) => row.bool),
          new arrow.Bool(),
        ),
        int: arrow.vectorFromArray(
          column((row) => (row.int === null ? null : BigInt(row.int))),
          new arrow.Int64(),
        ),
        text: arrow.vectorFromArray(
          column((row) => row.text),
          new arrow.Utf8(),
        ),
        large: arrow.vectorFromArray(
          column((row) => row.text),
          new arrow.LargeUtf8(),
        ),
        list: arrow.vectorFromArray(
          column((row) => (row.text === null ? null : [...row.text])),
          new arrow.List(new arrow.Field("item", new arrow.Utf8())),
        ),
        pair: arrow.vectorFromArray(
          column((row) => (row.bool === null ? null : [Number(row.bool), null])),
          new arrow.FixedSizeList(2, new arrow.Field("item", new arrow.Int8())),
        ),
        struct: arrow.vectorFromArray(
          column((row) => (row.text === null ? null : { a: row.text, b: row.bool })),
          new arrow.Struct([
            new arrow.Field("a", new arrow.Utf8()),
            new arrow.Field("b", new arrow.Bool()),
          ]),
        ),
      });
      return table.slice(Math.min(from, to), Math.max(from, to));
    }),
  );

test("chunks, wherever they were cut, are joined into the same rows", () => {
  fc.assert(
    fc.property(chunked, (parts) => {
      const table = parts[0]!.concat(...parts.slice(1));
      const packed = pack(arrow, table);
      // The range may hold anything: all of it must be written.
      const target = new Uint8Array(packed.bytes).fill(0xaa);
      packed.write(target);
      const back = arrow.tableFromIPC(target);
      assert.ok(back.batches.length <= 1);
      const rows = (of: arrow.Table) =>
        of.toArray().map((row) => JSON.stringify({ ...row.toJSON(), int: String(row.int) }));
      assert.deepEqual(rows(back), rows(table));
    }),
    { numRuns: 200 },
  );
});
