// Arrow tables as HTML and as text: names, types, the first rows, and how many there are. Told by their
// shape, so that a table of any copy of apache-arrow is one, without loading the package.

import type { MimeBundle } from "../base/index.ts";
import { shorten } from "./preview.ts";
import { MAX_COLUMNS, MAX_ROWS, sizeText, tableBundle } from "./table-text.ts";

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

export function formatArrowTable(table: ArrowTable): MimeBundle {
  const fields = table.schema.fields.slice(0, MAX_COLUMNS);
  const columns = fields.map((_, index) => table.getChildAt(index));
  const count = Math.min(MAX_ROWS, table.numRows);
  const rows = Array.from({ length: count }, (_, row) =>
    fields.map((field, index) => cellText(columns[index]?.get(row), field)),
  );
  return tableBundle({
    names: fields.map(({ name }) => name),
    types: fields.map(({ type }) => String(type)),
    rows,
    note: sizeText(table.numRows, table.schema.fields.length),
  });
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
  return shorten(text, CELL_CHARACTERS);
}
