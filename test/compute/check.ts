// An expression on the GPU against the same expression in JavaScript, row by row.
import assert from "node:assert/strict";
import { Type, type Vector } from "apache-arrow";
import { CenoteError } from "../../kernel/src/base/index.ts";
import { uploadTable } from "../../kernel/src/columns/index.ts";
import { evaluator, type HostValue } from "../../kernel/src/compute/evaluate.ts";
import { type Expr, tableToGpu } from "../../kernel/src/compute/index.ts";
import { wholeOf } from "../../kernel/src/compute/plan.ts";
import { resolve } from "../../kernel/src/compute/rules.ts";
import { StoreSource } from "../../kernel/src/compute/sources.ts";
import type { Typed } from "../../kernel/src/compute/typed.ts";
import { gpu } from "../gpu/open.ts";
import type { RandomTable } from "./random.ts";

/** Types against the table's columns; undefined where the rules refuse the expression, as they may. */
function typed(expr: Expr, scope: ReadonlyMap<string, Typed>): Typed | undefined {
  try {
    return resolve(expr, scope);
  } catch (error) {
    assert.ok(error instanceof CenoteError, String(error));
    assert.ok(["WRONG_TYPE", "LITERAL_TYPE"].includes(error.code), error.message);
    return undefined;
  }
}

/** The stored value: Arrow's get() makes milliseconds of dates and moments, and words of decimals. */
function stored(vector: Vector, row: number): HostValue {
  const { typeId } = vector.type;
  if (typeId === Type.Timestamp || typeId === Type.Date) return raw(vector, row);
  const value = vector.get(row) as HostValue | Uint32Array;
  if (!(value instanceof Uint32Array)) return value;
  const bits = value.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(128, bits);
}

function raw(vector: Vector, row: number): HostValue {
  let at = row;
  for (const data of vector.data) {
    if (at < data.length) return data.getValid(at) ? (data.values[at] as HostValue) : null;
    at -= data.length;
  }
  throw new Error(`no row ${row}`);
}

/** Whether the rules take `expr`; then it was computed and compared. */
export async function check(random: RandomTable, expr: Expr): Promise<boolean> {
  const { table, values, rows, chunkRows } = random;
  const store = await uploadTable(gpu, table, { chunkRows });
  const scope = wholeOf(new StoreSource(store)).columns;
  store.dispose();
  const at = typed(expr, scope);
  if (!at) return false;
  using uploaded = await tableToGpu(gpu, table, { chunkRows });
  const result = await uploaded.select({ x: expr }).toArrow();
  const expected = evaluator(at, values);
  const column = result.getChild("x")!;
  assert.equal(result.numRows, rows);
  for (let row = 0; row < rows; row++) {
    const [found, wanted] = [stored(column, row), expected(row)];
    assert.ok(
      Object.is(found, wanted),
      `row ${row} of ${expr}: found ${found}, wanted ${wanted} (${at.type.name})`,
    );
  }
  return true;
}
