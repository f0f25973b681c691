// What the compiler is asked of a cell that is being written: no more than the answer depends on.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { TypeScriptService } from "../../kernel/src/language/service/index.ts";
import { memberQuestion, nameQuestion } from "../../kernel/src/language/service/question.ts";

const parse = (code: string) => ts.createSourceFile("q.ts", code, ts.ScriptTarget.ESNext, true);
const members = (code: string) => memberQuestion(parse(code), code.length).source;
const name = (code: string) => nameQuestion(parse(code), code.length).source;

test("members are asked for of the expression alone", () => {
  assert.equal(members("f(1); JSON."), "JSON.");
  assert.equal(members("JSON.parse('1'); JSON."), "JSON.");
  assert.equal(members("const a = 1;\nif (a) { rows.flat()."), "rows.flat().");
  assert.equal(members("call(one, [1, 2].map((x) => x * 2)."), "[1, 2].map((x) => x * 2).");
  assert.equal(name("f(1); JSON"), "JSON");
  assert.equal(name("print(rows.length"), "rows.length");
});

test("what the cell says of a name is asked with it", () => {
  for (const code of [
    "const rows = [1]; rows.",
    "function f(rows: string[]) { rows.",
    "for (const { rows } of all) rows.",
    "if (rows instanceof Map) rows.",
    "if (isSet(rows)) rows.",
    "rows = other; rows.",
    "class A { b = 1; f() { this.",
    "import rows from './rows.ts'; rows.",
    "const f = (x) => x + x.",
    "interface Row { a: 1 }; (rows as Row).",
    "{ a: 1 }.",
    "let x: JSON.",
  ]) {
    assert.equal(members(code), code);
  }
  for (const code of [
    "const rows",
    "f(rows, 1); rows",
    "let x: JSON",
    "x = { rows",
    "a; JSON.parse(",
  ]) {
    assert.equal(name(code), code);
  }
});

const folder = mkdtempSync(join(tmpdir(), "cenote-question-"));
after(() => rmSync(folder, { recursive: true }));
const api = fileURLToPath(new URL("../../kernel/src/api/index.ts", import.meta.url));
const service = new TypeScriptService({ folder, api, cancelled: () => false });
const complete = (code: string) => service.complete(code, [...code].length).matches;

test("the answers are those of the whole cell", () => {
  service.add({
    id: 1,
    executionCount: 1,
    code:
      "class Animal { name = '' } class Dog extends Animal { bark() {} }\n" +
      "let pet = new Animal(); const text = 'x'; let either: string | Map<number, 1>;",
  });
  assert.deepEqual(complete("text.length; pet."), ["name"]);
  assert.deepEqual(complete("if (pet instanceof Dog) pet."), ["bark", "name"]);
  assert.deepEqual(complete("const pet = { own: 1 }; pet."), ["own"]);
  assert.deepEqual(complete("((text: { inner: 1 }) => text."), ["inner"]);
  assert.deepEqual(complete("pet = new Dog(); pet."), ["name"]);
  assert.deepEqual(complete("if (typeof either !== 'string') either.si"), ["size"]);
  assert.deepEqual(complete("pet; [pet].map((p) => p."), ["name"]);
  const found = (code: string, wanted: string) => complete(code).includes(wanted);
  assert.ok(found("const ownName = 1; function other() {}\nown", "ownName"));
  assert.ok(found("const ownName = 1; call(own", "ownName"));
  assert.ok(found("function f(inner: number) { inn", "inner"));
  assert.ok(found("for (const inner of []) { inn", "inner"));
  assert.ok(found("1; p", "pet") && found("1; p", "process") && found("1; pr", "prompt"));
  assert.ok(!found("function f() { const hidden = 1 }\nhid", "hidden"));
  assert.equal(
    complete("const own = { a: 1 }; const copy = { ...own, b: 2 }; copy.").join(),
    "a,b",
  );
});

test("inspection tells what the whole cell would", () => {
  const shown = (code: string) => service.inspect(code, code.length)?.data["text/plain"] ?? "";
  assert.match(String(shown("1; pet")), /let pet: Animal/);
  assert.match(String(shown("print(text.length")), /length: number/);
  assert.match(String(shown("const pet = 5; pet")), /const pet: 5/);
  assert.match(String(shown("if (pet instanceof Dog) pet")), /pet: Dog/);
});
