// What values look like, by their shape and within bounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tableFromArrays } from "apache-arrow";
import { formatValue } from "../../kernel/src/cells/format.ts";
import { formatArrowTable } from "../../kernel/src/cells/format-arrow.ts";
import { inspectBounded } from "../../kernel/src/cells/inspect-bounded.ts";

const same = (text: string) => text;
const data = (value: unknown) => {
  const formatted = formatValue(value, same);
  assert.ok(!(formatted instanceof Promise));
  return formatted.data;
};

const shown = (bundle: Record<string, unknown>) => ({
  html: String(bundle["text/html"]),
  plain: String(bundle["text/plain"]),
});

test("objects say themselves how they are shown, also later, also with metadata", async () => {
  const by = (bundle: unknown) => ({ [Symbol.for("Jupyter.display")]: () => bundle });
  assert.deepEqual(data(by({ "text/html": "<b>" })), { "text/html": "<b>" });
  assert.deepEqual(await formatValue(by([{ "text/plain": "x" }, { a: 1 }]), same), {
    data: { "text/plain": "x" },
    metadata: { a: 1 },
  });
  assert.deepEqual((await formatValue(by(Promise.resolve({ "image/png": "A" })), same)).data, {
    "image/png": "A",
  });
});

test("pictures, charts and elements are known by their shape", () => {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 9);
  assert.equal(data(png)["image/png"], Buffer.from(png).toString("base64"));
  const spec = { $schema: "https://vega.github.io/schema/vega-lite/v5.json", mark: "bar" };
  assert.equal(data(spec)["application/vnd.vegalite.v5+json"], spec);
  assert.equal(data({ tagName: "svg", outerHTML: "<svg></svg>" })["text/html"], "<svg></svg>");
  assert.deepEqual(Object.keys(data(Uint8Array.of(1, 2))), ["text/plain"]);
});

test("Arrow tables: names, types, values, nulls, escapes, sizes", () => {
  const table = tableFromArrays({
    "<name>": ["a", null, "<script>"],
    n: Int16Array.from([1, -2, 3]),
    big: BigInt64Array.from([2n ** 60n, 0n, 1n]),
    when: [new Date(0), new Date(1e12), null],
  });
  const { html, plain } = shown(formatArrowTable(table));
  assert.ok(!html.includes("<script>") && html.includes("&lt;script&gt;"));
  for (const part of [
    "Int16",
    "Int64",
    "1152921504606846976",
    "2001-09-09T01:46:40Z",
    "null",
    "3 rows × 4 columns",
  ]) {
    assert.ok(html.includes(part), part);
    assert.ok(plain.includes(part), part);
  }
});

test("a table of a million rows shows twenty", () => {
  const { html } = shown(formatArrowTable(tableFromArrays({ x: new Float32Array(1_000_000) })));
  assert.equal(html.match(/<tr>/g)!.length, 21);
  assert.ok(html.includes("1,000,000 rows × 1 column"));
});

test("text stays within bounds and runs no getters", () => {
  const wide = (depth: number): unknown =>
    depth === 0 ? 0 : Array.from({ length: 100 }, () => wide(depth - 1));
  assert.ok(inspectBounded(wide(3)).length < 101_000);
  assert.ok(inspectBounded("x".repeat(1_000_000)).length < 101_000);
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  assert.match(inspectBounded(loop), /Circular/);
  let ran = 0;
  inspectBounded({
    get x() {
      return ran++;
    },
  });
  inspectBounded(new Proxy({}, { get: () => ran++ }));
  assert.equal(ran, 0);
  assert.equal(
    inspectBounded({ a: { b: { c: { d: { e: 1 } } } } }),
    "{\n  a: {\n    b: { c: { d: { e: 1 } } }\n  }\n}",
  );
});

test("records are a table; what is no table stays text", () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ id: i, name: i === 3 ? null : `<${i}>` }));
  const { html } = shown(data(rows));
  assert.equal(html.match(/<tr>/g)!.length, 21);
  assert.ok(
    html.includes("number") && html.includes("string | null") && html.includes("&lt;1&gt;"),
  );
  assert.ok(html.includes("30 rows × 2 columns"));
  let ran = 0;
  const getter = {
    get a() {
      return ran++;
    },
  };
  for (const value of [[], [1], [{}], [[{ a: 1 }]], [{ a: 1 }, new Date(0)], [getter]]) {
    assert.deepEqual(Object.keys(data(value)), ["text/plain"]);
  }
  assert.equal(ran, 0);
});

test("what can't be cut short by inspect is cut short all the same", () => {
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]));
  for (const value of [wide, { wide }, [[wide]], new Map([[1, wide]]), new Array(1e8)]) {
    const text = inspectBounded(value);
    assert.ok(text.length < 5000, text.slice(0, 100));
  }
  assert.match(inspectBounded(wide), /k0: 0,[\s\S]*k29: 29,[\s\S]*99,970 more/);
  assert.match(inspectBounded(new Array(1e8)), /Array\(100,000,000\)[\s\S]*99,999,970 more/);
});
