// Arrays of plain objects as a table: what they have in common is told by the first of them. Only data
// properties count, so nothing of the user's runs.
import { types } from "node:util";
import type { MimeBundle } from "../base/index.ts";
import { preview, typeName } from "./preview.ts";
import { MAX_COLUMNS, MAX_ROWS, sizeText, tableBundle } from "./table-text.ts";

/** Rows that are looked at for names and types of columns. */
const SAMPLE = 100;
/** Of a table, at least this part of its cells is there. */
const FILLED = 0.5;
const MAX_KEYS = 500;

type Row = Readonly<Record<string, unknown>>;

/** Undefined where the array is no table. */
export function formatRecords(array: readonly unknown[]): MimeBundle | undefined {
  const sample = sampleOf(array);
  const columns = sample && columnsOf(sample);
  if (!columns) return undefined;
  const names = [...columns.keys()].slice(0, MAX_COLUMNS);
  const rows = sample
    .slice(0, MAX_ROWS)
    .map((row) =>
      names.map((name) => (Object.hasOwn(row, name) ? preview(dataOf(row, name)) : "")),
    );
  return tableBundle({
    names,
    types: names.map((name) => [...columns.get(name)!.types].join(" | ")),
    rows,
    note: sizeText(array.length, columns.size),
  });
}

/** The first rows, if all are plain objects whose properties hold data. */
function sampleOf(array: readonly unknown[]): Row[] | undefined {
  const sample: Row[] = [];
  for (let i = 0; i < Math.min(array.length, SAMPLE); i++) {
    const row: unknown = Object.getOwnPropertyDescriptor(array, i)?.value;
    if (!isRecord(row)) return undefined;
    sample.push(row);
  }
  return sample.length > 0 ? sample : undefined;
}

function isRecord(value: unknown): value is Row {
  if (value === null || typeof value !== "object" || types.isProxy(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  return !Array.isArray(value);
}

interface Column {
  types: Set<string>;
  count: number;
}

function columnsOf(sample: readonly Row[]): Map<string, Column> | undefined {
  const columns = new Map<string, Column>();
  let filled = 0;
  for (const row of sample) {
    for (const key in row) {
      const found = Object.getOwnPropertyDescriptor(row, key);
      if (!found || !("value" in found)) return undefined;
      const column = columns.get(key) ?? { types: new Set(), count: 0 };
      column.types.add(columnType(found.value));
      column.count++;
      columns.set(key, column);
      filled++;
      if (columns.size > MAX_KEYS) return undefined;
    }
  }
  if (columns.size === 0 || filled < FILLED * columns.size * sample.length) return undefined;
  return columns;
}

/** Without lengths: rows differ in them. */
const columnType = (value: unknown) => typeName(value).replace(/\([\d,]*\)$/, "");

const dataOf = (row: Row, name: string): unknown =>
  Object.getOwnPropertyDescriptor(row, name)?.value;
