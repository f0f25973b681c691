// Polars and DuckDB as judges: a Python process that answers questions about tables in files. It ends with
// the tests.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as arrow from "apache-arrow";
import type { HostValue } from "../../kernel/src/compute/evaluate.ts";
import { sortOf, vectorOf } from "./random.ts";

export type Values = Readonly<Record<string, readonly HostValue[]>>;

export interface Peer {
  /** The answer of Polars (or, for "sql", of DuckDB) about these tables. */
  ask(op: string, tables: readonly Values[], more: object): Promise<arrow.Table>;
  close(): void;
}

export function openPeer(): Peer {
  const folder = mkdtempSync(join(tmpdir(), "cenote-test-"));
  const child = spawn("python", [fileURLToPath(new URL("peer.py", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const out = join(folder, "answer.arrow");
  return {
    async ask(op, tables, more) {
      const paths = tables.map((values, i) => {
        const path = join(folder, `table${i}.arrow`);
        writeFileSync(path, arrow.tableToIPC(plainTable(values), "file"));
        return path;
      });
      child.stdin.write(`${JSON.stringify({ op, tables: paths, out, ...more })}\n`);
      const { value, done } = await lines.next();
      assert.ok(!done, "the peer ended");
      const reply = JSON.parse(value) as { error?: string };
      assert.equal(reply.error, undefined);
      return arrow.tableFromIPC(readFileSync(out));
    },
    close() {
      child.stdin.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One batch of these columns, named after their types. */
function plainTable(values: Values): arrow.Table {
  const columns = Object.entries(values).map(([name, column]) => [
    name,
    vectorOf(typeOf(name), column),
  ]);
  return new arrow.Table(Object.fromEntries(columns));
}

// Codes as the text that they stand for.
const typeOf = (name: string) => sortOf(name).replace("codes", "text");

const plain = (value: unknown) =>
  value instanceof Date
    ? value.getTime()
    : typeof value === "bigint" || ArrayBuffer.isView(value)
      ? String(value)
      : value;

/** Equal columns, row by row: values, nulls, NaN and the sign of zeros. */
export function assertSameRows(found: arrow.Table, wanted: arrow.Table, what: string): void {
  eachValue(found, wanted, what, isSame);
}

/** The same, but floats may differ by a share of their size, and −0 is 0. */
export function assertClose(
  found: arrow.Table,
  wanted: arrow.Table,
  what: string,
  share: number,
): void {
  eachValue(found, wanted, what, (x, y) => {
    if (typeof x !== "number" || typeof y !== "number") return isSame(x, y);
    return x === y || Object.is(x, y) || Math.abs(x - y) <= share * Math.abs(y) + 1e-320;
  });
}

const isSame = (x: unknown, y: unknown) =>
  Object.is(x, y) || (typeof x !== typeof y && String(x) === String(y) && x !== null);

function eachValue(
  found: arrow.Table,
  wanted: arrow.Table,
  what: string,
  same: (x: unknown, y: unknown) => boolean,
): void {
  assert.equal(found.numRows, wanted.numRows, `${what}: rows`);
  assert.deepEqual(found.schema.names, wanted.schema.names, `${what}: columns`);
  wanted.schema.fields.forEach(({ name }, i) => {
    const [a, b] = [found.getChildAt(i)!, wanted.getChildAt(i)!];
    for (let row = 0; row < wanted.numRows; row++) {
      const [x, y] = [plain(a.get(row)), plain(b.get(row))];
      assert.ok(same(x, y), `${what}: row ${row} of ${name} is ${x}, wanted ${y}`);
    }
  });
}
