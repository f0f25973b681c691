// Records in memory, of tables on the host; the same words as those in the pool, without a GPU.
import type { Table } from "apache-arrow";
import {
  type ColumnType,
  type HostChunk,
  hostBatches,
  layoutOf,
  TYPES,
} from "../../columns/index.ts";
import { valuesOf } from "../host/rows.ts";
import type { HostRows } from "../host/side.ts";
import { type Place, valueWords } from "../wgsl/records.ts";
import {
  type Fixed,
  type Layout,
  layoutFor,
  type RecordOptions,
  Records,
  recordsWithin,
  wordsOf,
} from "./layout.ts";

/** Bytes of an array of records, at most. */
const MOST_BYTES = 2 ** 30;

interface HostRecordChunk {
  readonly rows: number;
  readonly words: Uint32Array;
}

/** Records in memory. */
export class HostRecords extends Records<HostRecordChunk> {
  readonly #metadata: ReadonlyMap<string, string>;

  constructor(
    layout: Layout,
    chunks: readonly HostRecordChunk[],
    metadata: ReadonlyMap<string, string>,
  ) {
    super(layout, chunks);
    this.#metadata = metadata;
  }

  protected bytesOf({ words }: HostRecordChunk): number {
    return words.byteLength;
  }

  /** The records as columns again. */
  toTable(): Promise<Table> {
    const { columns, places } = this.layout;
    const made = columns.map((column, i) => ({
      column,
      chunks: this.chunks.map((chunk) => unpacked(chunk, column, places[i]!)),
    }));
    const rows = this.chunks.map((chunk) => chunk.rows);
    return hostBatches(made, rows, this.#metadata);
  }

  /** As records in the pool have it; these are the garbage collector's. */
  dispose(): void {}
  [Symbol.dispose](): void {}
}

/** Rows on the host as records. Throws BAD_COUNT and FIXED_WIDTH. */
export function recordsOn(rows: HostRows, options: Partial<RecordOptions>): HostRecords {
  const layout = layoutFor([...rows.columns.values()], options);
  const most = recordsWithin(MOST_BYTES, layout);
  const chunks: HostRecordChunk[] = [];
  for (const part of rows.chunks) {
    for (let from = 0; from < part.rows; from += most) {
      const count = Math.min(most, part.rows - from);
      const words = new Uint32Array(wordsOf(count, layout));
      layout.columns.forEach(({ name, type }, i) => {
        pack(part.columns.get(name)!, type, layout.places[i]!, { rows: count, from, words });
      });
      chunks.push({ rows: count, words });
    }
  }
  return new HostRecords(layout, chunks, rows.metadata);
}

/** Where a word of a record lies. */
const address = ({ words, tile }: Place, record: number, word: number) =>
  (Math.floor(record / tile) * words + word) * tile + (record % tile);

/** The bit of a field, and the word of a record that has it. */
const flagOf = ({ field }: Place) => ({ word: Math.floor(field / 32), bit: 1 << (field % 32) });

type Words = HostRecordChunk & { readonly from: number };

function pack(
  { bytes, layout }: HostChunk,
  type: ColumnType,
  place: Place,
  { rows, from, words }: Words,
): void {
  const flag = flagOf(place);
  const read = wordReader(type, bytes);
  const count = valueWords(type);
  for (let i = 0; i < rows; i++) {
    const row = from + i;
    const valid = layout.validity < 0 || bitAt(bytes, layout.validity, row) === 1;
    if (!valid) continue;
    words[address(place, i, flag.word)]! |= flag.bit;
    for (let k = 0; k < count; k++) words[address(place, i, place.at + k)] = read(row, k);
  }
}

function unpacked({ rows, words }: HostRecordChunk, column: Fixed, place: Place): HostChunk {
  const { type, nulls } = column;
  const layout = layoutOf(type, rows, nulls);
  const bytes = new Uint8Array(layout.total);
  const write = wordWriter(type, bytes);
  const flag = flagOf(place);
  const count = valueWords(type);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < count; k++) write(i, k, words[address(place, i, place.at + k)]!);
    if (nulls && (words[address(place, i, flag.word)]! & flag.bit) !== 0)
      bytes[layout.validity + (i >> 3)]! |= 1 << (i & 7);
  }
  return { bytes, layout, rows };
}

const bitAt = (bytes: Uint8Array, start: number, row: number) =>
  (bytes[start + (row >> 3)]! >> (row & 7)) & 1;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Word `k` of the value of a row; values of fewer bits widen. */
function wordReader(type: ColumnType, bytes: Uint8Array): (row: number, k: number) => number {
  if (type.kind === "bool") return (row) => bitAt(bytes, 0, row);
  const count = valueWords(type);
  if (count > 1 || type.bits === 32) {
    const all = valuesOf(TYPES.uint32, bytes) as Uint32Array;
    return (row, k) => all[row * count + k]!;
  }
  const values = valuesOf(type, bytes) as Int16Array;
  if (type.kind !== "f32") return (row) => values[row]!;
  return (row) => {
    float[0] = values[row]!;
    return bits[0]!;
  };
}

/** The reverse. */
function wordWriter(
  type: ColumnType,
  bytes: Uint8Array,
): (row: number, k: number, word: number) => void {
  if (type.kind === "bool")
    return (row, _, word) => {
      if (word !== 0) bytes[row >> 3]! |= 1 << (row & 7);
    };
  const count = valueWords(type);
  if (count > 1 || type.bits === 32) {
    const all = valuesOf(TYPES.uint32, bytes) as Uint32Array;
    return (row, k, word) => {
      all[row * count + k] = word;
    };
  }
  const values = valuesOf(type, bytes) as Int16Array;
  if (type.kind !== "f32")
    return (row, _, word) => {
      values[row] = word;
    };
  return (row, _, word) => {
    bits[0] = word;
    values[row] = float[0]!;
  };
}
