// What the compiler keeps of a long session: the files of its latest program, not of every program that
// it made. Counted, as the memory of the process also holds what is yet to be collected.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import v8 from "node:v8";
import ts from "typescript";
import { TypeScriptService } from "../../kernel/src/language/service/index.ts";

/** As many cells as are checked at once. */
const BATCH = 100;
const folder = mkdtempSync(join(tmpdir(), "cenote-types-memory-"));
after(() => rmSync(folder, { recursive: true }));
const api = fileURLToPath(new URL("../../kernel/src/api/index.ts", import.meta.url));

function code(i: number): string {
  const name = `v${i % 50}`;
  const kinds = [
    `let ${name}: number = ${i}; console.log("line", ${i}); ${name} + 1`,
    `const later${i % 7} = async () => v0 + ${i}; await later${i % 7}();`,
    `throw new RangeError("error ${i}")`,
    `class Kept${i % 5} { n = ${i}; add(m: number) { return this.n + m; } }`,
    `const wrong: string = ${i};`,
  ];
  return kinds[i % kinds.length]!;
}

function run(service: TypeScriptService, first: number, end: number): void {
  for (let begin = first; begin < end; begin += BATCH) {
    const ids = Array.from({ length: BATCH }, (_, n) => begin + n);
    for (const id of ids) service.add({ id, executionCount: id, code: code(id) });
    const reports = service.check(ids, []);
    assert.equal(reports.filter(({ errors }) => errors > 0).length, BATCH / 5);
  }
}

/** Syntax trees and symbols that are still reachable. */
function kept(): { files: number; symbols: number } {
  const { getSourceFileConstructor, getSymbolConstructor } = (
    ts as unknown as { objectAllocator: Record<string, () => new () => object> }
  ).objectAllocator;
  const count = (made: (() => new () => object) | undefined) =>
    v8.queryObjects(made!(), { format: "count" }) as number;
  return { files: count(getSourceFileConstructor), symbols: count(getSymbolConstructor) };
}

test("programs that were replaced are not kept", () => {
  const service = new TypeScriptService({ folder, api, cancelled: () => false });
  run(service, 0, 2 * BATCH);
  const first = kept();
  run(service, 2 * BATCH, 6 * BATCH);
  const last = kept();
  assert.ok(first.files > BATCH && first.symbols > 1000, JSON.stringify(first));
  assert.ok(
    last.files < first.files + BATCH && last.symbols < first.symbols * 1.05,
    `first ${JSON.stringify(first)}, then ${JSON.stringify(last)}`,
  );
});
