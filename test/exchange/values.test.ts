// Values that people write down cross as what they are, whatever is missing among them.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { runInNewContext } from "node:vm";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { put } from "../../kernel/src/exchange/index.ts";
import { Remote, useRuntimeFolder } from "./processes.ts";

const folder = useRuntimeFolder();
after(folder.remove);
const python = Remote.python();
after(() => python.end());

const missing = (values: fc.Arbitrary<unknown>) => fc.option(values, { freq: 4 });
/** Values that fit one type, which may have others within it. */
const column = fc.letrec<{ values: fc.Arbitrary<unknown> }>((tie) => ({
  values: fc.oneof(
    { maxDepth: 3 },
    fc.constant(fc.string({ unit: "grapheme" })),
    fc.constant(fc.double({ noNaN: true, noDefaultInfinity: true })),
    fc.constant(fc.boolean()),
    tie("values").map((values) => fc.array(missing(values), { maxLength: 4 })),
    fc
      .tuple(tie("values"), tie("values"))
      .map(([a, b]) => fc.record({ a: missing(a), "b c": missing(b) }, { requiredKeys: [] })),
  ),
})).values;
const columns = column.chain((values) =>
  fc.array(missing(values), { minLength: 1, maxLength: 20 }),
);

/** What Python sees: null for what is missing, in objects of any row too. */
const SEEN = `answer = cenote.get("values")["values"].to_pylist()`;

function full(value: unknown, like: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map((one, i) => full(one, (like as unknown[])[i]));
  if (typeof value !== "object") return value;
  const names = new Set([...Object.keys(like as object), ...Object.keys(value)]);
  const row = value as Record<string, unknown>;
  return Object.fromEntries(
    [...names].map((name) => [name, full(row[name], (like as Record<string, unknown>)[name])]),
  );
}

test("values that fit one type, nested and with gaps", async () => {
  await fc.assert(
    fc.asyncProperty(columns, async (values) => {
      await put("values", { values });
      const seen = await python.run<unknown[]>(SEEN);
      assert.deepEqual(seen, full(values, seen));
    }),
    { numRuns: 60 },
  );
});

for (const [what, values, type, seen] of [
  ["holes", new Array(3).fill(1, 0, 1), "double", [1, null, null]],
  [
    "bigints",
    [-(2n ** 63n), 2n ** 63n - 1n, null],
    "int64",
    ["-9223372036854775808", "9223372036854775807", null],
  ],
  ["large bigints", [0n, 2n ** 64n - 1n], "uint64", ["0", "18446744073709551615"]],
  [
    "dates",
    [new Date(1), null, runInNewContext("new Date(2)")],
    "timestamp[ms]",
    ["1970-01-01 00:00:00.001000", null, "1970-01-01 00:00:00.002000"],
  ],
  [
    "typed arrays",
    [Float32Array.of(1, 2), null, new Float32Array(0)],
    "list<item: float>",
    [[1, 2], null, []],
  ],
  [
    "typed arrays of two kinds",
    [Int8Array.of(1), Int16Array.of(2)],
    "list<item: double>",
    [[1], [2]],
  ],
  ["empty and missing lists", [[], null, [[]]], "list<item: list<item: string>>", [[], null, [[]]]],
  ["nothing", [null, undefined], "string", [null, null]],
  [
    "objects of another realm",
    runInNewContext("[[{ a: 1 }], null]"),
    "list<item: struct<a: double>>",
    [[{ a: 1 }], null],
  ],
  [
    "rows of a table",
    [[...arrow.tableFromArrays({ a: Int8Array.of(7) })]],
    "list<item: struct<a: double>>",
    [[{ a: 7 }]],
  ],
  [
    "a name like a method's",
    [[{ __proto__: null, toString: 1 }, {}]],
    "list<item: struct<toString: double>>",
    [[{ toString: 1 }, { toString: null }]],
  ],
] as const) {
  test(`${what} are ${type}`, async () => {
    await put("values", { values: values as unknown[] });
    assert.deepEqual(
      await python.run(`
def plain(one):
    return one if one is None or isinstance(one, (list, float)) else str(one)
c = cenote.get("values")["values"]
answer = [str(c.type), [plain(one) for one in c.to_pylist()]]`),
      [type, seen],
    );
  });
}

const circle: unknown[] = [];
circle.push(circle, circle); // twice: each level is twice as wide
for (const [values, why] of [
  [[2n ** 64n], "whole numbers of 64 bits, found 18446744073709551616"],
  [[-1n, 2n ** 63n], "whole numbers of 64 bits, found -1"],
  [[1, "a"], "values of one type, found numbers and texts"],
  [[{ a: [1, "x"] }, null], "values of one type, found numbers and texts"],
  [[new Date(Number.NaN)], "dates, found an invalid one"],
  [[/x/], "a type for, found RegExp"],
  [[new Map()], "a type for, found Map"],
  [[() => 1], "a type for, found function"],
  [circle, "nested more than 64 deep"],
] as const) {
  test(`refused: ${why}`, async () => {
    await assert.rejects(put("values", { v: values as unknown[] }), (error: Error) => {
      assert.equal((error as { code?: string }).code, "NOT_ARROW");
      assert.match(error.message, /column "v"/);
      assert.ok(error.message.includes(why), error.message);
      return true;
    });
  });
}
