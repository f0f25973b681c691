// How rows lie as records: an array of structures, or tiles of them. Word w of record r is at
// (⌊r / tile⌋ × words + w) × tile + r mod tile. Columns are what queries run on: bench/layouts.ts shows why.
import { CenoteError, formatBytes } from "../../base/index.ts";
import { type ColumnFacts, isNested, isText } from "../../columns/index.ts";
import { told } from "../told.ts";
import { type Place, valueWords } from "../wgsl/records.ts";

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

/** A column of values of one width. */
export type Fixed = Omit<ColumnFacts, "children">;

export interface Layout {
  readonly tile: number;
  readonly words: number;
  readonly columns: readonly Fixed[];
  readonly places: readonly Place[];
}

/** Records of these columns. Throws BAD_COUNT and FIXED_WIDTH. */
export function layoutFor(
  given: readonly ColumnFacts[],
  { tile = 1 }: Partial<RecordOptions>,
): Layout {
  if (!Number.isInteger(tile) || tile < 1 || tile > 1024) {
    throw new CenoteError(
      "BAD_COUNT",
      `toRecords({ tile }): wanted a whole number from 1 to 1024, found ${told(tile)}`,
    );
  }
  const columns = given.map(factsOf);
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

// Records may be written to: what was known of the values holds no longer.
const factsOf = ({ name, type, nulls, field, dictionary }: ColumnFacts): Fixed => ({
  name,
  type,
  nulls,
  ...(field ? { field } : {}),
  ...(dictionary ? { dictionary } : {}),
});

/** Records in so many bytes: whole tiles, and whole words of validity. Throws FIXED_WIDTH where there are none. */
export function recordsWithin(bytes: number, { words, tile }: Layout): number {
  const step = 32 * tile;
  const rows = Math.floor(bytes / (words * 4) / step) * step;
  if (rows > 0) return rows;
  throw new CenoteError(
    "FIXED_WIDTH",
    `records of ${words} words in tiles of ${tile}: ${step} of them take ${formatBytes(step * words * 4)}; one block holds at most ${formatBytes(bytes)}`,
    { mend: "Take fewer columns or a smaller tile." },
  );
}

/** Words of so many records, with the rest of their last tile. */
export const wordsOf = (rows: number, { words, tile }: Layout): number =>
  Math.ceil(rows / tile) * tile * words;

/** Rows as records: word w of record r is at (⌊r / tile⌋ × words + w) × tile + r mod tile. */
export abstract class Records<Chunk extends { readonly rows: number }> {
  /** The records, in blocks of the pool that fit a binding, or in arrays of at most 1 GiB. */
  readonly chunks: readonly Chunk[];
  protected readonly layout: Layout;

  constructor(layout: Layout, chunks: readonly Chunk[]) {
    this.layout = layout;
    this.chunks = chunks;
  }

  protected abstract bytesOf(chunk: Chunk): number;

  get rows(): number {
    return this.chunks.reduce((sum, { rows }) => sum + rows, 0);
  }
  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + this.bytesOf(chunk), 0);
  }
  /** Words of 32 bits of a record. */
  get words(): number {
    return this.layout.words;
  }
  get tile(): number {
    return this.layout.tile;
  }
  get fields(): RecordField[] {
    const { columns, places } = this.layout;
    return columns.map(({ name, type }, i) => ({ name, type: type.name, word: places[i]!.at }));
  }
}
