// Tables as Jupyter shows them: the first rows, with types, as HTML and text, and as Arrow for grids.
import type { Table, Vector } from "apache-arrow";
import {
  ARROW_MIME,
  type ArrowMetadata,
  clockText,
  decimalText,
  escapeHtml,
  type MimeBundle,
  PREVIEW_ROWS,
  valueText,
} from "../base/index.ts";

/** Of HTML and text. */
const ROWS = 20;

export interface Shown {
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly rows: number;
  /** The first rows, at most SHOWN_ROWS of them. */
  readonly head: Table;
}

/** Rows that a display asks for. */
export const SHOWN_ROWS = PREVIEW_ROWS;

/** The forms of a table, with their metadata. The kernel encodes the rows that are given as Arrow. */
export function bundle(shown: Shown): [MimeBundle, Record<string, unknown>] {
  const cells = cellsOf(shown);
  const metadata: ArrowMetadata = { rows: shown.rows };
  return [
    {
      [ARROW_MIME]: shown.head,
      "text/html": html(shown, cells),
      "text/plain": plain(shown, cells),
    },
    { [ARROW_MIME]: metadata },
  ];
}

function cellsOf({ head, types, names }: Shown): string[][] {
  const columns = names.map((_, i) => head.getChildAt(i)!);
  return Array.from({ length: Math.min(ROWS, head.numRows) }, (_, row) =>
    columns.map((column, i) => shownCell(column, row, types[i]!)),
  );
}

const NS_PER = { s: 1_000_000_000n, ms: 1_000_000n, us: 1_000n, ns: 1n } as const;

type Unit = keyof typeof NS_PER;
const UNITS = Object.keys(NS_PER) as Unit[];
/** Of "duration[us]". */
const unitOf = (type: string) => /\[(\w+)/.exec(type)?.[1] as Unit;
/** Of "decimal128(18, 2)". */
const scaleOf = (type: string) => Number(/, *(-?\d+)\)/.exec(type)?.[1] ?? 0);

/** The value of a row of a column of this type, as a display has it. */
export function shownCell(column: Vector, row: number, type: string): string {
  return isFar(column, row, type)
    ? (valueText(column, row) ?? "null")
    : shownValue(column.get(row), type);
}

/** All values of a column. */
export const shownColumn = (column: Vector, type: string): string[] =>
  Array.from({ length: column.length }, (_, row) => shownCell(column, row, type));

/** Whether it is a moment that no Date is, or one that apache-arrow's `get` refuses, as no number counts its ms. */
function isFar(column: Vector, row: number, type: string): boolean {
  if (!/^(date|timestamp)/.test(type)) return false;
  try {
    const value: unknown = column.get(row);
    return value !== null && Number.isNaN(new Date(Number(value)).getTime());
  } catch {
    return true;
  }
}

function shownValue(value: unknown, type: string): string {
  if (value === null || value === undefined) return "null";
  if (type.startsWith("date") && typeof value !== "object") {
    return new Date(Number(value)).toISOString().slice(0, 10);
  }
  if (type.startsWith("timestamp"))
    return new Date(Number(value)).toISOString().replace("T", " ").replace("Z", "");
  if (type.startsWith("duration") && typeof value === "bigint") {
    return `${Number(value * NS_PER[unitOf(type)]) / 1e9} s`;
  }
  if (type.startsWith("time") && typeof value !== "object") {
    return clockText(BigInt(value as number | bigint), UNITS.indexOf(unitOf(type)));
  }
  if (type.startsWith("decimal")) return decimalText(value as Uint32Array, scaleOf(type));
  if (typeof value === "number" && !Number.isInteger(value))
    return String(Number(value.toPrecision(7)));
  const text = value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

const numeric = (type: string) => /^(u?int|float|decimal)/.test(type);

function html({ names, types, rows }: Shown, cells: string[][]): string {
  const align = types.map((type) => (numeric(type) ? "right" : "left"));
  const heads = names.map(
    (name, i) =>
      `<th style="text-align:${align[i]}">${escapeHtml(name)}<br><small>${escapeHtml(types[i]!)}</small></th>`,
  );
  const body = cells.map(
    (row) =>
      `<tr>${row.map((text, i) => `<td style="text-align:${align[i]}">${escapeHtml(text)}</td>`).join("")}</tr>`,
  );
  const more = rows > cells.length ? `, the first ${cells.length} shown` : "";
  return `<table><thead><tr>${heads.join("")}</tr></thead><tbody>${body.join("")}</tbody></table><small>${sizeOf(rows, names)}${more}</small>`;
}

/** "1 row", "3,000 rows" */
export const countOf = (n: number, noun: string): string =>
  `${n.toLocaleString("en-GB")} ${noun}${n === 1 ? "" : "s"}`;

const sizeOf = (rows: number, names: readonly string[]) =>
  `${countOf(rows, "row")} × ${countOf(names.length, "column")}`;

function plain({ names, types, rows }: Shown, cells: string[][]): string {
  const table = [[...names], [...types], ...cells];
  const widths = names.map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  const lines = table.map((row) =>
    row
      .map((text, i) => (numeric(types[i]!) ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
  const more = rows > cells.length ? `, the first ${cells.length} shown` : "";
  return `${lines.join("\n")}\n${sizeOf(rows, names)}${more}`;
}
