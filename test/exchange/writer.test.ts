// A writer in TypeScript: batches go into shared memory as they come, and are seen at the end as one table.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as arrow from "apache-arrow";
import { exchangeStats, get, list, put, remove, writer } from "../../kernel/src/exchange/index.ts";
import { Remote, until, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
const python = Remote.python();
const bare = Remote.node({ CENOTE_NO_NATIVE: "1" });
after(async () => {
  await Promise.all([python.end(), bare.end()]);
  folder.remove();
});

const inPython = (name: string) =>
  python.run(`t = cenote.get("${name}")\nt.validate(full=True)\nanswer = t.to_pydict()`);

test("batches of all kinds are one table at the end, and nothing is seen before", async () => {
  using out = await writer("numbers", { n: "float64", s: "utf8", ok: "bool", big: "int64" });
  const first = { n: Float64Array.of(1, 2), s: ["a", null], ok: [true, null] };
  out.write({ ...first, big: BigInt64Array.of(1n, 2n ** 40n) });
  assert.equal((await list()).length, 0);
  out.write(new arrow.Table(out.schema));
  const more = arrow.vectorFromArray([null, "c", "d"], new arrow.Utf8());
  const flags = arrow.vectorFromArray([null, true, false], new arrow.Bool());
  const table = new arrow.Table({
    n: arrow.makeVector(Float64Array.of(3, 4, 5)),
    s: more,
    ok: flags,
    big: arrow.makeVector(BigInt64Array.of(3n, 4n, 5n)),
  });
  out.write(table.slice(1));
  assert.equal(out.rows, 4);
  const shared = out.close();
  assert.equal(shared.rows, 4);
  assert.equal(out.shared, shared);
  assert.deepEqual(await inPython("numbers"), {
    n: [1, 2, 4, 5],
    s: ["a", null, "c", "d"],
    ok: [true, null, true, false],
    big: [1, 1099511627776, 4, 5],
  });
  assert.equal((await get("numbers")).numRows, 4);
  assert.throws(() => out.write({ n: [1] }), { code: "WRITER_CLOSED" });
  assert.throws(() => out.close(), { code: "WRITER_CLOSED" });
});

test("dictionaries, nested columns and views, batch after batch", async () => {
  const words = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
  const schema = new arrow.Schema(
    [
      new arrow.Field("word", words, true),
      new arrow.Field(
        "list",
        new arrow.List(new arrow.Field("item", new arrow.Int8(), true)),
        true,
      ),
      new arrow.Field("view", new arrow.Utf8View(), true),
    ],
    new Map([["of", "table"]]),
  );
  const batch = (texts: (string | null)[]) =>
    new arrow.Table({
      word: arrow.vectorFromArray(texts, new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
      list: arrow.vectorFromArray(
        texts.map((text) => text && [...text].map((c) => c.charCodeAt(0))),
        schema.fields[1]!.type,
      ),
      view: arrow.vectorFromArray(texts, new arrow.Utf8View()),
    });
  using out = await writer("nested", schema);
  const all = [
    ["a", "b", "a"],
    [null, "b"],
    ["a rather long word", null, "c"],
  ];
  for (const texts of all) out.write(batch(texts));
  out.close();
  const flat = all.flat();
  const codes = flat.map((text) => text && [...text].map((c) => c.charCodeAt(0)));
  assert.deepEqual(await inPython("nested"), { word: flat, list: codes, view: flat });
  assert.deepEqual(await python.run(`answer = t.schema.metadata[b"of"].decode()`), "table");
  const table = await get("nested");
  assert.deepEqual([...table.getChild("word")!], flat);
});

test("a table without batches, and one without columns", async () => {
  (await writer("no rows", { n: "int8" })).close();
  assert.deepEqual(await inPython("no rows"), { n: [] });
  (await writer("no columns", new arrow.Schema([]))).close();
  assert.deepEqual(await inPython("no columns"), {});
});

test("batches without rows add nothing", async () => {
  const words = arrow.vectorFromArray(
    ["a"],
    new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()),
  );
  const full = new arrow.Table({ word: words, s: arrow.vectorFromArray(["b"], new arrow.Utf8()) });
  const none = new arrow.Table({
    word: arrow.vectorFromArray([], words.type),
    s: arrow.vectorFromArray([], new arrow.Utf8()),
  });
  using out = await writer("now and then", full.schema);
  for (const table of [none, full, none]) out.write(table);
  assert.equal(out.close().rows, 1);
  assert.deepEqual(await inPython("now and then"), { word: ["a"], s: ["b"] });
});

test("its room is given back but for what was written, also when it is aborted or forgotten", async () => {
  const before = (await exchangeStats()).segmentBytes;
  for (let round = 0; round < 50; round++) {
    const out = await writer("again", { n: "int32" }, { capacity: "48 MiB" });
    out.write({ n: new Int32Array(1000).fill(round) });
    if (round % 2 === 0) out.abort();
    else out.close();
  }
  assert.ok((await exchangeStats()).segmentBytes - before <= 128 * 2 ** 20);
  assert.equal((await get("again")).getChild("n")!.get(0), 49);
  await remove("again");
});

test("what does not fit ends it; another schema does not", async () => {
  const small = await writer("small", { n: "float64" }, { capacity: 4096 });
  assert.throws(() => small.write({ m: Float64Array.of(1) }), {
    code: "NOT_ARROW",
    message: /wanted a batch of n: Float64, found m: Float64/,
  });
  assert.throws(() => small.write({ n: Float32Array.of(1) }), { code: "NOT_ARROW" });
  small.write({ n: Float64Array.of(1) });
  assert.throws(() => small.write({ n: new Float64Array(1000) }), {
    code: "TOO_LARGE",
    message: /at most 4 KiB in all, found more after 1 rows/,
  });
  assert.throws(() => small.write({ n: Float64Array.of(1) }), { code: "WRITER_CLOSED" });
  small.abort();
  await assert.rejects(writer("x", 5 as never), { code: "BAD_SCHEMA" });
  await assert.rejects(writer("x", { n: "float" as never }), {
    code: "BAD_SCHEMA",
    message: /"n"/,
  });
  await assert.rejects(writer("", { n: "int8" }), { code: "BAD_NAME" });
  await assert.rejects(writer("x", { n: "int8" }, { capacity: "much" }), { code: "BAD_SIZE" });
  assert.ok((await list()).every(({ name }) => name !== "x" && name !== "small"));
});

test("nulls where the schema has none are refused, and the writer goes on", async () => {
  const whole = new arrow.Field("n", new arrow.Int32(), false);
  const inner = new arrow.Field("in", new arrow.Struct([whole]), true);
  const out = await writer("whole", new arrow.Schema([whole, inner]));
  const rows = (n: (number | null)[], within: ({ n: number | null } | null)[]) => ({
    n: arrow.vectorFromArray(n, new arrow.Int32()),
    in: arrow.vectorFromArray(within, inner.type),
  });
  out.write(rows([1, 2], [{ n: 1 }, null]));
  const refused: [Parameters<typeof rows>, RegExp][] = [
    [
      [
        [3, null],
        [null, null],
      ],
      /column "n": wanted no nulls, found 1/,
    ],
    [
      [
        [3, 4],
        [{ n: 1 }, { n: null }],
      ],
      /column "in.n": wanted no nulls, found 1/,
    ],
  ];
  for (const [values, message] of refused) {
    assert.throws(() => out.write(rows(...values)), { code: "NOT_ARROW", message });
  }
  out.close();
  assert.deepEqual(await inPython("whole"), { n: [1, 2], in: [{ n: 1 }, null] });
});

test("versions follow each other, and readers keep theirs", async () => {
  await put("versions", { n: Int8Array.of(0) });
  const old = await get("versions");
  const out = await writer("versions", { n: "int8" });
  out.write({ n: Int8Array.of(1, 2) });
  out.close();
  assert.deepEqual([...old.getChild("n")!], [0]);
  assert.deepEqual([...(await get("versions")).getChild("n")!], [1, 2]);
});

test("without shared memory too", async () => {
  await bare.run(`
    using out = await cenote.writer("bare", { n: "uint8" });
    for (let k = 0; k < 3; k++) out.write({ n: new Uint8Array(1000).fill(k) });
    out.close();`);
  await until("it is shared", async () => (await list()).some(({ name }) => name === "bare"));
  const table = await get("bare");
  assert.equal(table.numRows, 3000);
  assert.equal(table.getChild("n")!.get(2999), 2);
});
