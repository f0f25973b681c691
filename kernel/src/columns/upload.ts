// An Arrow table into the pool, with one upload.
import type { Table } from "apache-arrow";
import type { Gpu, UploadPart } from "../gpu/index.ts";
import type { Block } from "../pool/index.ts";
import { chunkRows, spans } from "./chunking.ts";
import { type ColumnSource, columnSources } from "./source.ts";
import { stageChunk } from "./stage.ts";
import { type Column, type ColumnChunk, ColumnStore } from "./store.ts";

export interface UploadOptions {
  /** Rows in a chunk, at most; by default as many as the adapter's largest binding holds. */
  chunkRows?: number;
}

/**
 * Copies `table` into blocks of the pool: structure of arrays, in as few chunks as bindings allow.
 * The values, nulls, schema and metadata come back equal with readTable().
 * Throws NESTED_COLUMN (column and type named), TEXT_TOO_LONG and OutOfPoolMemory; then nothing is kept.
 */
export async function uploadTable(
  gpu: Gpu,
  table: Table,
  options: UploadOptions = {},
): Promise<ColumnStore> {
  const sources = columnSources(table);
  const limit = Math.min(gpu.maxBinding, 2 ** 32 - 4);
  let rows = chunkRows(sources, table.numRows, limit);
  if (options.chunkRows !== undefined) rows = cut(rows, Math.max(1, Math.floor(options.chunkRows)));
  const own: Block[] = [];
  const parts: UploadPart[] = [];
  try {
    const columns = sources.map((source) => uploadColumn(gpu, source, rows, own, parts));
    await gpu.upload(parts);
    return new ColumnStore(gpu, columns, rows, own, table.schema.metadata);
  } catch (error) {
    for (const block of own) block.dispose();
    throw error;
  }
}

function cut(rows: readonly number[], most: number): number[] {
  return rows.flatMap((count) => {
    const whole = Array.from({ length: Math.floor(count / most) }, () => most);
    return count % most === 0 ? whole : [...whole, count % most];
  });
}

function uploadColumn(
  gpu: Gpu,
  source: ColumnSource,
  chunkRows: readonly number[],
  own: Block[],
  parts: UploadPart[],
): Column {
  const { name, type, field, nulls, dictionary } = source;
  const chunks: ColumnChunk[] = [];
  let from = 0;
  for (const rows of chunkRows) {
    const staged = stageChunk(source, spans(source, from, from + rows), rows);
    const block = gpu.allocate(staged.layout.total, {
      tag: `column ${name}`,
      what: `column ${name} ${type.name}[${rows}]`,
    });
    own.push(block);
    for (const part of staged.parts) parts.push({ block, offset: part.offset, data: part.data });
    chunks.push({ rows, layout: staged.layout, block });
    from += rows;
  }
  return { name, type, field, nulls, chunks, ...(dictionary ? { dictionary } : {}) };
}
