// Loops at the top of cells work on copies of variables: whatever a cell does, it does as if they didn't.
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { mapCell, NotebookNames, RUNTIME, transformCell } from "../../kernel/src/language/index.ts";

/** A notebook whose cells run in a scope of its own, one after another. */
class Cells {
  readonly #names = new NotebookNames();
  readonly #declared = new Set<string>();
  readonly #context: vm.Context;
  #result: unknown;

  constructor(scope: Record<string, unknown> = {}) {
    this.#context = vm.createContext({
      ...scope,
      [RUNTIME]: {
        result: (_id: number, value: unknown) => (this.#result = value),
        copy: (value: unknown) => value,
        thrown: (value: unknown) => value,
        wait: (_id: number, value: unknown) => value,
        run: (body: () => Promise<void>) => (this.#result = body().then(() => this.#result)),
      },
      $cenoteLine: [0],
    });
  }

  /** The result, of cells that await a promise of it. */
  run(source: string): unknown {
    const { code } = this.compile(source);
    this.#result = undefined;
    vm.runInContext(code, this.#context);
    return this.#result;
  }

  compile(source: string) {
    const cell = transformCell(source, 1, this.#names);
    this.#names.add(cell);
    for (const name of cell.declares) {
      if (!this.#declared.has(name)) vm.runInContext(`let ${name};`, this.#context);
      this.#declared.add(name);
    }
    return cell;
  }
}

const copies = (code: string) =>
  [...code.matchAll(/(\w+)\u200d = \$cenote\.copy/g)].map((m) => m[1]);

/** What JavaScript itself makes of the code, as a function's body. */
function plainly(code: string, result: string): unknown {
  return vm.runInNewContext(`"use strict"; (() => { ${code}; return ${result} })()`);
}

test("loops give what they give in a function, however they assign", () => {
  const cases: [string, string][] = [
    ["let s = 0; for (let i = 0; i < 10; i++) s += i * 0.5", "s"],
    [
      "let s = 0; const out = []; for (let i = 0; i < 4; i++) out.push(s++, ++s, s--, --s, s++ + s++)",
      "[s, out]",
    ],
    ["let s = 5n, t; while (s > 0n) t = s--;", "[s, t]"],
    ["let a, b = 0, c = 1; for (const x of [0, 1, 2]) { a ??= x; b ||= x; c &&= x }", "[a, b, c]"],
    ["let f, g; for (const x of [1]) { f = () => x; g ??= function () {} }", "[f.name, g.name]"],
    ["let a = 0, b = 1; for (let i = 0; i < 9; i++) [a, b] = [b, a + b]", "[a, b]"],
    ["let a = 0, b = 1, t; for (let i = 0; i < 9; i++) { t = a + b; a = b; b = t }", "[a, b, t]"],
    ["let o = {}, k; for (k in { x: 1, y: 2 }) o[k] = k; for (k of [7]) o.z = k", "[o, k]"],
    [
      "for (var i = 0, n = 3, seen = []; i < n; i++) { var last = i; seen.push(i) }",
      "[i, n, last, seen]",
    ],
    [
      "let s = 1; for (const x of [1, 2]) { const { a = s += x, ...rest } = { b: s }; s += rest.b + a }",
      "s",
    ],
    ["let s = 1; for (const x of [1, 2]) { switch (s++) { case 1: { let s = 9; s += x } } }", "s"],
    ["let s = 1; for (let s = 5; s < 8; s++) {}", "s"],
    ["let s = 1; for (const s of [4]) s; { let s = 0; while (s < 3) s++ }", "s"],
    [
      "let s = 1, caught; for (const x of [1]) try { throw x } catch (s) { caught = s }",
      "[s, caught]",
    ],
    [
      "let s = 0; outer: for (const x of [1, 2, 3]) for (;;) { s += x; if (x === 2) break outer; continue outer }",
      "s",
    ],
    ["let s = 0; for (const x of [1, 2]) { const read = () => s; s += x; s += read() }", "s"],
    [
      "let s = 0, t = 0; for (const x of [1, 2]) { const write = () => (s += x); t += s; write(); t += s }",
      "[s, t]",
    ],
    [
      "let s = 0; class C { static add() { s += 2 } } for (const x of [1, 2]) { C.add(); s += x }",
      "s",
    ],
    ["let s = 0; const o = { get x() { return s++ } }; for (let i = 0; i < 3; i++) s += o.x", "s"],
    [
      "let s = 2; const all = []; for (const x of [1, 2]) { all.push({ s, [s]: s, s2: s, m(s) { return s } }); s += x }",
      "JSON.stringify(all)",
    ],
    ["let s = 0; do { s += 1; (s) = s + 1; (s)++ } while (s < 10)", "s"],
    ["let s = 0, text = ''; for (const x of [1, 2]) { s += x; text += String.raw`|` + s }", "text"],
    ["let s = 0; if (s === 0) for (const x of [1, 2]) s += x; else s = 9;", "s"],
    ["let s = 0; try { for (;;) { s++; if (s === 3) throw new Error() } } catch {}", "s"],
  ];
  for (const [code, result] of cases) {
    const here = new Cells().run(`${code};\n${result}`);
    assert.deepEqual(JSON.stringify(here, big), JSON.stringify(plainly(code, result), big), code);
    const notebook = new Cells();
    const [declared, ...rest] = code.split("; ");
    if (!/^let [^(]*$/.test(declared!)) continue;
    notebook.run(declared!);
    notebook.run(rest.join("; "));
    assert.deepEqual(JSON.stringify(notebook.run(result), big), JSON.stringify(here, big), code);
  }
});

const big = (_key: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);

test("a loop copies what it uses itself and no function assigns to", () => {
  const cells = new Cells();
  cells.run("let s = 0, t = 0, u = 0, data = [1, 2]; const c = 1; function add() { t++ }");
  const cases: [string, string[]][] = [
    ["for (const x of data) s += x + c", ["data", "s", "c"]],
    ["for (const x of data) { s += x; t += x }", ["data", "s"]],
    ["for (const x of data) { s += x; const later = () => { s = 0 } }", ["data"]],
    ["for (const x of data) [s, u] = [u, s + x]", ["data"]],
    ["for (const x of data) console.log(Math.max(x, s))", ["data", "s"]],
    ["for (const x of data) { const s = x; s + 1 }", ["data"]],
    ["for (const x of data) { s += x; await null }", []],
    ["for (const x of data) { await null; for (let i = 0; i < 2; i++) s += x }", ["s"]],
    ["const f = () => { for (const x of data) s + x }", []],
    ["for (const x of data) { try { c = 1 } catch {} }", ["data"]],
  ];
  for (const [source, wanted] of cases) {
    // In a notebook of its own: what a cell's functions assign to counts for later cells too.
    const own = new Cells();
    own.run("let s = 0, t = 0, u = 0, data = [1, 2]; const c = 1; function add() { t++ }");
    assert.deepEqual(copies(own.compile(source).code).sort(), wanted.sort(), source);
  }
  cells.run("const later = () => { s = 0 }");
  assert.deepEqual(copies(cells.compile("for (const x of data) s += x").code), ["data"]);
  cells.run("const make = (text) => new Function(text)");
  assert.deepEqual(copies(cells.compile("for (const x of data) u += x").code), []);
});

test("a loop that ends early leaves the variable at its last value", () => {
  const cells = new Cells({ stop: () => assert.fail("stopped") });
  assert.throws(() => cells.run("let s = 0; for (;;) { s++; if (s === 5) stop() }"));
  assert.equal(cells.run("s"), 5);
  const seen: unknown[] = [];
  const watched = new Cells({ note: (value: unknown) => seen.push(value) });
  watched.run("let n = 0; const look = () => note(n)");
  watched.run("while (n < 3) { n++; look() }");
  assert.deepEqual(seen, [1, 2, 3]);
});

test("in a cell that awaits, loops that don't await have copies", async () => {
  const cells = new Cells();
  const source =
    "let s = await 1; for (let i = 0; i < 4; i++) s += i;\nfor (const x of [1, 2]) s += await x;\ns";
  assert.equal(await cells.run(source), 10);
});

test("places within a loop lead back to the source, also when later cells have changed what is known", () => {
  const names = new NotebookNames();
  names.add(transformCell("let s = 0", 1, names));
  const source = "for (const x of [1]) {\n  s += x;\n  s++, fail(s);\n}";
  const cell = transformCell(source, 2, names);
  names.add(transformCell("const f = () => { s = 1 }", 3, names));
  const lines = cell.code.split("\n");
  const line = lines.findIndex((text) => text.includes("fail"));
  const at = mapCell(source, 2, cell.known).original({
    line: line + 1,
    column: lines[line]!.indexOf("fail") + 1,
  });
  assert.deepEqual(at, { line: 3, column: 8 });
});
