// An Arrow table into the pool, with one upload.
import type { Table } from "apache-arrow";
import { CenoteError, describeBlock, formatBytes, OutOfPoolMemory } from "../base/index.ts";
import type { Gpu, UploadPart } from "../gpu/index.ts";
import type { Block } from "../pool/index.ts";
import { knownOf } from "./bounds.ts";
import { chunkRows, rowsOfBudget } from "./chunking.ts";
import { type ColumnSource, columnSources } from "./source.ts";
import { type Staged, stageChunk } from "./stage.ts";
import { type Column, type ColumnChunk, ColumnStore } from "./store.ts";

export interface UploadOptions {
  /** Rows in a chunk, at most; by default as many as the adapter's largest binding and half of the budget hold. */
  chunkRows?: number;
}

/**
 * Copies `table` into blocks of the pool: structure of arrays, in as few chunks as bindings allow.
 * The values, nulls, schema and metadata come back equal with readTable().
 * Throws NOT_ARROW, BAD_COUNT, UNKNOWN_TYPE (column and type named), TEXT_TOO_LONG and OutOfPoolMemory
 * (which says what the whole table wants); then nothing is kept.
 */
export async function uploadTable(
  gpu: Gpu,
  table: Table,
  options: UploadOptions = {},
): Promise<ColumnStore> {
  checkTable(table);
  const { chunkRows: most } = options;
  if (most !== undefined && !(Number.isSafeInteger(most) && most > 0)) {
    throw new CenoteError(
      "BAD_COUNT",
      `chunkRows: wanted a whole number of rows from 1 up, found ${String(most)}`,
    );
  }
  const sources = columnSources(table);
  const limit = Math.min(gpu.maxBinding, 2 ** 32 - 4);
  const each = most ?? rowsOfBudget(sources, table.numRows, gpu.pool.budget);
  const rows = cut(chunkRows(sources, table.numRows, limit), each);
  const staged = sources.map((source) => stageColumn(source, rows));
  const own: Block[] = [];
  try {
    const parts: UploadPart[] = [];
    const columns: Column[] = [];
    for (const [i, source] of sources.entries())
      columns.push(await place(gpu, source, staged[i]!, own, parts));
    await gpu.upload(parts);
    return new ColumnStore(gpu, columns, rows, table.schema.metadata);
  } catch (error) {
    const placed = own.reduce((sum, block) => sum + block.bytes, 0);
    for (const block of own) block.dispose();
    if (!(error instanceof OutOfPoolMemory)) throw error;
    const wanted = staged.flat().reduce((sum, one) => sum + bytesOf(one), 0);
    throw tooLarge(table, { wanted, placed }, error);
  }
}

function bytesOf({ layout, children }: Staged): number {
  return children.reduce((sum, child) => sum + bytesOf(child), layout.total);
}

// The pool's error is about one column's chunk, and counts the chunks before it among what is held.
function tooLarge(table: Table, bytes: { wanted: number; placed: number }, cause: OutOfPoolMemory) {
  const shape = `${table.numRows} rows × ${table.schema.fields.length} columns`;
  const placed = `${formatBytes(bytes.placed)} of it found room and went back`;
  return new OutOfPoolMemory(
    `wanted ${formatBytes(bytes.wanted)} for a table of ${shape}; ${placed}. Where it ended: ${cause.message}`,
  );
}

// By its shape, so that tables of any copy of apache-arrow are taken.
/** Throws NOT_ARROW for what is no Arrow table. */
export function checkTable(value: unknown): void {
  const isObject = typeof value === "object" && value !== null;
  const { schema, numRows, getChildAt } = (isObject ? value : {}) as Partial<Table>;
  if (Array.isArray(schema?.fields) && Number.isInteger(numRows) && getChildAt) return;
  const name = value === null ? "null" : typeof value;
  const found = isObject ? (value.constructor?.name ?? "an object") : name;
  throw new CenoteError("NOT_ARROW", `wanted an Arrow table, found ${found}`, {
    mend:
      "Accepted: a Table or RecordBatch of apache-arrow, such as get(name) gives (with await). " +
      "From arrays: tableFromArrays({ … }) of apache-arrow; from rows as objects: tableFromJSON(rows).",
  });
}

function cut(rows: readonly number[], most: number): number[] {
  return rows.flatMap((count) => {
    const whole = Array.from({ length: Math.floor(count / most) }, () => most);
    return count % most === 0 ? whole : [...whole, count % most];
  });
}

function stageColumn(source: ColumnSource, chunkRows: readonly number[]): Staged[] {
  let from = 0;
  return chunkRows.map((rows) => {
    const staged = stageChunk(source, from, from + rows);
    from += rows;
    return staged;
  });
}

/** Allocates the blocks of a column's chunks, and adds what is to be written to them to `parts`. */
async function place(
  gpu: Gpu,
  source: ColumnSource,
  staged: readonly Staged[],
  own: Block[],
  parts: UploadPart[],
): Promise<Column> {
  const { name, type, field, nulls, dictionary } = source;
  const chunks: ColumnChunk[] = [];
  for (const { layout, rows, parts: pieces } of staged) {
    const what = `column ${name} ${type.name}[${rows}]`;
    const block = await gpu.allocateAsync(layout.total, { tag: `column ${name}`, what });
    describeBlock(block.id, what);
    own.push(block);
    for (const { offset, data } of pieces) parts.push({ block, offset, data });
    chunks.push({ rows, layout, block });
  }
  const children: Column[] = [];
  for (const [i, child] of (source.children ?? []).entries()) {
    const inside = staged.map((chunk) => chunk.children[i]!);
    children.push(await place(gpu, child, inside, own, parts));
  }
  return {
    name,
    type,
    field,
    nulls,
    chunks,
    ...knownOf(source),
    ...(dictionary ? { dictionary } : {}),
    ...(source.children ? { children } : {}),
  };
}
