// What `put` takes and `get` gives besides tables: arrays, rows, tensors, sparse matrices, and arrays that were
// produced in shared memory.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import { native } from "../../kernel/src/base/native.ts";
import {
  allocate,
  exchangeStats,
  get,
  type Puttable,
  put,
  release,
} from "../../kernel/src/exchange/index.ts";
import { Remote, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
const python = Remote.python();
after(async () => {
  await python.end();
  folder.remove();
});

const copies = async () => (await exchangeStats()).copies;

/** Every kind of element: its array, and numbers that it holds exactly. */
const ARRAYS = {
  int8: Int8Array.of(-128, 0, 127),
  uint8: Uint8Array.of(0, 1, 255),
  int16: Int16Array.of(-32768, 0, 32767),
  uint16: Uint16Array.of(0, 1, 65535),
  int32: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1),
  uint32: Uint32Array.of(0, 1, 2 ** 32 - 1),
  int64: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n),
  uint64: BigUint64Array.of(0n, 1n, 2n ** 64n - 1n),
  float16: Float16Array.of(-1.5, 0, 65504),
  float32: Float32Array.of(-1.5, 0, 2 ** 100),
  float64: Float64Array.of(-1.5, 0, 1e300),
} as const;

for (const [dtype, array] of Object.entries(ARRAYS)) {
  test(`${dtype}: an array, a tensor, and an allocated one, in numpy and back`, async () => {
    const before = await copies();
    const six = new (array.constructor as Float64ArrayConstructor)(6);
    six.set([...array, ...array] as unknown as number[]);
    const made = await allocate([2, 3], dtype as "float64");
    assert.equal(made.constructor, array.constructor);
    made.set(six as Float64Array);
    await put("array", array);
    await put("tensor", { shape: [2, 3], data: six });
    await put("made", made);
    assert.equal(made.length, 0, "its memory is shared now");
    const shown = (values: Iterable<number | bigint>) => [...values].map(String);
    const found = await python.run<unknown[]>(`
import numpy as np
a, t, m = (cenote.get(name, as_="numpy") for name in ("array", "tensor", "made"))
plain = lambda x: [str(int(v)) if float(v) == int(v) else str(float(v)) for v in x.ravel()] if x.dtype.kind == "f" else [str(v) for v in x.ravel().tolist()]
answer = [str(a.dtype), a.shape, plain(a), t.shape, np.array_equal(t, m), str(m.dtype),
          np.array_equal(t[1], a), a.flags.owndata or t.flags.owndata or m.flags.owndata]
cenote.put("back", t)`);
    const numbers = shown(array as Iterable<number>);
    const wanted = dtype.startsWith("float") ? numbers.map((x) => BigIntIfWhole(x)) : numbers;
    assert.deepEqual(found.slice(0, 2), [dtype, [3]]);
    assert.deepEqual(found[2], wanted);
    assert.deepEqual(found.slice(3), [[2, 3], true, dtype, true, false]);
    const back = await get("back", { as: "tensor" });
    assert.deepEqual([back.shape, back.strides, back.dtype], [[2, 3], [3, 1], dtype]);
    assert.equal(back.data.constructor, array.constructor);
    assert.deepEqual(shown(back.data as Iterable<number>), shown(six as Iterable<number>));
    assert.equal(back.at(1, 2), six[5]);
    assert.throws(() => back.at(2, 0), { code: "OUT_OF_SHAPE" });
    assert.throws(() => back.at(0), { code: "OUT_OF_SHAPE" });
    assert.equal(await copies(), before);
  });
}

const BigIntIfWhole = (text: string) =>
  Number.isInteger(Number(text)) ? String(BigInt(Number(text))) : text;

test("a tensor is a view of the mapping, and raises once it is released", async () => {
  await python.run(`
import numpy as np
cenote.put("view", np.arange(24.0).reshape(2, 3, 4))`);
  const [table, tensor] = [await get("view"), await get("view", { as: "tensor" })];
  const storage = table.getChildAt(0)!.data[0]!.children[0]!.values as Float64Array;
  assert.equal(tensor.data.buffer, storage.buffer);
  assert.equal(tensor.data.byteOffset, storage.byteOffset);
  assert.deepEqual(tensor.shape, [2, 3, 4]);
  assert.equal(tensor.at(1, 2, 3), 23);
  const { data } = tensor;
  await release(tensor);
  assert.throws(() => tensor.data, { code: "RELEASED" });
  assert.throws(() => tensor.at(0, 0, 0), { code: "RELEASED" });
  await release(table);
  await until("its array is empty", () => data.length === 0);
});

test("a permuted tensor has strides, a table of a column its only dimension", async () => {
  await python.run(`
kind = pa.fixed_shape_tensor(pa.int32(), [3, 4], permutation=[1, 0])
flat = pa.array(range(24), pa.int32())
rows = pa.FixedSizeListArray.from_arrays(flat, 12)
cenote.put("turned", pa.table({"t": pa.ExtensionArray.from_storage(kind, rows)}))
cenote.put("lists", pa.table({"l": rows}))
cenote.put("flat", pa.table({"f": flat}))
cenote.put("none", pa.table({"f": flat.slice(0, 0)}))`);
  const turned = await get("turned", { as: "tensor" });
  assert.deepEqual(
    [turned.shape, turned.strides],
    [
      [2, 4, 3],
      [12, 1, 4],
    ],
  );
  const seen = await python.run<number>(
    "answer = int(cenote.get('turned', as_='numpy')['t'][1, 3, 2])",
  );
  assert.equal(turned.at(1, 3, 2), seen);
  const shapes = [];
  for (const name of ["lists", "flat", "none"]) {
    shapes.push((await get(name, { as: "tensor" })).shape);
  }
  assert.deepEqual(shapes, [[2, 12], [24], [0]]);
  await assert.rejects(put("again", turned), {
    code: "NOT_ARROW",
    message: /its strides are \[12, 1, 4\]/,
  });
});

test("what is no tensor is said", async () => {
  await python.run(`
cenote.put("two", pa.table({"a": [1], "b": [2]}))
cenote.put("nulls", pa.table({"a": [1, None]}))
cenote.put("texts", pa.table({"a": ["x"]}))`);
  for (const [name, found] of [
    ["two", /a table of 2 columns/],
    ["nulls", /found nulls/],
    ["texts", /a column of Utf8/],
  ] as const) {
    await assert.rejects(get(name, { as: "tensor" }), { code: "NOT_A_TENSOR", message: found });
  }
  await assert.rejects(get("two", { as: "sparse" }), { code: "NOT_SPARSE", message: /a, b/ });
  await assert.rejects(get("two", { as: "x" as "table" }), { code: "BAD_VIEW" });
});

test("a tensor of no dimension is one value", async () => {
  await put("scalar", { shape: [], data: Float32Array.of(1.5) });
  assert.deepEqual((await get("scalar", { as: "tensor" })).shape, [1]);
  assert.deepEqual(await python.run("answer = cenote.get('scalar', as_='numpy').tolist()"), [1.5]);
});

test("values, rows and columns become tables", async () => {
  const puts: [Puttable, unknown][] = [
    [["x", null, "y", undefined], { values: ["x", null, "y", null] }],
    [[1.5, null], { values: [1.5, null] }],
    [
      [
        { s: "x", n: 1 },
        { s: null, n: 2, extra: true },
      ],
      { s: ["x", null], n: [1, 2], extra: [null, true] },
    ],
    [
      { a: [1, 2], b: Uint8Array.of(3, 4) },
      { a: [1, 2], b: [3, 4] },
    ],
    [
      { a: arrow.vectorFromArray(["x"], new arrow.Utf8()), b: Int8Array.of(1) },
      { a: ["x"], b: [1] },
    ],
    [Buffer.from("ab"), { values: [97, 98] }],
    [
      { shape: Uint8Array.of(1), data: Uint8Array.of(2) },
      { shape: [1], data: [2] },
    ],
  ];
  for (const [value, wanted] of puts) {
    await put("made", value);
    assert.deepEqual(await python.run("answer = cenote.get('made').to_pydict()"), wanted);
  }
  const types = await python.run(`answer = [str(f.type) for f in cenote.get("made").schema]`);
  assert.deepEqual(types, ["uint8", "uint8"]);
});

test("sparse matrices cross with their index buffers, both ways", async () => {
  await put("csr", {
    format: "csr",
    shape: [3, 4],
    indptr: Int32Array.of(0, 2, 2, 3),
    indices: Int32Array.of(0, 3, 1),
    data: Float64Array.of(1, 2, 3),
  });
  await put("coo", {
    format: "coo",
    shape: [2, 3],
    coords: [Int32Array.of(0, 1), Int32Array.of(2, 0)],
    data: Float32Array.of(5, 6),
  });
  const csr = await get("csr", { as: "sparse" });
  assert.ok(csr.format === "csr");
  assert.deepEqual(csr.indptr, Int32Array.of(0, 2, 2, 3));
  assert.equal(csr.data.buffer, csr.indices.buffer, "both lie in the mapping");
  const coo = await get("coo", { as: "sparse" });
  assert.ok(coo.format === "coo");
  assert.deepEqual([...coo.coords[1]!], [2, 0]);
  const columns = await python.run(`
tables = cenote.get("csr"), cenote.get("coo")
answer = [t.schema.metadata[b"cenote.sparse"].decode() for t in tables] + [t.to_pydict() for t in tables]`);
  assert.deepEqual(columns, [
    '{"format":"csr","shape":[3,4]}',
    '{"format":"coo","shape":[2,3]}',
    { indptr: [[0, 2, 2, 3]], indices: [[0, 3, 1]], data: [[1, 2, 3]] },
    { coord0: [[0, 1]], coord1: [[2, 0]], data: [[5, 6]] },
  ]);
  assert.deepEqual(Object.keys(csr), ["format", "shape", "indptr", "indices", "data"]);
  await release(csr);
  assert.throws(() => csr.data, { code: "RELEASED" });
  assert.throws(() => csr.shape, { code: "RELEASED" });
  assert.deepEqual([...coo.data], [5, 6], "the other is another table's");
});

test("an allocated array is put without a copy, once, and its memory comes back", async () => {
  const { bytesPut, puts } = await exchangeStats();
  const array = await allocate(3_000_000, "float64");
  const at = native()!.addressOf(array.buffer) + BigInt(array.byteOffset);
  assert.equal(at % 64n, 0n);
  array.fill(0).set([1.5, 2.5], 2_999_998);
  const part = array.subarray(1);
  await put("allocated", array);
  assert.deepEqual([array.length, part.length], [0, 0]);
  const after = await exchangeStats();
  assert.deepEqual([after.puts, after.bytesPut], [puts + 1, bytesPut]);
  await assert.rejects(put("twice", array), {
    code: "ALREADY_PUT",
    message: /was put as "allocated"/,
  });
  const mine = await get("allocated", { as: "tensor" });
  assert.deepEqual([...mine.data.subarray(-2)], [1.5, 2.5]);
  assert.equal(await python.run("answer = cenote.get('allocated', as_='numpy').sum()"), 4);
});

test("of an allocated array a part, or another shape, is copied", async () => {
  const array = await allocate([2, 2], "int32");
  array.set([1, 2, 3, 4]);
  await put("part", array.subarray(1, 3));
  await put("row", { shape: [4, 1], data: array });
  await put("all", { shape: [2, 2], data: array });
  const found = await python.run(
    "answer = [cenote.get(n, as_='numpy').tolist() for n in ('part', 'row', 'all')]",
  );
  assert.deepEqual(found, [[2, 3], [[1], [2], [3], [4]], [[1, 2], [3, 4]]]); // biome-ignore format: as numpy has them
  assert.equal(array.length, 0);
  assert.equal((await allocate([0, 3])).length, 0);
});

for (const CENOTE_NO_NATIVE of ["0", "1"]) {
  test(`allocated memory that is dropped is used again (CENOTE_NO_NATIVE=${CENOTE_NO_NATIVE})`, async () => {
    const other = Remote.node({ CENOTE_NO_NATIVE });
    const segments = await other.run<number[]>(`
      const sizes = [];
      for (let i = 0; i < 20; i++) {
        (await cenote.allocate(10 << 20, "float64")).fill(i); // 80 MiB each
        await new Promise(setImmediate);
        gc();
        await new Promise(setImmediate);
        sizes.push((await cenote.exchangeStats()).segmentBytes);
      }
      const last = await cenote.allocate([5, 2], "float64");
      last.fill(7);
      await cenote.put("dropped", last);
      return sizes;`);
    assert.ok(Math.max(...segments) <= 512 * 2 ** 20, segments.join());
    const { shape, data } = await get("dropped", { as: "tensor" });
    assert.deepEqual([shape, [...data]], [[5, 2], new Array(10).fill(7)]);
    await other.end();
  });
}
