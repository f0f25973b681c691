// Tables one after another on the host: their chunks as they are, but for those without validity beside some with
// it, and codes of dictionaries that differ.
import type { HostChunk } from "../../columns/index.ts";
import { columnOf, valid } from "./order.ts";
import type { HostColumnFacts, HostPart, HostRows } from "./rows.ts";

/** The rows of all tables, which have these columns. */
export function concatenatedRows(tables: readonly HostRows[], names: readonly string[]): HostRows {
  const columns = new Map<string, HostColumnFacts>();
  const chunks = new Map<string, HostChunk[]>();
  for (const name of names) {
    const facts = tables.map((table) => table.columns.get(name)!);
    const nulls = facts.some((one) => one.nulls);
    const dictionary = merged(facts);
    columns.set(name, { ...facts[0]!, nulls, ...(dictionary ? { dictionary } : {}) });
    const all = tables.flatMap((table, i) =>
      columnOf(table, name).chunks.map((chunk) => {
        const coded = dictionary ? recoded(chunk, facts[i]!.dictionary!, dictionary) : chunk;
        return nulls && !facts[i]!.nulls ? valid(facts[i]!, coded) : coded;
      }),
    );
    chunks.set(name, all);
  }
  const parts = tables.flatMap((table) => table.chunks.map(({ rows }) => rows));
  return {
    columns,
    chunks: parts.map((rows, i): HostPart => {
      return { rows, columns: new Map(names.map((name) => [name, chunks.get(name)![i]!])) };
    }),
    metadata: tables[0]!.metadata,
  };
}

function merged(facts: readonly HostColumnFacts[]): unknown[] | undefined {
  if (!facts[0]!.dictionary) return undefined;
  return [...new Set(facts.flatMap(({ dictionary }) => dictionary!))];
}

function recoded(chunk: HostChunk, from: readonly unknown[], to: readonly unknown[]): HostChunk {
  const places = new Map(to.map((value, code) => [value, code]));
  const map = Uint32Array.from(from, (value) => places.get(value)!);
  const bytes = chunk.bytes.slice();
  const codes = new Uint32Array(bytes.buffer, 0, chunk.rows);
  for (let row = 0; row < codes.length; row++) codes[row] = map[codes[row]!] ?? 0;
  return { ...chunk, bytes };
}
