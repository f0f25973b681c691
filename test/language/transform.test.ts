// Cells as scripts: what is declared, what is the result, what moves, and where positions lead back to.
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import {
  CellSyntaxError,
  mapCell,
  NotebookNames,
  RUNTIME,
  transformCell,
} from "../../kernel/src/language/index.ts";

/** Runs a synchronous cell in a scope of its own and returns what it handed over. */
function run(source: string, scope: Record<string, unknown> = {}): unknown {
  const cell = transformCell(source, 1);
  assert.equal(cell.isAsync, false);
  let result: unknown;
  const context = vm.createContext({
    ...scope,
    [RUNTIME]: {
      result: (_id: number, value: unknown) => (result = value),
      using: (_: number, v: unknown) => v,
      copy: (v: unknown) => v,
      thrown: (v: unknown) => v,
    },
    $cenoteLine: [0],
  });
  for (const name of cell.declares) vm.runInContext(`let ${name};`, context);
  vm.runInContext(cell.code, context);
  return result;
}

test("every way to declare is an assignment to a name that is declared apart", () => {
  const cases: [string, string[], unknown][] = [
    ["const a = 1; a", ["a"], 1],
    ["try { throw (1, 2) } catch (e) { var t = e }\nt", ["t"], 2],
    ["let a: number; a = 2; a", ["a"], 2],
    ["var a = 3, b; a", ["a", "b"], 3],
    ["const { a, b: [c = 4], ...d } = { a: 1, b: [], e: 5 }; c", ["a", "c", "d"], 4],
    ["for (var i = 0; i < 3; i++) {}\ni", ["i"], 3],
    ["for (var k in { x: 1 }) {}\nk", ["k"], "x"],
    ["if (true) { var deep = 6 }\ndeep", ["deep"], 6],
    ["const f = () => {}; f.name", ["f"], "f"],
    ["g(); function g() { return 7 }\ng()", ["g"], 7],
    ["function* n() { yield 1 }\nn.name", ["n"], "n"],
    ["async function h() {}\nh.constructor.name", ["h"], "AsyncFunction"],
    ["class K { static s = 8 }\nK.s + K.name", ["K"], "8K"],
    ["enum E { A = 9 }\nE.A", ["E"], 9],
    ["namespace N { export const v = 10 }\nN.v", ["N"], 10],
    ["export const x = 11; export default x", ["x"], 11],
    ["export default { a: 1 }.a", [], 1],
    ["using u = { [Symbol.dispose]() {}, n: 12 }; u.n", ["u"], 12],
  ];
  for (const [source, declares, result] of cases) {
    assert.deepEqual(transformCell(source, 1).declares, declares, source);
    assert.equal(run(source), result, source);
  }
});

test("a global's name is kept under a stand-in, in this cell and the next", () => {
  const cases: [string, unknown][] = [
    ["const Map = 1; Map", 1],
    ["let { Map } = { Map: 2 }; Map", 2],
    ["let { Map = 3 } = {} as any; ({ Map }).Map", 3],
    ["var Map = (Map: number) => Map + 1; Map(3)", 4],
    ["function Map() { return 5 }\nMap.name + Map()", "Map5"],
    ["class Map { static Map = 6; static self = Map }\nMap.self.Map + Map.name", "6Map"],
    ["enum Map { A = 7 }\nMap.A", 7],
    ["Map: for (const Map of [8]) { globalThis.x = Map; break Map }\nlet Map = 8; Map", 8],
    ["class K { Map() { return 9 } Map2 = Map }\nconst Map = 9; new K().Map()", 9],
    ["const Map = await1(10), await2 = Map; function await1(Map: number) { return Map }\nMap", 10],
  ];
  for (const [source, result] of cases) {
    assert.equal(run(source), result, source);
    assert.deepEqual(transformCell(source, 1).standIns, ["Map"], source);
  }
  const afterMap = new NotebookNames();
  afterMap.add(transformCell("class Map {}", 1));
  const later = transformCell("[Map, Set, x.Map]", 2, afterMap);
  assert.match(later.code, /\[\s*Map\u200c,\s*Set,\s*x\.Map\s*\]/);
  assert.deepEqual(later.standIns, ["Map"]);
});

test("types leave nothing behind", () => {
  assert.equal(
    run("interface I { a: number }\ntype T = I['a'];\ndeclare const z: T;\n(5 as T)!"),
    5,
  );
  assert.deepEqual(
    transformCell("import type { A } from 'a'; import { type B } from 'b';", 1).declares,
    [],
  );
});

test("the last expression is the result unless a semicolon ends the cell", () => {
  for (const source of [
    "1",
    "1 // ;",
    "1 /* ; */",
    "1\n// a\n// b;",
    '"http://x"',
    "{ a: 1 }",
    "x = 1",
  ]) {
    assert.equal(transformCell(source, 1).hasResult, true, source);
  }
  for (const source of [
    "1;",
    "1; // c",
    "1; /* c */",
    "1;\n\n// d",
    '"http://x";',
    "const a = 1",
    "{ }; ",
    "",
  ]) {
    assert.equal(transformCell(source, 1).hasResult, false, source);
  }
});

test("a cell that awaits, imports or waits in a loop is asynchronous; its functions are not counted", () => {
  for (const source of [
    "await 1",
    "for await (const x of y) {}",
    "import 'x'",
    "export * from 'x'",
    "if (a) { await b }",
  ]) {
    assert.equal(transformCell(source, 1).isAsync, true, source);
  }
  for (const source of [
    "async () => { await 1 }",
    "import('x')",
    "class A { async m() { await 1 } }",
  ]) {
    assert.equal(transformCell(source, 1).isAsync, false, source);
  }
});

test("imports come first, in their order, whatever stands before them", () => {
  const { code } = transformCell(
    "first();\nimport a from 'a';\nsecond();\nimport { b as c } from 'b' with { type: 'json' };",
    1,
  );
  const order = ['load("a"', 'load("b"', "first()", "second()"].map((text) => code.indexOf(text));
  assert.deepEqual(
    order,
    order.toSorted((x, y) => x - y),
  );
  assert.ok(!order.includes(-1));
  assert.match(code, /\{"type": "json"\}/);
});

test("syntax errors have the place in the user's text, beyond astral characters too", () => {
  const cases: [string, number, number][] = [
    ["let a: = 1", 1, 8],
    ["const é = '😀';\n\nlet b: = 1", 3, 8],
    ["'😀'; let c: = 1", 1, 14],
    ["let d = 1;\nlet d = 2;", 2, 5],
    ["f(", 1, 3],
  ];
  for (const [source, line, column] of cases) {
    assert.throws(
      () => transformCell(source, 1),
      (error) => {
        assert.ok(error instanceof CellSyntaxError);
        assert.deepEqual(error.position, { line, column }, source);
        return true;
      },
    );
  }
});

test("positions of generated code lead back to the source", () => {
  const source =
    "type T = number;\n\nfunction later(x: T) {\n  return missing(x);\n}\nconst a = later(1), b = other(2);\nawait last(a);";
  const { code } = transformCell(source, 1);
  const map = mapCell(source, 1);
  for (const name of ["missing", "later(1)", "other", "last(a)"]) {
    const at = code.indexOf(name);
    const before = code.slice(0, at).split("\n");
    const found = map.original({ line: before.length, column: before.at(-1)!.length + 1 });
    const wanted = source.slice(0, source.indexOf(name)).split("\n");
    assert.deepEqual(found, { line: wanted.length, column: wanted.at(-1)!.length + 1 }, name);
  }
});

test("only statements that may call something store their line", () => {
  const { code } = transformCell(
    "const a = 1;\nlet s = a * 2;\nf();\nfor (let i = 0; i < 3; i++) {\n  s += i;\n  f(i);\n}",
    1,
  );
  assert.deepEqual(
    [...code.matchAll(/\$cenoteLine\[0\]=(\d+)/g)].map((m) => Number(m[1])),
    [3, 6],
  );
});
