// What cells know of each other's names when they are compiled: constants, namespaces of several parts,
// JSX libraries. And what only TypeScript's own compiler makes into JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import {
  CellSyntaxError,
  fileToJavaScript,
  isComplete,
  mapCell,
  NotebookNames,
  RUNTIME,
  transformCell,
} from "../../kernel/src/language/index.ts";

class Notebook {
  readonly #names = new NotebookNames();
  readonly #declared = new Set<string>();
  readonly #context;
  #result: unknown;

  constructor(scope: Record<string, unknown> = {}) {
    const refuse = () => {
      throw new TypeError("constant");
    };
    this.#context = vm.createContext({
      ...scope,
      $cenoteLine: [0],
      [RUNTIME]: {
        result: (_: number, value: unknown) => (this.#result = value),
        using: (_: number, value: unknown) => value,
        copy: (value: unknown) => value,
        thrown: (value: unknown) => value,
        constant: new Proxy({}, { get: refuse, set: refuse }),
        h: (...all: unknown[]) => ["own", ...all],
        Fragment: "fragment",
      },
    });
  }

  /** Compiles and runs a synchronous cell; the result as JSON, since it is of another realm. */
  run(source: string): unknown {
    const cell = transformCell(source, 1, this.#names);
    assert.equal(cell.isAsync, false, source);
    this.note(cell);
    for (const name of cell.declares) {
      if (!this.#declared.has(name)) vm.runInContext(`let ${name};`, this.#context);
      this.#declared.add(name);
    }
    this.#result = undefined;
    vm.runInContext(cell.code, this.#context);
    return this.#result === undefined ? undefined : JSON.parse(JSON.stringify(this.#result));
  }

  note(cell: ReturnType<typeof transformCell>): void {
    this.#names.add(cell);
  }

  compile(source: string) {
    return transformCell(source, 1, this.#names);
  }
}

const REFUSED = [
  "fixed = 2",
  "fixed += 2",
  "fixed++",
  "--fixed",
  "[fixed] = [2]",
  "[[fixed = 1]] = [[2]]",
  "({ fixed } = { fixed: 2 })",
  "({ fixed = 3 } = {})",
  "({ a: fixed } = { a: 2 })",
  "({ ...fixed } = {})",
  "for (fixed of [2]) {}",
  "for (fixed in { a: 2 }) {}",
  "fixed &&= 2",
  "(() => { fixed = 2 })()",
  "{ let other = 1; fixed = other }",
  "(function fixed2() { fixed = 2 })()",
  "new (class { x = (fixed = 2) })()",
];
const ALLOWED: [string, unknown][] = [
  ["fixed ||= 2; fixed", 1],
  ["fixed ??= 2; fixed", 1],
  ["(() => { let fixed = 5; fixed = 6; return fixed })()", 6],
  ["((fixed) => { fixed++; return fixed })(7)", 8],
  ["(({ fixed }) => (fixed = 9))({})", 9],
  ["{ let fixed = 1; fixed = 2; }\nfixed", 1],
  ["for (let fixed = 0; fixed < 2; fixed++) {}\nfixed", 1],
  ["let seen; for (let fixed of [4]) { fixed = 5; seen = fixed }\nseen", 5],
  ["let got; try { throw 1 } catch (fixed) { fixed = 3; got = fixed }\ngot", 3],
  ["(() => { if (true) { var fixed = 4 } fixed = 5; return fixed })()", 5],
  ["let out; switch (1) { case 1: let fixed = 1; fixed = 6; out = fixed }\nout", 6],
  ["const o = { fixed: 1 }; o.fixed = 2; o.fixed", 2],
  ["(() => { class fixed {} ; return typeof fixed })()", "function"],
];

test("a constant refuses assignments, in its cell and later ones", () => {
  for (const code of REFUSED) {
    assert.throws(() => new Notebook().run(`const fixed = 1; ${code}`), /constant/, code);
    const notebook = new Notebook();
    notebook.run("const fixed = 1;");
    assert.throws(() => notebook.run(code), /constant/, code);
    assert.equal(notebook.run("fixed"), 1, code);
    // Stand-ins go the same way.
    const renamed = code.replaceAll("fixed", "Set");
    assert.throws(
      () => new Notebook({ Set }).run(`const Set = 1; ${renamed}`),
      /constant/,
      renamed,
    );
  }
});

test("inner variables of a constant's name, and a new declaration, may be assigned to", () => {
  for (const [code, result] of ALLOWED) {
    const notebook = new Notebook();
    notebook.run("const fixed = 1;");
    assert.deepEqual(notebook.run(code), result, code);
  }
  const notebook = new Notebook();
  notebook.run("const fixed = 1;");
  assert.equal(notebook.run("let fixed = 2; fixed = 3; fixed"), 3);
  assert.equal(notebook.run("fixed = 4; fixed"), 4);
  assert.equal(notebook.run("const fixed = 5; fixed"), 5);
  assert.throws(() => notebook.run("fixed = 6"), /constant/);
});

test("enums and namespaces have parts, in one cell and over cells", () => {
  const notebook = new Notebook();
  const cases: [string, unknown][] = [
    ["namespace A { export const x = 1; export function f() { return x } }\nA.f()", 1],
    [
      "namespace A { export const y = x + 1 } namespace A { export let z = y + 1 }\nA",
      { x: 1, y: 2, z: 3 },
    ],
    ["namespace A { export const w = [x, y, z] }\nA.w", [1, 2, 3]],
    ["const A = 5; A", 5],
    ["namespace A { export const q = 1 }\nA", { q: 1 }],
    [
      "namespace A.B { export const deep = 1 } namespace A.B { export const more = deep }\nA.B.more",
      1,
    ],
    ["namespace M { export let n = 0; export function inc() { n++ } }\nM.inc(); M.n", 1],
    ["class K { a = 1 } namespace K { export const s = 2 }\n[new K().a, K.s]", [1, 2]],
    ["namespace K { export const t = s + 1 }\nK.t", 3],
    ["function F() { return 1 } namespace F { export const s = 2 }\n[F(), F.s]", [1, 2]],
    [
      "enum E { P = 1 } enum E { Q = 2 } namespace E { export const both = 3 }\nE",
      { 1: "P", 2: "Q", P: 1, Q: 2, both: 3 },
    ],
    ["enum E { R }\nE", { 0: "R", R: 0 }],
    ["namespace Only { export interface I {} }\n1", 1],
    ["declare namespace D { const x: number }\n2", 2],
  ];
  for (const [source, result] of cases) assert.deepEqual(notebook.run(source), result, source);
});

test("standard decorators of every kind run, and leave no helpers in the notebook", () => {
  const notebook = new Notebook();
  notebook.run(
    "const seen: string[] = []; const note = (value: any, { kind, name }: any) => { seen.push(kind + String(name)) };",
  );
  const source = `@note class D {
    @note m() { return 1 } @note f = 2; @note accessor a = 3; @note get g() { return 4 }
    @note set s(x: number) {} @note static t() {} @note #p() {}
  }
  const d = new D(); [d.m(), d.f, d.a, d.g, D.name]`;
  assert.deepEqual(notebook.run(source), [1, 2, 3, 4, "D"]);
  assert.deepEqual((notebook.run("seen") as string[]).toSorted(), [
    "accessora",
    "classD",
    "fieldf",
    "getterg",
    "method#p",
    "methodm",
    "methodt",
    "setters",
  ]);
  assert.deepEqual(notebook.compile(source).declares, ["D", "d"]);
  const replacing =
    "const swap = (c: any, _: any) => class extends c { extra = 1 }; @swap class R {}\n(new R() as any).extra";
  assert.equal(notebook.run(replacing), 1);
  assert.equal(notebook.run("class P { accessor v = 5 }\nnew P().v"), 5);
  assert.equal(notebook.run("using u = { n: 1, [Symbol.dispose]() {} }; @swap class U {}\nu.n"), 1);
  const { code } = notebook.compile("await using w = { x: 1 }; @swap class W {}");
  assert.match(code, /w = \$cenote\.using\(1, \{/);
});

test("positions in what the compiler lowered lead back to the source", () => {
  const source =
    "function dec(v: any, c: any) {}\n\nclass A {\n  @dec m(): number {\n    return missing(1);\n  }\n}";
  const { code } = transformCell(source, 1);
  const before = code.slice(0, code.indexOf("missing")).split("\n");
  const at = { line: before.length, column: before.at(-1)!.length + 1 };
  assert.deepEqual(mapCell(source, 1).original(at), { line: 5, column: 12 });
  const object = "{ a: missing(1) }";
  const made = transformCell(object, 1).code;
  const column = made.indexOf("missing") - made.lastIndexOf("\n", made.indexOf("missing"));
  const line = made.slice(0, made.indexOf("missing")).split("\n").length;
  assert.deepEqual(mapCell(object, 1).original({ line, column }), { line: 1, column: 6 });
});

test("JSX calls the kernel's function, or that of the library that was imported", () => {
  const notebook = new Notebook();
  assert.deepEqual(notebook.run("<a href='x'>1{2}</a>"), ["own", "a", { href: "x" }, "1", 2]);
  assert.deepEqual(notebook.run("<></>"), ["own", "fragment", null]);
  assert.deepEqual(notebook.run("const h = 3; <b/>"), ["own", "b", null]);
  assert.deepEqual(notebook.run("/** @jsx mine */ const mine = (x: string) => x + 1; <b/>"), "b1");
  assert.match(
    notebook.compile("import React from 'react'; <b/>").code,
    /React\.createElement\("b"/,
  );
  assert.match(notebook.compile("import { h } from 'preact'; <b/>").code, /[^.]h\("b"/);
  notebook.note(notebook.compile("import React from 'react'"));
  assert.match(notebook.compile("<></>").code, /React\.createElement\(React\.Fragment/);
  const automatic = notebook.compile("/** @jsxImportSource preact */\n<b/>");
  assert.match(automatic.code, /"preact\/jsx-runtime"/);
});

test("what is TypeScript without JSX stays so", () => {
  const notebook = new Notebook();
  assert.equal(notebook.run("<number>(5 as any)"), 5);
  assert.equal(notebook.run("const id = <T>(x: T): T => x; id<number>(6)"), 6);
  assert.equal(notebook.run("const b = 1, c = 3; 1 < b, 2 > c"), false);
  for (const [source, line, column] of [
    ["<div><b></div>", 1, 11],
    ["const x = 1;\n<div>{x +}</div>", 2, 10],
    ["const y: = 1; y < 2", 1, 10],
  ] as const) {
    assert.throws(
      () => notebook.compile(source),
      (error) => {
        assert.ok(error instanceof CellSyntaxError);
        assert.deepEqual(error.position, { line, column }, source);
        return true;
      },
    );
  }
});

test("cells with JSX or a hashbang are complete, or not", () => {
  for (const [code, status] of [
    ["<b>x</b>", "complete"],
    ["<b>", "incomplete"],
    ["<b>{[1].map((x) => <i>{x}</i>", "incomplete"],
    ["const a = <div>\n  <b/>", "incomplete"],
    ["1 < 2", "complete"],
    ["#!/usr/bin/env node\n1", "complete"],
  ]) {
    assert.equal(isComplete(code!).status, status, code);
  }
});

test("modules in files: decorators, parts of namespaces, import = require", () => {
  const made = fileToJavaScript(
    "import os = require('node:os');\nnamespace N { export let a = 1 }\nnamespace N { export const b = a }\nexport { os, N };",
    "ts",
    import.meta.dirname,
  );
  assert.match(made.code, /createRequire\(import\.meta\.url\)/);
  assert.match(made.code, /N\.b = N\.a/);
  const wrong = () => fileToJavaScript("\nexport = 1", "ts", import.meta.dirname);
  assert.throws(wrong, /export =/);
});
