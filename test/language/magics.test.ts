// What the language knows of magics: the code that they become, completion, inspection, completeness.
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitMagics } from "../../kernel/src/base/index.ts";
import { isComplete, NotebookNames, transformCell } from "../../kernel/src/language/index.ts";
import { completeMagic, inspectMagic } from "../../kernel/src/language/magic-answers.ts";

const transform = (source: string) => transformCell(source, 7, new NotebookNames());
const complete = (text: string) => {
  const cursor = [...text.replace(/\|.*/s, "")].length;
  const found = completeMagic(text.replace("|", ""), cursor);
  return found && { matches: found.matches, start: found.cursor_start, end: found.cursor_end };
};

test("magics become calls before the cell's code", () => {
  const { code, isAsync } = transform('%reload ./a.ts "x"\n%who\n1 + 1');
  assert.ok(!isAsync);
  const reload = code.indexOf('$cenote.magic("reload", "./a.ts \\"x\\"")');
  const who = code.indexOf('$cenote.magic("who", "")');
  assert.ok(0 < reload && reload < who && who < code.indexOf("1 + 1"));
});

test("a cell waits for npm", () => {
  const { code, isAsync } = transform('%npm install d3\nimport * as d3 from "d3"');
  assert.ok(isAsync);
  const install = code.indexOf('await $cenote.wait(7, $cenote.magic("npm", "install d3"))');
  assert.ok(0 < install && install < code.indexOf("$cenote.load("));
});

test("times are taken around the statement or the cell, and are told of a cell that throws", () => {
  const one = transform("%time const a = f()\nconst b = 2").code;
  const [begin, f, end, b] = ["time(7)", "f()", "timed(7)", "b = "].map((part) =>
    one.indexOf(part),
  );
  assert.ok(0 < begin! && begin! < f! && f! < end! && end! < b!, one);
  for (const head of ["%%time", "%time", "%time // all"]) {
    const { code, hasResult } = transform(`${head}\nf()`);
    assert.match(code, /time\(7\); try \{.*f\(\).*\} finally \{ \$cenote\.timed\(7\); \}/s);
    assert.ok(hasResult);
  }
});

test("an unknown magic is an error at its place, with the one that is meant", () => {
  const wanted = { name: "SyntaxError", position: { line: 2, column: 1 }, help: /%types.*%help/ };
  assert.throws(() => transform("\n%tipes on"), wanted);
  assert.throws(() => transform("%%who"), { message: /%%who/, help: /Did you mean %who/ });
  assert.throws(() => transform("let a = 1;\n%who"), { help: /head of a cell/ });
});

test("completion of names and of what follows them", () => {
  assert.deepEqual(complete("%t|"), { matches: ["%time", "%types"], start: 0, end: 2 });
  assert.deepEqual(complete("%who\n%%|"), { matches: ["%%time"], start: 5, end: 7 });
  assert.deepEqual(complete("%types st|\nlet x"), { matches: ["strict"], start: 7, end: 9 });
  assert.deepEqual(complete("// 😀\n%npm i|"), { matches: ["install"], start: 10, end: 11 });
  assert.equal(complete("%|")!.matches.length, 6);
  for (const code of ["a\n%t|", "%time f|", "%who\nx|", "1 %t|", "%nothing x|"]) {
    assert.equal(complete(code), undefined, code);
  }
});

test("inspection of a name, and of nothing else", () => {
  const inspect = (source: string, cursor: number) =>
    inspectMagic(splitMagics(source).magics, source, cursor);
  assert.match(JSON.stringify(inspect("%%time\nf()", 3)), /how long/);
  assert.match(JSON.stringify(inspect("// 😀\n%npm install", 6)), /notebook's folder/);
  assert.equal(inspect("%npm install", 9), undefined);
  assert.equal(inspect("%nothing", 3), undefined);
});

test("a cell of magics is complete, and what is below them is looked at", () => {
  assert.equal(isComplete("%npm install d3").status, "complete");
  assert.equal(isComplete("%%time\nfor (;;) {").status, "incomplete");
  assert.equal(isComplete("%who\nlet b: = 1; let").status, "invalid");
  assert.equal(isComplete("%time f(").status, "incomplete");
});
