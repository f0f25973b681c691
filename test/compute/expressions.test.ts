// Expressions on the GPU against the same expressions in JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Expr } from "../../kernel/src/compute/index.ts";
import { scoped } from "../gpu/open.ts";
import { check } from "./check.ts";
import { NUMBERS, numberExpr, randomTable, testExpr, textExpr, textTestExpr } from "./random.ts";

const ALL = [...NUMBERS, "bool", "text", "codes"];

async function checkAll(
  names: readonly string[],
  rows: number,
  expr: fc.Arbitrary<Expr>,
  runs: number,
) {
  let computed = 0;
  await scoped(() =>
    fc.assert(
      fc.asyncProperty(
        randomTable(names, rows),
        fc.array(expr, { minLength: 3, maxLength: 3 }),
        async (table, exprs) => {
          for (const one of exprs) if (await check(table, one)) computed++;
        },
      ),
      { numRuns: runs },
    ),
  );
  assert.ok(computed > 5, `only ${computed} expressions were well typed`);
}

test("numbers: arithmetic, rounding, casts and nulls as in JavaScript", () =>
  checkAll(ALL, 70, numberExpr(3), 8));

test("tests: comparison, Kleene's logic, text and null tests as in JavaScript", () =>
  checkAll(ALL, 70, testExpr(2), 8));

const TEXTS = ["text", "codes", "bool", "int8"];

test("texts: letters, slices, joins and choices as in JavaScript", () =>
  checkAll(TEXTS, 70, textExpr(2), 3));

test("tests of texts: order, equality, parts, lists and lengths as in JavaScript", () =>
  checkAll(TEXTS, 70, textTestExpr(1), 4));
