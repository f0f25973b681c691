// What people give by mistake: an error of Cenote's that says what was wanted and what was found.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Field, Int8 } from "apache-arrow";
import {
  allocate,
  get,
  keep,
  type Puttable,
  put,
  release,
  watch,
  writer,
} from "../../kernel/src/exchange/index.ts";
import { useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(() => folder.remove());

/** Everything that is read of it throws. */
const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error("not this one");
    },
  },
);

/** An array whose memory has gone elsewhere. */
function transferred(): Float32Array {
  const array = Float32Array.of(1, 2);
  array.buffer.transfer();
  return array;
}

/** What is neither a text, a number, a boolean, nor an object of options; and hard to show. */
const cyclic: unknown[] = [];
cyclic.push(cyclic);
const ODD = [1n, Symbol("s"), cyclic, [1n], transferred(), Object.create(null), throwing, () => 1];

test("what can't be a table is refused with the reason", async () => {
  const wrong: [unknown, RegExp][] = [
    [{ shape: [2, 2], data: Float32Array.of(1, 2, 3) }, /has 4 elements, its data 3/],
    [{ format: "coo", shape: [2, 2] }, /its coords are no array/],
    [transferred(), /detached/],
    [{ schema: {}, batches: [] }, /found Object/],
    [{ schema: { fields: [] }, data: {} }, /found Object/],
    [{ type: {}, data: [] }, /found Object/],
    [{ a: { type: {}, data: [] } }, /found Object/],
    [{ shape: [1], data: Float32Array.of(1), dtype: "int8" }, /"int8", its data has float32/],
    [
      {
        format: "csr",
        shape: [2, 2],
        indptr: Int32Array.of(0, 1),
        indices: Int32Array.of(0),
        data: Int8Array.of(1),
      },
      /indptr has 2/,
    ],
    [
      { format: "coo", shape: [2, 2], coords: [Int32Array.of(1)], data: Int8Array.of(1) },
      /1 coords, its shape 2/,
    ],
    [[], /it is empty/],
    [{ a: [1], b: [1, 2] }, /different lengths: 1, 2/],
    [{ a: [1, "x"] }, /column "a"/],
    [{ x: new DataView(new ArrayBuffer(8)) }, /DataView/],
    [{}, /Accepted: /],
    [new Map(), /found Map/],
    [7, /found number/],
    ["x", /found string/],
    [null, /found null/],
    [undefined, /found undefined/],
    [{ a: 1 }, /found Object/],
  ];
  for (const [value, message] of wrong) {
    await assert.rejects(put("wrong", value as Puttable), { code: "NOT_ARROW", message });
  }
});

test("sizes, types and schemas are looked at", async () => {
  for (const odd of [...ODD, [2, -1], new Array(1), null, "2", {}]) {
    await assert.rejects(allocate(odd as number), { code: "BAD_SHAPE" });
  }
  for (const odd of [...ODD, "float8", null, 8]) {
    await assert.rejects(allocate(2, odd as "int8"), { code: "BAD_DTYPE" });
    await assert.rejects(writer("wrong", { a: odd as "int8" }), { code: "BAD_SCHEMA" });
    if (odd === throwing) continue; // it may be options
    await assert.rejects(writer("wrong", { a: "int8" }, { capacity: odd as number }), {
      code: odd === 8 ? "TOO_LARGE" : "BAD_SIZE",
    });
  }
  const noSchemas = [[], new Date(), Promise.resolve(), "int8", null, 5, cyclic, transferred()];
  for (const odd of [...noSchemas, { a: new Field("a", new Int8()) }]) {
    await assert.rejects(writer("wrong", odd as never), { code: "BAD_SCHEMA" });
  }
});

test("options, flags and functions are looked at", async () => {
  await put("table", { a: [1] });
  assert.equal((await get("table", null as never)).numRows, 1);
  await assert.rejects(get("table", 5 as never), {
    code: "BAD_ARGUMENT",
    message: "wanted options as { option: value }, found 5",
  });
  await assert.rejects(writer("w", { a: "int8" }, "1 GiB" as never), { code: "BAD_ARGUMENT" });
  for (const odd of [...ODD, null, "1"]) {
    await assert.rejects(get("table", { wait: odd as number }), { code: "BAD_WAIT" });
    await assert.rejects(get("table", { as: odd as "table" }), { code: "BAD_VIEW" });
    await assert.rejects(keep("table", odd as never), { code: "BAD_ARGUMENT" });
  }
  assert.throws(() => watch("table", 5 as never), {
    code: "BAD_ARGUMENT",
    message: "tell: wanted a function, found 5",
  });
  for (const odd of [undefined, null, 5, () => 1]) {
    await assert.rejects(release(odd as never), { code: "BAD_ARGUMENT" });
  }
});
