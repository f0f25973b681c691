// A table of short texts, as HTML and as text.
import { escapeHtml, type MimeBundle } from "../base/index.ts";

/** Of a table with more, only so many are shown. */
export const MAX_ROWS = 20;
export const MAX_COLUMNS = 50;
const PLAIN_WIDTH = 30;

export interface TableText {
  names: readonly string[];
  /** Below the names. */
  types?: readonly string[];
  /** A text for each name. */
  rows: readonly (readonly string[])[];
  /** Below the table; may be empty. */
  note: string;
}

/** "20 rows × 1 column" */
export function sizeText(rows: number, columns: number): string {
  const plural = (n: number, noun: string) => (n === 1 ? noun : `${noun}s`);
  return `${rows.toLocaleString("en-US")} ${plural(rows, "row")} × ${columns} ${plural(columns, "column")}`;
}

export function tableBundle(table: TableText): MimeBundle {
  return { "text/html": htmlTable(table), "text/plain": plainTable(table) };
}

function htmlTable({ names, types, rows, note }: TableText): string {
  const heads = names.map((name, i) => {
    const type = types ? `<br><small>${escapeHtml(types[i]!)}</small>` : "";
    return `<th style="text-align:left">${escapeHtml(name)}${type}</th>`;
  });
  const body = rows.map((row) => {
    const cells = row.map((text) => `<td style="text-align:left">${escapeHtml(text)}</td>`);
    return `<tr>${cells.join("")}</tr>`;
  });
  const head = `<thead><tr>${heads.join("")}</tr></thead>`;
  const table = `<table>\n${head}\n<tbody>\n${body.join("\n")}\n</tbody>\n</table>`;
  return note ? `${table}\n<p><small>${escapeHtml(note)}</small></p>` : table;
}

function plainTable({ names, types, rows, note }: TableText): string {
  const lines = [names, ...(types ? [types] : []), ...rows];
  const width = (text: string) => Math.min(PLAIN_WIDTH, text.length);
  const widths = names.map((_, i) => Math.max(...lines.map((line) => width(line[i]!))));
  const text = lines.map((line) =>
    line
      .map((cell, i) => cell.slice(0, PLAIN_WIDTH).padEnd(widths[i]!))
      .join("  ")
      .trimEnd(),
  );
  return [...text, ...(note ? [note] : [])].join("\n");
}
