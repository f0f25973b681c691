// From what people have to an Arrow table, without a copy where it is Arrow or typed arrays.
import type * as Arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { dtypeOf, type MadeColumn, numberData, tableOf } from "./columns.ts";
import { isSparse, type Sparse, sparseTable } from "./sparse.ts";
import { isTensorLike, type TensorLike, tensorTable, VALUES } from "./tensors.ts";
import { isPlain, valuesData } from "./values.ts";

type ArrowModule = typeof Arrow;

/** What a column can be made of. */
export type ColumnLike = ArrayBufferView | Arrow.Vector | readonly unknown[];

/**
 * What `put` takes. Something that is not a table becomes one with the column "values"; objects in an array
 * become rows.
 */
export type Puttable =
  | Arrow.Table
  | Arrow.RecordBatch
  | ColumnLike
  | TensorLike
  | Sparse
  | Record<string, ColumnLike>
  | readonly Record<string, unknown>[];

/**
 * The value as a table. Tables of another copy of apache-arrow are taken as well: they are known by their
 * shape. Throws NOT_ARROW.
 */
export function toTable(arrow: ArrowModule, value: unknown): Arrow.Table {
  try {
    return asTable(arrow, value);
  } catch (error) {
    if (error instanceof CenoteError) throw error;
    // What looks like Arrow's but is not, an array whose memory was transferred, a getter that throws.
    throw notArrow(value, error instanceof Error ? error.message : String(error), error);
  }
}

function asTable(arrow: ArrowModule, value: unknown): Arrow.Table {
  if (!isObject(value)) throw notArrow(value);
  if (isSchema(value["schema"])) {
    if (Array.isArray(value["batches"])) return value as unknown as Arrow.Table;
    if (isObject(value["data"])) return new arrow.Table([value as unknown as Arrow.RecordBatch]);
  }
  if (isVector(value) || ArrayBuffer.isView(value)) return columns(arrow, { [VALUES]: value });
  if (Array.isArray(value)) return ofArray(arrow, value);
  if (isSparse(value)) return made(value, sparseTable(arrow, value as unknown as Sparse));
  if (isTensorLike(value)) return made(value, tensorTable(arrow, value as unknown as TensorLike));
  const plain = isPlain(value) && Object.keys(value).length > 0;
  if (plain && Object.values(value).every(isColumnLike)) {
    return columns(arrow, value as Record<string, ColumnLike>);
  }
  throw notArrow(value);
}

function ofArray(arrow: ArrowModule, array: unknown[]): Arrow.Table {
  if (array.length === 0) throw notArrow(array, "it is empty, so that its type is not known");
  if (!array.every((row) => isObject(row) && isPlain(row))) {
    return columns(arrow, { [VALUES]: array });
  }
  const rows = array as Record<string, unknown>[];
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return columns(
    arrow,
    Object.fromEntries([...names].map((name) => [name, rows.map((row) => row[name])])),
  );
}

function columns(arrow: ArrowModule, given: Record<string, ColumnLike>): Arrow.Table {
  const lengths = new Set(Object.values(given).map((one) => (one as { length: number }).length));
  if (Object.values(given).some(isVector)) {
    const vectors = Object.entries(given).map(([name, one]) => [name, vector(arrow, name, one)]);
    if (lengths.size <= 1) return new arrow.Table(Object.fromEntries(vectors));
  }
  const made = Object.entries(given).map(([name, one]): MadeColumn => {
    return { name, data: vector(arrow, name, one).data[0]! };
  });
  if (lengths.size <= 1) return tableOf(arrow, made);
  throw notArrow(given, `its columns have different lengths: ${[...lengths].join(", ")}`);
}

function vector(arrow: ArrowModule, name: string, given: ColumnLike): Arrow.Vector {
  if (isVector(given)) return given;
  const dtype = dtypeOf(given);
  if (dtype) return new arrow.Vector([numberData(arrow, dtype, given as ArrayBufferView)]);
  const column = `column ${JSON.stringify(name)}`;
  if (ArrayBuffer.isView(given)) {
    throw notArrow(given, `${column} is a DataView, whose elements have no type`);
  }
  try {
    return new arrow.Vector([valuesData(arrow, given)]);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw notArrow(given, `${column}: ${why}`);
  }
}

function isColumnLike(value: unknown): value is ColumnLike {
  return ArrayBuffer.isView(value) || Array.isArray(value) || isVector(value);
}

function isSchema(value: unknown): boolean {
  return isObject(value) && Array.isArray(value["fields"]);
}

function isVector(value: unknown): value is Arrow.Vector {
  return isObject(value) && isObject(value["type"]) && Array.isArray(value["data"]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The table, or an error that says why there is none. */
function made(value: unknown, table: Arrow.Table | string): Arrow.Table {
  if (typeof table === "string") throw notArrow(value, table);
  return table;
}

function notArrow(value: unknown, why?: string, cause?: unknown): CenoteError {
  const found = isObject(value) ? className(value) : value === null ? "null" : typeof value;
  return new CenoteError("NOT_ARROW", `wanted Arrow data, found ${found}${why ? `: ${why}` : ""}`, {
    mend:
      "Accepted: an apache-arrow Table, RecordBatch or Vector, typed arrays, arrays of values or of rows " +
      "(objects), an object of columns of one length, tensors { shape, data }, and sparse matrices " +
      "{ format, shape, data, … }.",
    cause,
  });
}

function className(value: object): string {
  try {
    return value.constructor?.name || "an object";
  } catch {
    return "an object"; // a proxy's
  }
}
