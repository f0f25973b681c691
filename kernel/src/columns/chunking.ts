// Where a table is cut into chunks: as few as the adapter's largest binding allows, the same rows for
// all columns.
import { CenoteError, formatBytes } from "../base/index.ts";
import { layoutOf, rowsWithin } from "./layout.ts";
import type { ColumnSource, Piece } from "./source.ts";

/** Part of a piece: rows [from, to) of it. */
export interface Span {
  readonly piece: Piece;
  readonly from: number;
  readonly to: number;
}

/** Rows [from, to) of the column, as spans of its pieces. */
export function spans(source: ColumnSource, from: number, to: number): Span[] {
  const found: Span[] = [];
  let start = 0;
  for (const piece of source.pieces) {
    const low = Math.max(from, start);
    const high = Math.min(to, start + piece.rows);
    if (low < high) found.push({ piece, from: low - start, to: high - start });
    start += piece.rows;
    if (start >= to) break;
  }
  return found;
}

/** Bytes of text, or items of lists, in these spans. */
export function textBytes(of: readonly Span[]): number {
  let total = 0;
  for (const { piece, from, to } of of) total += piece.text!.at(to) - piece.text!.at(from);
  return total;
}

/** The rows of what is in a list or a struct that belong to rows [from, to) of it. */
export function rowsInside(
  { type, pieces }: ColumnSource,
  from: number,
  to: number,
): [number, number] {
  if (type.kind === "struct") return [from, to];
  if (type.kind === "fixed") return [from * type.size!, to * type.size!];
  return [itemRow(pieces, from), itemRow(pieces, to)];
}

function itemRow(pieces: readonly Piece[], row: number): number {
  let start = 0;
  for (const { rows, text, first } of pieces) {
    if (row <= start + rows) return first! + text!.at(row - start) - text!.at(0);
    start += rows;
  }
  return 0;
}

/**
 * Row counts of the chunks of a table of `rows` rows, so that every column's chunk fits `limit` bytes.
 * Throws TEXT_TOO_LONG when one row alone does not fit.
 */
export function chunkRows(sources: readonly ColumnSource[], rows: number, limit: number): number[] {
  const most = Math.min(...sources.map((s) => rowsWithin(s.type, limit)), rows || 1);
  const uneven = sources.filter((s) => s.type.kind === "text" || s.children);
  const chunks: number[] = [];
  for (let from = 0; from < rows; from += chunks.at(-1)!) {
    let count = Math.min(most, rows - from);
    for (const source of uneven) count = fit(source, from, count, limit);
    chunks.push(count);
  }
  return chunks;
}

/** Bytes of the largest block for rows [from, to) of a column and of what is in it. */
function largest(source: ColumnSource, from: number, to: number): number {
  const { type, nulls, children = [] } = source;
  const text = type.kind === "text" ? textBytes(spans(source, from, to)) : 0;
  const own = layoutOf(type, to - from, nulls, text).total;
  if (children.length === 0) return own;
  const [low, high] = rowsInside(source, from, to);
  return Math.max(own, ...children.map((child) => largest(child, low, high)));
}

/** Bytes of all columns' blocks for rows [0, rows). */
function bytesOf(sources: readonly ColumnSource[], rows: number): number {
  return sources.reduce((sum, source) => {
    const { type, nulls, children = [] } = source;
    const text = type.kind === "text" ? textBytes(spans(source, 0, rows)) : 0;
    const [low, high] = children.length > 0 ? rowsInside(source, 0, rows) : [0, 0];
    return sum + layoutOf(type, rows, nulls, text).total + bytesOf(children, high - low);
  }, 0);
}

/** Chunks that a budget makes, at most: it may be as good as none. */
const MOST_CHUNKS = 2 ** 16;

/**
 * Rows of which all columns together take about half of a budget, on average: a query needs a chunk of all that it
 * reads in the pool at once, and room for what it makes of it.
 */
export function rowsOfBudget(
  sources: readonly ColumnSource[],
  rows: number,
  budget: number,
): number {
  const part = (rows * budget) / 2 / Math.max(bytesOf(sources, rows), 1);
  return Math.max(1, Math.ceil(rows / MOST_CHUNKS), wholeWords(Math.floor(part)));
}

/** Rows whose bits fill words, where there are more than one word has. */
const wholeWords = (rows: number) => (rows > 32 ? Math.floor(rows / 32) * 32 : rows);

function fit(source: ColumnSource, from: number, count: number, limit: number): number {
  const size = (n: number) => largest(source, from, from + n);
  if (size(count) <= limit) return count;
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (size(middle) <= limit) low = middle;
    else high = middle;
  }
  if (low === 0) {
    throw new CenoteError(
      "TEXT_TOO_LONG",
      `row ${from} of column "${source.name}" (${source.type.name}) takes ${formatBytes(size(1))}; one binding holds at most ${formatBytes(limit)}`,
      { mend: "Leave the column out, or cut the text or the list." },
    );
  }
  return wholeWords(low);
}
