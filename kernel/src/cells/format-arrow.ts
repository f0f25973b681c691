// Arrow tables as HTML and as text: names, types, the first rows, and how many there are. Told by their
// shape, so that a table of any copy of apache-arrow is one, without loading the package.

interface ArrowField {
  name: string;
  type: { typeId?: number; toString(): string };
}

interface ArrowVector {
  get(index: number): unknown;
}

export interface ArrowTable {
  numRows: number;
  schema: { fields: ArrowField[] };
  getChildAt(index: number): ArrowVector | null;
}

const ROWS = 20;
const COLUMNS = 50;
const CELL_CHARACTERS = 120;
/** typeId of Arrow's Date and Timestamp, whose values are milliseconds since the epoch. */
const DATE = 8;
const TIMESTAMP = 10;

export function isArrowTable(value: object): value is ArrowTable {
  const table = value as Partial<ArrowTable>;
  return (
    typeof table.numRows === "number" &&
    typeof table.getChildAt === "function" &&
    Array.isArray(table.schema?.fields)
  );
}

export function formatArrowTable(table: ArrowTable): Record<string, string> {
  const fields = table.schema.fields.slice(0, COLUMNS);
  const columns = fields.map((_, index) => table.getChildAt(index));
  const count = Math.min(ROWS, table.numRows);
  const rows = Array.from({ length: count }, (_, row) =>
    fields.map((field, index) => cellText(columns[index]?.get(row), field)),
  );
  const size = sizeText(table);
  return {
    "text/html": htmlTable(fields, rows, size),
    "text/plain": plainTable(fields, rows, size),
  };
}

function sizeText(table: ArrowTable): string {
  const rows = table.numRows.toLocaleString("en-US");
  const columns = table.schema.fields.length;
  const plural = (n: number, noun: string) => (n === 1 ? noun : `${noun}s`);
  return `${rows} ${plural(table.numRows, "row")} × ${columns} ${plural(columns, "column")}`;
}

function cellText(value: unknown, field: ArrowField): string {
  if (value === null || value === undefined) return "null";
  let text: string;
  const { typeId } = field.type;
  if ((typeId === DATE || typeId === TIMESTAMP) && Number.isFinite(Number(value))) {
    const date = new Date(Number(value));
    text = Number.isNaN(date.getTime())
      ? String(value)
      : date.toISOString().replace(/\.000Z$/, "Z");
  } else {
    text = String(value);
  }
  return text.length > CELL_CHARACTERS ? `${text.slice(0, CELL_CHARACTERS - 1)}…` : text;
}

function htmlTable(fields: ArrowField[], rows: string[][], size: string): string {
  const head = fields
    .map(
      ({ name, type }) =>
        `<th>${escapeHtml(name)}<br><small>${escapeHtml(String(type))}</small></th>`,
    )
    .join("");
  const body = rows
    .map((row) => `<tr>${row.map((text) => `<td>${escapeHtml(text)}</td>`).join("")}</tr>`)
    .join("\n");
  const table = `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
  return `${table}\n<p><small>${size}</small></p>`;
}

function plainTable(fields: ArrowField[], rows: string[][], size: string): string {
  const lines = [fields.map(({ name }) => name), fields.map(({ type }) => String(type)), ...rows];
  const widths = fields.map((_, column) =>
    Math.max(...lines.map((line) => Math.min(30, line[column]!.length))),
  );
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.slice(0, 30).padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return `${text.join("\n")}\n${size}`;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (one) => ESCAPES[one]!);
