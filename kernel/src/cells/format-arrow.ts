// Arrow tables as HTML and as text: names, types, the first rows, and how many there are. Told by their
// shape, so that a table of any copy of apache-arrow is one, without loading the package.

import { ARROW_MIME, type ArrowMetadata, type Formatted, type MimeBundle } from "../base/index.ts";
import { ShownTables } from "../browse/index.ts";
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

/** The tables that are shown here, for pages that ask for more of their rows. */
export const shownTables = new ShownTables();

/** As HTML and text, and as Arrow for frontends that have a grid for it. */
export function showArrowTable(table: ArrowTable): Formatted | Promise<Formatted> {
  return withRows({ data: formatArrowTable(table), metadata: {} }, table);
}

/** A value that says itself how it is shown may give a table as Arrow: its rows are encoded here. */
export function encodeArrow(formatted: Formatted): Formatted | Promise<Formatted> {
  const { [ARROW_MIME]: table, ...data } = formatted.data;
  if (typeof table !== "object" || table === null || !isArrowTable(table)) return formatted;
  const said = formatted.metadata[ARROW_MIME] as ArrowMetadata | undefined;
  return withRows({ data, metadata: formatted.metadata }, table, said?.rows);
}

function withRows(
  formatted: Formatted,
  table: ArrowTable,
  rows?: number,
): Formatted | Promise<Formatted> {
  const added = (shown: Formatted): Formatted => ({
    data: { ...shown.data, ...formatted.data },
    metadata: { ...formatted.metadata, ...shown.metadata },
  });
  // A type that can't be written as Arrow is shown without.
  const without = () => formatted;
  try {
    const shown = shownTables.show(table, rows);
    return shown instanceof Promise ? shown.then(added).catch(without) : added(shown);
  } catch {
    return without();
  }
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
