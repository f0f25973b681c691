// The types of a notebook by the real compiler: cells as one growing program, its errors, completion and
// inspection. One service for all tests, as reading the libraries takes a second; names tell them apart.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Cancelled, TypeScriptService } from "../../kernel/src/language/service/index.ts";
import { Notebook } from "../../kernel/src/language/service/notebook.ts";

const folder = mkdtempSync(join(tmpdir(), "cenote-types-"));
after(() => rmSync(folder, { recursive: true }));
let cancel = false;
const api = fileURLToPath(new URL("../../kernel/src/api/index.ts", import.meta.url));
const service = new TypeScriptService({ folder, api, cancelled: () => cancel });

let cells = 0;
/** Runs the cell, as far as the types are concerned, and returns what is said of it. */
function cell(code: string, living: string[] = []) {
  const id = ++cells;
  service.add({ id, executionCount: id, code });
  const [report] = service.check([id], living);
  return { ...report!, text: String(report!.data["text/plain"] ?? "") };
}
const codes = (code: string) =>
  [...cell(code).text.matchAll(/\(TS(\d+)\)/g)].map(([, n]) => Number(n));
const complete = (code: string) => service.complete(code, [...code].length);
const markdown = (code: string, at: number) =>
  String(service.inspect(code, at)?.data["text/markdown"]);

test("declarations of earlier cells are known with their types, of every kind", () => {
  cell("const n1 = 1; let list1 = [1, 2]; function twice1(x: number) { return x * 2 }");
  cell("class Point1 { x = 1 } interface Shape1 { area: number } type Id1<T> = { id: T };");
  cell(
    "enum Colour1 { Red } namespace Space1 { export const deep = 'x' } var { a1, b: [b1] } = { a1: 1, b: ['x'] };",
  );
  assert.deepEqual(
    codes(
      "twice1(n1) + list1[0]!; const s1: Shape1 = { area: new Point1().x };" +
        "const i1: Id1<string> = { id: Space1.deep + b1 }; Colour1.Red; a1.toFixed();",
    ),
    [],
  );
  assert.deepEqual(codes("twice1('x')"), [2345]);
  assert.deepEqual(codes("const s2: Shape1 = { area: 'x' }"), [2322]);
  assert.deepEqual(codes("const i2: Id1<string> = { id: 1 }"), [2322]);
  assert.deepEqual(codes("b1.toFixed()"), [2551]);
  assert.deepEqual(codes("Colour1.Blue"), [2339]);
});

test("later cells may assign to variables, of the right type", () => {
  cell("let total2 = 1; const fixed2 = 1;");
  assert.deepEqual(codes("total2 = 2; total2++;"), []);
  assert.deepEqual(codes("total2 = 'x'"), [2322]);
});

test("the latest declaration of a name counts, of whatever kind, and only from then on", () => {
  cell("const again3 = 1; function use3() { return again3 }");
  cell("let again3 = 'text'");
  assert.deepEqual(codes("again3.toUpperCase(); use3().toFixed()"), []);
  cell("class again3 { m() {} }");
  assert.deepEqual(codes("new again3().m(); use3().toFixed()"), []);
  cell("let again3 = again3 + 1");
  assert.equal(complete("again3.").extent, "unknown");
});

test("what is natural in a notebook is no error", () => {
  cell("let maybe4: string | undefined; let grown4; const empty4 = [];");
  for (const code of [
    "maybe4.length",
    "grown4 = 1; grown4",
    "await Promise.resolve(1)",
    "const { x4 } = JSON.parse('{}'); x4",
    "[1, 2].map((x, i) => x); const f4 = (x) => x; f4(1)",
    "{ a: 1, b: 'x' }",
    "const r4 = await fetch('data:,'); const j4 = await r4.json(); j4.anything.at.all",
    "import untyped4 from 'no-such-package'; untyped4.x",
    "using u4 = { [Symbol.dispose]() {} }; u4",
    "export const e4 = 1; export default class X4 {}",
    "import.meta.dirname; require('node:fs'); process.argv; Buffer.alloc(1); structuredClone(1)",
    "await input('?', { password: true }); prompt('?')",
    "%time empty4\n%npm install something\n1 + 1",
    "try { maybe4 } catch (error) { error.message }",
    "if (",
  ]) {
    assert.deepEqual(codes(code), [], code);
  }
});

test("a name without a declaration is an error unless it lives", () => {
  const report = cell("nowhere5 + 1");
  assert.equal(report.errors, 1);
  assert.deepEqual(report.missing, ["nowhere5"]);
  assert.equal(cell("nowhere5 + 1", ["nowhere5"]).errors, 0);
});

test("errors show the cell's name, the place and the marked line, as text and HTML", () => {
  const report = cell("const fine6 = 1;\n\nconst wrong6: number = '<x>';");
  assert.match(report.text, new RegExp(`^Cell \\[${cells}\\]: 1 error of types`));
  assert.match(report.text, /line 3:7 {2}Type 'string' is not assignable to type 'number'/);
  assert.match(report.text, /> 3 \| const wrong6: number = '<x>';\n +\| {7}\^/);
  const html = String(report.data["text/html"]);
  assert.match(html, /<span style="[^"]*wavy[^"]*">wrong6<\/span>: number = &#39;&lt;x&gt;&#39;/);
});

test("paths of the machine and of our own modules don't show", () => {
  cell("class Hidden7 { p = 1 } const h7 = { inner: new Hidden7() };");
  const { text } = cell("const n7: number = h7");
  assert.match(text, /Hidden7/);
  assert.doesNotMatch(text, /cenote-cell|import\(/);
});

test("many errors are cut short", () => {
  const { text, errors } = cell("const a8: number = 'x';\n".repeat(1) + "x8;\n".repeat(30));
  assert.equal(errors, 31);
  assert.match(text, /… and 21 more/);
});

test("members, by types, with kinds", () => {
  cell(
    "/** A box. */ class Box9 { width = 1; grow(by: number) { return by } } const box9 = new Box9();",
  );
  const { matches, kinds, extent } = complete("box9.");
  assert.deepEqual(matches, ["grow", "width"]);
  assert.deepEqual(kinds, ["method", "property"]);
  assert.equal(extent, "complete");
  assert.deepEqual(complete("[box9].map((b) => b.wi").matches, ["width"]);
  assert.deepEqual(complete("box9?.grow(1).toFi").matches, ["toFixed"]);
  assert.deepEqual(complete("`${box9.wi").matches, ["width"]);
  assert.deepEqual(complete("box9.WI").matches, ["width"]);
});

test("keys of objects, values of literals, names in scope", () => {
  cell("type Options10 = { align: 'left' | 'right'; size?: number };");
  assert.deepEqual(complete("const o: Options10 = { ").matches, ["align", "size"]);
  assert.deepEqual(complete("const o: Options10 = { align: 'ri").matches, ["right"]);
  cell("function visible10() {} class Visible11 {}");
  const found = complete("visi");
  assert.deepEqual(found.matches, ["visible10"]);
  assert.deepEqual(found.kinds, ["function"]);
  assert.equal(found.extent, "names");
  assert.ok(complete("const local10 = 1; loca").matches.includes("local10"));
  assert.deepEqual(complete("// visi").matches, []);
});

test("modules and their exports", () => {
  assert.deepEqual(complete("import fs from 'node:f").matches, ["node:fs", "node:fs/promises"]);
  assert.deepEqual(complete("import { x } from 'ceno").matches, ["cenote"]);
  const named = service.complete("import { form } from 'cenote'", "import { form".length);
  assert.deepEqual(named.matches, ["formatBytes"]);
  writeFileSync(join(folder, "local11.ts"), "export const fromFile = 1;");
  const file = complete("import x from './loc");
  assert.deepEqual(file.matches, ["local11"]);
  assert.deepEqual([file.cursor_start, file.cursor_end], [17, 20]);
});

test("a cursor counts code points, as do the answers", () => {
  cell("const wide12 = { key: 1 };");
  const found = complete("'😀😀'; wide12.k");
  assert.deepEqual(found.matches, ["key"]);
  assert.deepEqual([found.cursor_start, found.cursor_end], [13, 14]);
});

test("the next letter of a word gives the same as asking anew", () => {
  cell("const typed13 = { alpha: 1, alpine: 2, beta: 3 };");
  assert.deepEqual(complete("typed13.").matches, ["alpha", "alpine", "beta"]);
  assert.deepEqual(complete("typed13.al").matches, ["alpha", "alpine"]);
  assert.deepEqual(complete("typed13.alpi").matches, ["alpine"]);
  assert.deepEqual(complete("typed13.b").matches, ["beta"]);
  cell("const typed13 = { other: 1 };");
  assert.deepEqual(complete("typed13.").matches, ["other"]);
});

test("any and unknown are left to whoever can see the value", () => {
  cell("const any14 = JSON.parse('{}'); const unknown14 = any14 as unknown;");
  assert.equal(complete("any14.").extent, "unknown");
  assert.equal(complete("unknown14.").extent, "unknown");
  assert.equal(service.inspect("any14", 2)?.isAny, true);
  assert.equal(service.inspect("const x = 1; x", 14)?.isAny, false);
});

test("inspection gives signature, documentation and tags, across cells", () => {
  cell(
    "/**\n * The area.\n * @param w its width\n * @returns square metres\n */\nfunction area15(w: number): number { return w }",
  );
  for (const [code, at] of [
    ["area15(1)", 3],
    ["area15(1)", 8],
    ["area15(", 7],
  ] as const) {
    const text = markdown(code, at);
    assert.match(text, /^```ts\n.*area15\(w: number\): number\n```/, `${code} at ${at}`);
    assert.match(text, /The area\./);
    assert.match(text, /\*@param\* `w` — its width|\*@param\* `w` its width/);
  }
  cell("/** How many. */\nlet count15 = 1;");
  assert.match(markdown("count15", 2), /let count15: number\n```\n\nHow many\./);
  assert.equal(service.inspect("  ", 1), undefined);
  assert.equal(service.inspect("noSuchThing", 3), undefined);
  assert.doesNotMatch(markdown("area15", 2), /alias|import/);
});

test("types of cenote, of built-in modules and of packages that the kernel brings", () => {
  cell("import { col, formatBytes } from 'cenote'; import * as arrow from 'apache-arrow';");
  assert.deepEqual(codes("const text16: string = formatBytes(1); col('x').gt(1);"), []);
  assert.deepEqual(codes("formatBytes('x')"), [2345]);
  assert.ok(complete("arrow.tableFromI").matches.includes("tableFromIPC"));
  assert.deepEqual(
    codes("import { readFileSync } from 'node:fs'; readFileSync('x').lenght"),
    [2551],
  );
  assert.deepEqual(codes("import { nothing16 } from 'cenote'"), [2305]);
});

test("the notebook's own packages and files, also as they change", () => {
  const pkg = join(folder, "node_modules", "typed17");
  mkdirSync(pkg, { recursive: true });
  writeFileSync(
    join(pkg, "package.json"),
    '{"name":"typed17","version":"1.0.0","types":"i.d.ts","main":"i.js"}',
  );
  writeFileSync(join(pkg, "i.d.ts"), "export declare const typed: { field: number };");
  const plain = join(folder, "node_modules", "plain17");
  mkdirSync(plain, { recursive: true });
  writeFileSync(join(plain, "package.json"), '{"name":"plain17","version":"1.0.0","main":"i.js"}');
  writeFileSync(join(plain, "i.js"), "exports.x = 1");
  assert.deepEqual(codes("import { typed } from 'typed17'; import p17 from 'plain17'; p17.y;"), []);
  assert.deepEqual(complete("typed.fi").matches, ["field"]);
  cell("import { typed as asInDeno } from 'npm:typed17@^1.0'");
  assert.deepEqual(complete("asInDeno.fi").matches, ["field"]);

  const file = join(folder, "own17.ts");
  writeFileSync(file, "export const own = { before: 1 };");
  cell("import { own } from './own17.ts'");
  assert.deepEqual(complete("own.").matches, ["before"]);
  writeFileSync(file, "export const own = { afterwards: 1 }; // longer");
  cell("import { own } from './own17'");
  assert.deepEqual(complete("own.").matches, ["afterwards"]);
});

test("strict: a cell is looked at without becoming part of the program", () => {
  const refused = service.tryCell(
    { id: 900, executionCount: 900, code: "const s18: number = 'x'" },
    [],
  );
  assert.equal(refused.errors, 1);
  assert.match(String(refused.data["text/plain"]), /^Cell \[900\].*was not run/);
  assert.deepEqual(cell("s18").missing, ["s18"]);
  const missing = service.tryCell(
    { id: 901, executionCount: 901, code: "import x from 'absent18'" },
    [],
  );
  assert.equal(missing.errors, 1);
});

test("a check can be given up and made again", () => {
  const id = ++cells;
  service.add({ id, executionCount: id, code: "const c19: number = 'x';" });
  cancel = true;
  assert.throws(() => service.check([id], []), Cancelled);
  cancel = false;
  assert.equal(service.check([id], [])[0]?.errors, 1);
});

test("a long chain of cells keeps its types, a very long one loses them but nothing breaks", () => {
  cell("const link0 = { value: 1 };");
  for (let i = 1; i <= 120; i++) {
    service.add({
      id: ++cells,
      executionCount: cells,
      code: `const link${i} = { value: link${i - 1}.value + 1 };`,
    });
  }
  assert.deepEqual(complete("link120.").matches, ["value"]);
  for (let i = 121; i <= 450; i++) {
    service.add({
      id: ++cells,
      executionCount: cells,
      code: `const link${i} = { value: link${i - 1}.value + 1 };`,
    });
  }
  assert.deepEqual(codes("link450.value.toFixed(); const t20: typeof link450 = link450;"), []);
});

test("whatever text a cell holds, it is answered", () => {
  for (const code of [
    "",
    "}",
    "import",
    "import { ",
    "`${",
    "\u0000",
    "@",
    "class {",
    "'".repeat(99),
    "a.b.c.".repeat(50),
    "\ud800.",
  ]) {
    for (const at of [0, 1, code.length, code.length + 5]) {
      assert.ok(Array.isArray(service.complete(code, at).matches));
      service.inspect(code, at);
    }
    cell(code);
  }
});

test("cells whose names are all declared anew are forgotten", () => {
  const notebook = new Notebook(folder);
  for (let id = 1; id <= 3000; id++) {
    notebook.add({ id, executionCount: id, code: `const kept${id % 10} = ${id};` });
  }
  assert.ok(notebook.size < 2100, `${notebook.size} cells are kept`);
  assert.equal([...notebook.names()].length, 10);
});

test("JSX has no errors of its own; what stands in braces has types", () => {
  cell(
    "const Item40 = ({ n, children }: { n: number; children?: unknown }) => <li>{n}{children}</li>;",
  );
  assert.deepEqual(
    codes("<ul class='x' data-n={1} style={{ color: 'red' }}><Item40 n={1}>a</Item40><></></ul>"),
    [],
  );
  assert.deepEqual(codes("<ul>{missing40}</ul>"), [2304]);
  assert.deepEqual(codes("<Item40 n='x' />"), [2322]);
  assert.deepEqual(codes("const element40 = <b/>; element40.html.length"), []);
  assert.deepEqual(
    codes("const cast40 = <number>(5 as any); const id40 = <T>(x: T) => x; id40<string>('')"),
    [],
  );
  assert.ok(service.complete("<b>{[1].ma}</b>", 10)?.matches.includes("map"));
});

test("decorators are checked as the standard has them", () => {
  cell(
    "function logged41(value: (this: any, n: number) => number, context: ClassMethodDecoratorContext) { return value }",
  );
  assert.deepEqual(
    codes("class A41 { @logged41 m(n: number) { return n } accessor x = 1 } new A41().x.toFixed()"),
    [],
  );
  assert.deepEqual(codes("class B41 { @logged41 m(n: string) { return n } }").length > 0, true);
});

test("parts of a namespace in several cells are no errors", () => {
  cell("namespace Parts42 { export const x = 1 }");
  cell("namespace Parts42 { export const y = 2 }");
  assert.deepEqual(codes("Parts42.x + Parts42.y"), []);
  assert.deepEqual(codes("Parts42.y.foo"), [2339]);
});

test("names of what is shared complete where one is wanted", () => {
  cell('import { get as take31, put as put31, release as release31 } from "cenote";');
  service.share(["flights", "fl ights", "trips"]);
  assert.deepEqual(complete('const t31 = await take31("fl').matches, ["fl ights", "flights"]);
  assert.deepEqual(complete('release31("').matches, ["fl ights", "flights", "trips"]);
  assert.deepEqual(complete('console.log("fl').matches, []);
  assert.deepEqual(codes('take31("flights"); take31("what is shared later");'), []);
  service.share([]);
  assert.deepEqual(complete('await take31("fl').matches, []);
});
