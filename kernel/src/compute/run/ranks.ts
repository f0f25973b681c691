// Columns whose values have no order in words (codes of a dictionary, long texts) as ranks among the sorted
// values of all tables that are compared.
import { CenoteError, formatBytes } from "../../base/index.ts";
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  compareSortables,
  entriesOf,
  isText,
  layoutOf,
  ColumnStore as Store,
  TYPES,
} from "../../columns/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import { columnText, node, type Typed } from "../typed.ts";
import { rankKernel } from "../wgsl/ranks.ts";
import { group } from "./group.ts";
import { launch, type Scratch } from "./scratch.ts";

/** What < orders as the column's values: numbers, or bytes of text as Latin-1. */
type Sortable = number | bigint | string;

export interface TextColumn {
  readonly store: ColumnStore;
  readonly name: string;
}

export interface RankColumn extends Column {
  /** The different values of all columns that were ranked with it, in order. */
  readonly values: readonly Sortable[];
}

/** For each of these columns (text or codes) one of ranks, which compare as the values do. */
export async function rankColumns(
  columns: readonly TextColumn[],
  scratch: Scratch,
): Promise<RankColumn[]> {
  const values = [];
  for (const { store, name } of columns) values.push(await valuesOf(store, name, scratch));
  return ranksAmong(columns, values, scratch);
}

/** The same of one text column, where it has at most so many different texts, of so many bytes. */
export async function ranksOfFew(
  column: TextColumn,
  most: { readonly values: number; readonly bytes: number },
  scratch: Scratch,
): Promise<RankColumn | undefined> {
  const values = (await valuesOf(column.store, column.name, scratch)) as string[];
  const different = new Set(values);
  const bytes = [...different].reduce((sum, { length }) => sum + length, 0);
  if (different.size > most.values || bytes > most.bytes) return undefined;
  return (await ranksAmong([column], [values], scratch))[0];
}

async function ranksAmong(
  columns: readonly TextColumn[],
  values: readonly (readonly Sortable[])[],
  scratch: Scratch,
): Promise<RankColumn[]> {
  const sorted = [...new Set(values.flat())].sort(compareSortables);
  const ranks = new Map(sorted.map((value, rank) => [value, rank]));
  const made: RankColumn[] = [];
  for (const [i, { store, name }] of columns.entries()) {
    const at = node("column", store.column(name).type, [], { column: name });
    const table = isText(at.type)
      ? textTable(sorted as string[])
      : { words: Uint32Array.from(values[i]!, (value) => ranks.get(value)!), bytes: 0 };
    made.push(await ranked(store, at, table, sorted, scratch));
  }
  return made;
}

/** Distinct values of a text column; of codes those of the dictionary, by code. */
async function valuesOf(store: ColumnStore, name: string, scratch: Scratch): Promise<Sortable[]> {
  const { type, dictionary } = store.column(name);
  if (dictionary) return entriesOf(dictionary);
  const at = node("column", type, [], { column: name });
  const found = await group(store, { keys: [{ name, at }], parts: [] }, scratch);
  const [key] = found.keys;
  return found.chunks.flatMap(({ keys: [bytes], groups }, i) => {
    const { validity, bytes: start, textBytes } = key!.chunks[i]!.layout;
    const offsets = new Uint32Array(bytes!.buffer, bytes!.byteOffset, groups + 1);
    const text = Buffer.from(bytes!.buffer, bytes!.byteOffset + start, textBytes);
    const texts: string[] = [];
    for (let row = 0; row < groups; row++) {
      const valid = validity < 0 || ((bytes![validity + (row >> 3)]! >> (row & 7)) & 1) === 1;
      if (valid) texts.push(text.toString("latin1", offsets[row], offsets[row + 1]));
    }
    return texts;
  });
}

interface Table {
  readonly words: Uint32Array;
  /** Word where the bytes of texts begin. */
  readonly bytes: number;
}

// Offsets, then bytes and a word to read beyond them.
function textTable(sorted: readonly string[]): Table {
  const bytes = sorted.length + 1;
  const total = sorted.reduce((sum, text) => sum + text.length, 0);
  const words = new Uint32Array(bytes + Math.ceil(total / 4) + 1);
  const text = Buffer.from(words.buffer, bytes * 4);
  let at = 0;
  sorted.forEach((value, i) => {
    at += text.write(value, at, "latin1");
    words[i + 1] = at;
  });
  return { words, bytes };
}

async function ranked(
  store: ColumnStore,
  at: Typed,
  table: Table,
  values: readonly Sortable[],
  scratch: Scratch,
): Promise<RankColumn> {
  const column = store.column(at.column!);
  if (table.words.byteLength > store.gpu.maxBinding) {
    throw new CenoteError(
      "TOO_MANY_TEXTS",
      `the ${values.length} different texts of column "${columnText(at.column!)}" take ${formatBytes(table.words.byteLength)}; one binding holds at most ${formatBytes(store.gpu.maxBinding)}`,
      { mend: "Order or join by a shorter key, or filter first." },
    );
  }
  const size = isText(at.type) ? values.length : table.words.length;
  const chunks = await replaced(store.gpu, column, { ...table, size }, scratch);
  return { name: at.column!, type: TYPES.uint32, nulls: column.nulls, chunks, values };
}

/** Chunks of a column of codes with other codes in their place: map[code]. */
export function recoded(
  gpu: Gpu,
  column: Column,
  map: Uint32Array,
  scratch: Scratch,
): Promise<ColumnChunk[]> {
  return replaced(gpu, column, { words: map, bytes: 0, size: map.length }, scratch);
}

async function replaced(
  gpu: Gpu,
  column: Column,
  { words, bytes, size }: Table & { readonly size: number },
  scratch: Scratch,
): Promise<ColumnChunk[]> {
  const { name, type, nulls } = column;
  const block = await scratch.block(words.byteLength, `values of ${name}`);
  if (words.length > 0) await gpu.upload([{ block, data: words }]);
  const sizes = column.chunks.map(({ rows }) => rows);
  const lent = new Store(gpu, [column], sizes);
  try {
    const text = rankKernel(lent, node("column", type, [], { column: name }));
    const made: ColumnChunk[] = [];
    for (const [chunk, { rows }] of column.chunks.entries()) {
      const layout = layoutOf(TYPES.uint32, rows, nulls);
      const out = await scratch.block(layout.total, `column ${name}`, true);
      const own = [rows, size, Math.max(layout.validity, 0) / 4, bytes];
      const extras = [{ block }, { block: out }];
      if (rows > 0 && size > 0)
        await launch(lent, text, { chunk, own, extras, invocations: Math.ceil(rows / 32) });
      made.push({ rows, layout, block: out });
    }
    return made;
  } finally {
    lent.dispose();
    scratch.free(block);
  }
}

/** The store with more columns; it shares the blocks of both, and must be disposed. */
export function withColumns(store: ColumnStore, columns: readonly Column[]): ColumnStore {
  return new Store(store.gpu, [...store.columns.values(), ...columns], store.chunkRows);
}
