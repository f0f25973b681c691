// Cursors in code points and offsets in code units.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  codePointsBefore,
  isComplete,
  markedSource,
  offsetFromCodePoints,
  positionAt,
} from "../../kernel/src/language/index.ts";

const text = fc.string({ unit: "binary" });

test("code points and offsets are each other's inverse", () => {
  fc.assert(
    fc.property(text, fc.nat(50), (code, points) => {
      const offset = offsetFromCodePoints(code, points);
      assert.equal(codePointsBefore(code, offset), Math.min(points, [...code].length));
    }),
  );
});

test("a position's line and column lead back to the offset", () => {
  fc.assert(
    fc.property(text, fc.nat(50), (code, at) => {
      const offset = Math.min(at, code.length);
      const { line, column } = positionAt(code, offset);
      const lines = code.split("\n");
      const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
      assert.equal(start + column - 1, offset);
    }),
  );
});

test("a marked line has its number, its neighbours and a caret", () => {
  assert.equal(
    markedSource("a\nbb\n\tcc\nd", { line: 3, column: 3 }),
    "  2 | bb\n> 3 | \tcc\n    | \t ^\n  4 | d",
  );
  assert.equal(markedSource("a", { line: 5, column: 1 }), "");
});

test("whatever is typed, completeness is decided", () => {
  fc.assert(
    fc.property(text, (code) => {
      assert.ok(["complete", "incomplete", "invalid"].includes(isComplete(code).status));
    }),
  );
});

test("a whole program cut anywhere is never called invalid for want of its end alone", () => {
  // At these places something is open and nothing is wrong.
  const program = `const f = (a: number) => {\n  return [a, \`x \${a}\`];\n};\nf(1)`;
  for (const cut of [
    "const f = (",
    "const f = (a: number) => {",
    "const f = (a: number) => {\n  return [a, `x ${",
  ]) {
    assert.ok(program.startsWith(cut));
    assert.equal(isComplete(cut).status, "incomplete", cut);
  }
  assert.equal(isComplete(program).status, "complete");
});
