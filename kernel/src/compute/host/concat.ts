// Tables one after another on the host: their chunks as they are, but for those without validity beside some with
// it, and codes of dictionaries that differ; so is what lists and structs hold.
import { type ColumnFacts, type HostChunk, type HostColumn, valid } from "../../columns/index.ts";
import { columnOf } from "./order.ts";
import type { HostPart, HostRows } from "./side.ts";

/** The rows of all tables, which have these columns. */
export function concatenatedRows(tables: readonly HostRows[], names: readonly string[]): HostRows {
  const columns = new Map<string, ColumnFacts>();
  const chunks = new Map<string, readonly HostChunk[]>();
  for (const name of names) {
    const joint = joined(
      tables.map((table) => ({ ...table.columns.get(name)!, ...columnOf(table, name) })),
    );
    const { chunks: all, ...facts } = joint;
    columns.set(name, facts);
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

type Named = HostColumn & ColumnFacts;

function joined(columns: readonly Named[]): Named {
  const nulls = columns.some((column) => column.nulls);
  const dictionary = merged(columns);
  const own = columns.flatMap((column) =>
    column.chunks.map((chunk) => {
      const coded = dictionary ? recoded(chunk, column.dictionary!, dictionary) : chunk;
      return nulls && !column.nulls ? valid(column, coded) : coded;
    }),
  );
  const [first] = columns as [Named];
  const facts = { ...first, nulls, ...(dictionary ? { dictionary } : {}) };
  if (!first.children) return { ...facts, chunks: own };
  const inside = first.children.map((_, k) =>
    joined(
      columns.map((column) => ({
        ...column.children![k]!,
        chunks: column.chunks.map(({ children }) => children![k]!),
      })),
    ),
  );
  const chunks = own.map((chunk, i) => ({
    ...chunk,
    children: inside.map((column) => column.chunks[i]!),
  }));
  return { ...facts, children: inside.map(({ chunks: _, ...child }) => child), chunks };
}

function merged(columns: readonly ColumnFacts[]): unknown[] | undefined {
  if (!columns[0]!.dictionary) return undefined;
  return [...new Set(columns.flatMap(({ dictionary }) => dictionary!))];
}

function recoded(chunk: HostChunk, from: readonly unknown[], to: readonly unknown[]): HostChunk {
  const places = new Map(to.map((value, code) => [value, code]));
  const map = Uint32Array.from(from, (value) => places.get(value)!);
  const bytes = chunk.bytes.slice();
  const codes = new Uint32Array(bytes.buffer, 0, chunk.rows);
  for (let row = 0; row < codes.length; row++) codes[row] = map[codes[row]!] ?? 0;
  return { ...chunk, bytes };
}
