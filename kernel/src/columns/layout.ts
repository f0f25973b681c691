// How one chunk of a column lies in its block, so that a kernel needs one binding a column:
//
//   first      values, bit-packed for bool, packed in little-endian words for 8 and 16 bits;
//              for text and lists: rows + 1 offsets (u32, from the start of the bytes section, or in
//              items); nothing for structs and lists of one size
//   validity   one bit a row, least significant first, 1 = valid; only where the column has nulls
//   bytes      the text itself (UTF-8), only for text
//
// What is in a list or a struct lies in columns of its own, whose chunks belong to the same chunk of the table.
// Sections begin at multiples of ALIGN bytes. Leaves the filling of sections to stage.ts.
import type { ColumnType } from "./types.ts";

/** Bytes that sections are aligned to. */
export const ALIGN = 16;
/** Rows in a chunk, at most: keeps dispatches of 64 × 32 rows within 65,535 workgroups. */
export const MAX_CHUNK_ROWS = 1 << 26;

export interface Layout {
  /** Bytes of values or offsets in use. */
  readonly firstBytes: number;
  /** Byte where validity begins, or −1 without nulls. */
  readonly validity: number;
  /** Byte where text begins, or −1. */
  readonly bytes: number;
  /** Bytes of text in use. */
  readonly textBytes: number;
  /** Size of the whole block. */
  readonly total: number;
}

const align = (bytes: number) => Math.ceil(bytes / ALIGN) * ALIGN;

/** Bytes of validity, in whole words. */
export function bitmapBytes(rows: number): number {
  return Math.ceil(rows / 32) * 4;
}

/** Bytes of the first section: values, or offsets for text. */
export function firstBytes(type: ColumnType, rows: number): number {
  if (type.kind === "text" || type.kind === "list") return (rows + 1) * 4;
  if (type.bits === 1) return bitmapBytes(rows);
  return (rows * type.bits) / 8;
}

/** The layout of a chunk of `rows` rows; `textBytes` is for text only. */
export function layoutOf(type: ColumnType, rows: number, nulls: boolean, textBytes = 0): Layout {
  const first = firstBytes(type, rows);
  const validity = nulls ? align(first) : -1;
  const afterValidity = nulls ? align(validity + bitmapBytes(rows)) : align(first);
  const isText = type.kind === "text";
  // One word more than the text, so that a kernel may read a word at any byte of it.
  const total = isText ? align(afterValidity + textBytes + 4) : afterValidity;
  return {
    firstBytes: first,
    validity,
    bytes: isText ? afterValidity : -1,
    textBytes,
    total: Math.max(total, ALIGN),
  };
}

/** Rows that fit `limit` bytes with this type's fixed-width sections, text not counted; a multiple of 32. */
export function rowsWithin(type: ColumnType, limit: number): number {
  const bits = (type.kind === "text" ? 32 : type.bits) + 1;
  const rows = Math.floor(((limit - 4 * ALIGN) * 8) / Math.max(bits, 1));
  return Math.max(32, Math.min(MAX_CHUNK_ROWS, Math.floor(rows / 32) * 32));
}
