// Magics in the text of a cell: where they are, and where a % is an operator.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestMagic, splitMagics } from "../../kernel/src/base/index.ts";

const names = (source: string) => splitMagics(source).magics.map(({ name }) => name);

test("magics stand at the head, after blanks, comments and other magics", () => {
  const source =
    "\n// one\n/* two\n%who */ %types strict // all\n  %npm install a 'b c'\r\n\nlet x = 1";
  const { code, magics } = splitMagics(source);
  assert.deepEqual(
    magics.map(({ name, rest, line }) => [name, rest, line]),
    [
      ["types", "strict", 4],
      ["npm", "install a 'b c'", 5],
    ],
  );
  assert.equal(code.length, source.length);
  assert.equal(code.indexOf("let x"), source.indexOf("let x"));
  assert.ok(!code.includes("npm") && code.includes("// one"));
});

test("everywhere else % is TypeScript's", () => {
  for (const source of [
    "a\n% b",
    "a\n%b",
    "7 %\n%who",
    "`\n%who\n`",
    "let a = 1;\n%who",
    "% who",
    "1 % types",
    "",
    "%",
    "%%",
    "%1",
  ]) {
    assert.deepEqual(splitMagics(source), { code: source, magics: [] }, source);
  }
});

test("what follows %time is code, and ends the magics", () => {
  const { code, magics } = splitMagics("%types on\n%time f() % 2\n%who");
  assert.equal(code, "         \n      f() % 2\n%who");
  assert.deepEqual(magics.map(({ name, whole, rest }) => [name, whole, rest])[1], [
    "time",
    false,
    "f() % 2",
  ]);
  assert.deepEqual(names("%%time\n%who\n1"), ["time", "who"]);
  assert.ok(splitMagics("%%time\n1").magics[0]!.whole);
});

test("a comment is no argument, an address is one", () => {
  const rest = (source: string) => splitMagics(source).magics[0]!.rest;
  assert.equal(rest("%npm install https://a.b/c.tgz // why"), "install https://a.b/c.tgz");
  assert.equal(rest("%who // all"), "");
  assert.equal(rest("%types//x"), "");
});

test("places stay in UTF-16 and in code points", () => {
  const source = "%npm install 😀\nx";
  const { code } = splitMagics(source);
  assert.equal(code.length, source.length);
  assert.equal([...code].length, [...source].length);
  assert.ok(code.startsWith("//"));
});

test("unknown magics are taken out too, and their neighbours known", () => {
  assert.deepEqual(names("%tipes on\n1"), ["tipes"]);
  assert.equal(nearestMagic("tipes"), "types");
  assert.equal(nearestMagic("nmp"), "npm");
  assert.equal(nearestMagic("timeit"), "time");
  assert.equal(nearestMagic("matplotlib"), undefined);
});
