// A column of an Arrow table, read as runs ("pieces") whatever its Arrow layout: slices, several
// batches, 32- or 64-bit offsets, views, a dictionary for each batch. Values are not copied here except
// where Arrow's layout differs from ours (views; codes, when dictionaries are merged).
import type { Data, DataType, Field, Table, Vector } from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { ARROW, type ColumnType, columnType, textForm } from "./types.ts";

/** Text of one piece: row i is bytes[at(i) … at(i + 1)); or the items of its lists, without bytes. */
export interface TextRun {
  readonly bytes: Uint8Array;
  /** Offsets as u32 words: low words only, `stride` apart. */
  readonly words: Uint32Array;
  readonly stride: 1 | 2;
  /** Offset of a row, as a number (exact to 2^53). */
  at(row: number): number;
}

export interface Piece {
  readonly rows: number;
  /** Validity bitmap and the bit where this piece begins; undefined where all are valid. */
  readonly validity: Uint8Array | undefined;
  readonly bit: number;
  /** Fixed-width values as bytes (bitmaps from `bit` on for bool, u32 codes for dictionaries). */
  readonly bytes: Uint8Array;
  readonly text?: TextRun;
  /** Of lists: the row of the items' column where those of this piece begin. */
  readonly first?: number;
}

export interface ColumnSource {
  readonly name: string;
  readonly field: Field;
  readonly type: ColumnType;
  readonly nulls: boolean;
  readonly pieces: Piece[];
  /** Values of the merged dictionary, in the order of their codes. */
  readonly dictionary?: readonly unknown[];
  /** The items of a list, or the fields of a struct. */
  readonly children?: readonly ColumnSource[];
}

const bytesOf = (view: ArrayBufferView) =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** The columns of a table, ready to be staged. Throws SAME_NAME and UNKNOWN_TYPE. */
export function columnSources(table: Table): ColumnSource[] {
  const seen = new Set<string>();
  return table.schema.fields.map((field, i) => {
    if (seen.has(field.name)) {
      throw new CenoteError("SAME_NAME", `the table has two columns named "${field.name}"`, {
        mend: "Rename one of them first.",
      });
    }
    seen.add(field.name);
    return columnSource(field, table.getChildAt(i)!);
  });
}

function columnSource(field: Field, vector: Vector): ColumnSource {
  return sourceOf(field, columnType(field.type, field.name), vector.data);
}

function sourceOf(field: Field, type: ColumnType, data: readonly Data[]): ColumnSource {
  const runs = data.filter(({ length }) => length > 0);
  if (type.kind === "code") return dictionarySource(field, type, runs);
  if (type.children) return nestedSource(field, type, runs);
  const pieces = runs.map((data) => piece(data, type));
  return { name: field.name, field, type, pieces, nulls: hasNulls(pieces) };
}

// The items of a piece's lists are a run of their own: those before its first list are left out.
function nestedSource(field: Field, type: ColumnType, runs: readonly Data[]): ColumnSource {
  const pieces: Piece[] = [];
  const inner: Data[][] = [];
  let first = 0;
  for (const data of runs) {
    const common = { rows: data.length, ...validityOf(data), bytes: new Uint8Array() };
    if (type.kind === "list") {
      const text = offsetsOf(data, common.bytes);
      const [low, high] = [text.at(0), text.at(data.length)];
      pieces.push({ ...common, text, first });
      inner.push([data.children[0]!.slice(low, high - low)]);
      first += high - low;
    } else {
      pieces.push(common);
      inner.push([...data.children]);
    }
  }
  const fields = (field.type as { children: Field[] }).children;
  const children = fields.map((child, i) =>
    sourceOf(
      child,
      type.children![i]!.type,
      inner.map((run) => run[i]!),
    ),
  );
  return { name: field.name, field, type, pieces, nulls: hasNulls(pieces), children };
}

const hasNulls = (pieces: Piece[]) => pieces.some((p) => p.validity !== undefined);

function piece(data: Data, type: ColumnType): Piece {
  const rows = data.length;
  if (type.kind === "null") {
    return { rows, validity: new Uint8Array(Math.ceil(rows / 8)), bit: 0, bytes: new Uint8Array() };
  }
  const common = { rows, ...validityOf(data) };
  if (type.kind === "text")
    return { ...common, bytes: new Uint8Array(), text: textRun(data, type) };
  const all = data.values ? bytesOf(data.values as ArrayBufferView) : new Uint8Array();
  if (type.bits === 1) return { ...common, bit: data.offset, bytes: all };
  const width = type.arrowBytes ?? type.bits / 8;
  if (all.byteLength < rows * width) {
    throw new CenoteError(
      "SHORT_BUFFER",
      `a batch of ${type.name}[${rows}] holds ${all.byteLength} B; wanted ${rows * width} B`,
    );
  }
  return { ...common, bytes: all.subarray(0, rows * width) };
}

function validityOf(data: Data): { validity: Uint8Array | undefined; bit: number } {
  const bitmap = data.nullBitmap as Uint8Array | undefined;
  const some = bitmap !== undefined && bitmap.byteLength > 0 && data.nullCount > 0;
  return { validity: some ? bitmap : undefined, bit: data.offset };
}

function textRun(data: Data, type: ColumnType): TextRun {
  if (textForm(type) === "view") return viewRun(data);
  return offsetsOf(data, (data.values ?? new Uint8Array()) as Uint8Array);
}

function offsetsOf(data: Data, bytes: Uint8Array): TextRun {
  const offsets = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  const raw = bytesOf(offsets);
  const words = wordsOf(raw);
  if (offsets instanceof Int32Array) return { bytes, words, stride: 1, at: (row) => offsets[row]! };
  return { bytes, words, stride: 2, at: (row) => Number(offsets[row]!) };
}

function wordsOf(raw: Uint8Array): Uint32Array {
  return new Uint32Array(raw.buffer, raw.byteOffset, raw.byteLength >> 2);
}

// A view is 16 bytes: length, then 12 bytes of text, or prefix, buffer index and offset.
function viewRun(data: Data): TextRun {
  const raw = bytesOf(data.values as unknown as ArrayBufferView);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const words = new Uint32Array(data.length + 1);
  const valid = validityOf(data);
  const isValid = (row: number) =>
    !valid.validity ||
    ((valid.validity[(valid.bit + row) >> 3]! >> ((valid.bit + row) & 7)) & 1) === 1;
  let total = 0;
  for (let row = 0; row < data.length; row++) {
    if (isValid(row)) total += view.getInt32(row * 16, true);
    words[row + 1] = total;
  }
  if (total > 0xffff_ffff)
    throw new CenoteError(
      "TEXT_TOO_LONG",
      `a batch holds ${total} B of text views; the most is 4 GiB`,
    );
  const bytes = new Uint8Array(total);
  for (let row = 0; row < data.length; row++) {
    const length = words[row + 1]! - words[row]!;
    if (length === 0) continue;
    const from =
      length <= 12
        ? raw.subarray(row * 16 + 4, row * 16 + 4 + length)
        : longView(data, view, row).subarray(0, length);
    bytes.set(from, words[row]!);
  }
  return { bytes, words, stride: 1, at: (row) => words[row]! };
}

function longView(data: Data, view: DataView, row: number): Uint8Array {
  const buffer = data.variadicBuffers[view.getInt32(row * 16 + 8, true)]!;
  return buffer.subarray(view.getInt32(row * 16 + 12, true));
}

// Each batch may bring a dictionary of its own; they become one, by value, and codes are rewritten.
// A null inside a dictionary becomes a null of the column.
function dictionarySource(field: Field, type: ColumnType, runs: Data[]): ColumnSource {
  const valueType = (field.type as unknown as { dictionary: DataType }).dictionary;
  if ((valueType.typeId as number) === ARROW.dictionary) {
    throw new CenoteError(
      "NESTED_COLUMN",
      `column "${field.name}" is ${type.name}; wanted a dictionary of plain values`,
    );
  }
  const merged = new Merged();
  const pieces = runs.map((data) => codesPiece(data, merged));
  return {
    name: field.name,
    field,
    type,
    pieces,
    nulls: hasNulls(pieces),
    dictionary: merged.values,
  };
}

class Merged {
  readonly values: unknown[] = [];
  #codes = new Map<unknown, number>();
  #maps = new Map<Vector, Int32Array>();

  /** For each entry of a batch's dictionary its code in the merged one, or −1 for null. */
  map(dictionary: Vector): Int32Array {
    const known = this.#maps.get(dictionary);
    if (known) return known;
    const map = new Int32Array(dictionary.length);
    for (let i = 0; i < map.length; i++) map[i] = this.#code(dictionary.get(i));
    this.#maps.set(dictionary, map);
    return map;
  }

  #code(value: unknown): number {
    if (value === null || value === undefined) return -1;
    // A Map takes −0 for 0, which are two values of a dictionary.
    const key = typeof value === "object" || Object.is(value, -0) ? keyOf(value) : value;
    let code = this.#codes.get(key);
    if (code === undefined) {
      code = this.values.push(value) - 1;
      this.#codes.set(key, code);
    }
    return code;
  }
}

const keyOf = (value: unknown) => (Object.is(value, -0) ? "-0" : String(value));

function codesPiece(data: Data, merged: Merged): Piece {
  const map = data.dictionary ? merged.map(data.dictionary) : new Int32Array();
  const { validity, bit } = validityOf(data);
  const indices = data.values as unknown as ArrayLike<number | bigint>;
  const codes = new Uint32Array(data.length);
  const valid = new Uint8Array(Math.ceil(data.length / 8));
  let nulls = 0;
  for (let row = 0; row < data.length; row++) {
    const isValid = !validity || ((validity[(bit + row) >> 3]! >> ((bit + row) & 7)) & 1) === 1;
    const code = isValid ? (map[Number(indices[row])] ?? -1) : -1;
    if (code < 0) nulls++;
    else {
      codes[row] = code;
      valid[row >> 3]! |= 1 << (row & 7);
    }
  }
  return { rows: data.length, validity: nulls ? valid : undefined, bit: 0, bytes: bytesOf(codes) };
}
