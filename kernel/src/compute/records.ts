// Records: a table as an array of structures, or as tiles of them, for kernels that want whole rows together;
// and back into columns. Columns are what queries run on: bench/layouts.ts shows why.

import { CenoteError, formatBytes } from "../base/index.ts";
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  isNested,
  isText,
  layoutOf,
  ColumnStore as Store,
} from "../columns/index.ts";
import type { Gpu } from "../gpu/index.ts";
import { BLOCKS, type Block } from "../pool/index.ts";
import { launch, Scratch } from "./run/scratch.ts";
import { told } from "./told.ts";
import { node } from "./typed.ts";
import { type Place, packKernel, unpackKernel, valueWords } from "./wgsl/records.ts";

export interface RecordOptions {
  /** Records in a tile, in which each word of all records lies together; 1 (the default): one after another. */
  readonly tile?: number;
}

export interface RecordField {
  readonly name: string;
  /** The column's type; values of fewer than 32 bits take a word in a record. */
  readonly type: string;
  /** Word of a record where the value begins. The first words have a bit for each field that is not null. */
  readonly word: number;
}

interface Layout {
  readonly tile: number;
  readonly words: number;
  readonly columns: readonly Omit<Column, "chunks">[];
  readonly places: readonly Place[];
}

interface RecordChunk {
  readonly rows: number;
  readonly block: Block;
}

/** Rows as records in the pool: word w of record r is at (⌊r / tile⌋ × words + w) × tile + r mod tile. */
export class GpuRecords {
  readonly #gpu: Gpu;
  readonly #layout: Layout;
  /** The records, in blocks that fit a binding. */
  readonly chunks: readonly RecordChunk[];

  constructor(gpu: Gpu, layout: Layout, chunks: readonly RecordChunk[]) {
    this.#gpu = gpu;
    this.#layout = layout;
    this.chunks = chunks;
  }

  get rows(): number {
    return this.chunks.reduce((sum, { rows }) => sum + rows, 0);
  }
  /** Words of 32 bits of a record. */
  get words(): number {
    return this.#layout.words;
  }
  get tile(): number {
    return this.#layout.tile;
  }
  get bytes(): number {
    return this.chunks.reduce((sum, { block }) => sum + block.bytes, 0);
  }
  get fields(): RecordField[] {
    const { columns, places } = this.#layout;
    return columns.map(({ name, type }, i) => ({ name, type: type.name, word: places[i]!.at }));
  }

  /** The records as columns again. Throws DISPOSED and OutOfPoolMemory. */
  async toStore(): Promise<ColumnStore> {
    if (this.chunks.some(({ block }) => block.disposed)) {
      throw new CenoteError(
        "DISPOSED",
        "these records were disposed: their GPU memory is back in the pool",
        {
          mend: "Make them again with table.toRecords().",
        },
      );
    }
    using scratch = new Scratch(this.#gpu);
    const nothing = new Store(this.#gpu, [], []);
    const columns: Column[] = [];
    for (const [i, column] of this.#layout.columns.entries()) {
      const chunks: ColumnChunk[] = [];
      for (const { rows, block } of this.chunks) {
        const layout = layoutOf(column.type, rows, column.nulls);
        const out = await scratch.block(layout.total, `column ${column.name}`);
        const text = unpackKernel(nothing, column.type, this.#layout.places[i]!, column.nulls);
        const own = [rows, Math.max(layout.validity, 0) / 4];
        const extras = [{ block }, { block: out }];
        await launch(nothing, text, { chunk: 0, own, extras, invocations: Math.ceil(rows / 32) });
        chunks.push({ rows, layout, block: out });
      }
      columns.push({ ...column, chunks });
    }
    scratch.keep(columns.flatMap(({ chunks }) => chunks.map(({ block }) => block)));
    return new Store(
      this.#gpu,
      columns,
      this.chunks.map(({ rows }) => rows),
    );
  }

  dispose(): void {
    for (const { block } of this.chunks) block.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
  [BLOCKS](): Iterable<Block> {
    return this.chunks.map(({ block }) => block);
  }
}

/** The columns of a store as records. Throws BAD_COUNT, FIXED_WIDTH and OutOfPoolMemory. */
export async function recordsOf(
  store: ColumnStore,
  options: RecordOptions = {},
): Promise<GpuRecords> {
  const layout = layoutFor(store, options);
  const { gpu } = store;
  using scratch = new Scratch(gpu);
  const chunks: RecordChunk[] = [];
  for (const [chunk, rows] of store.chunkRows.entries()) {
    const most = rowsWithin(gpu, layout);
    for (let from = 0; from < rows; from += most) {
      const count = Math.min(most, rows - from);
      const room = Math.ceil(count / layout.tile) * layout.tile * layout.words * 4;
      const block = await scratch.block(room, "records", true);
      for (const [i, { name, type }] of layout.columns.entries()) {
        const at = node("column", type, [], { column: name });
        const text = packKernel(store, at, layout.places[i]!);
        const invocations = Math.ceil(count / 32);
        await launch(store, text, { chunk, own: [count, from], extras: [{ block }], invocations });
      }
      chunks.push({ rows: count, block });
    }
  }
  scratch.keep(chunks.map(({ block }) => block));
  return new GpuRecords(gpu, layout, chunks);
}

function layoutFor(store: ColumnStore, { tile = 1 }: RecordOptions): Layout {
  if (!Number.isInteger(tile) || tile < 1 || tile > 1024) {
    throw new CenoteError(
      "BAD_COUNT",
      `toRecords({ tile }): wanted a whole number from 1 to 1024, found ${told(tile)}`,
    );
  }
  // Kernels of people's own may write to records: what was known of the values holds no longer.
  const columns = [...store.columns.values()].map(({ chunks: _, narrow: __, ...column }) => column);
  const odd = columns.find(
    ({ type }) => isText(type) || isNested(type) || type.kind === "opaque" || type.kind === "null",
  );
  if (odd) {
    throw new CenoteError(
      "FIXED_WIDTH",
      `column "${odd.name}" is ${odd.type.name}; wanted columns of one width for records: numbers, bools, dates, times, decimals or dictionaries`,
      { mend: `Leave it out with .drop("${odd.name}").` },
    );
  }
  let words = Math.ceil(columns.length / 32);
  const starts = columns.map(({ type }) => {
    const at = words;
    words += valueWords(type);
    return at;
  });
  return { tile, words, columns, places: starts.map((at, field) => ({ at, field, tile, words })) };
}

// Whole tiles, and whole words of validity.
function rowsWithin({ maxBinding }: Gpu, { words, tile }: Layout): number {
  const step = 32 * tile;
  const rows = Math.floor(maxBinding / (words * 4) / step) * step;
  if (rows > 0) return rows;
  throw new CenoteError(
    "FIXED_WIDTH",
    `records of ${words} words in tiles of ${tile}: ${step} of them take ${formatBytes(step * words * 4)}; one binding holds at most ${formatBytes(maxBinding)}`,
    { mend: "Take fewer columns or a smaller tile." },
  );
}
