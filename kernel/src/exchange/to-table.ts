// From what people have to an Arrow table, without a copy.
import type * as Arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";

type ArrowModule = typeof Arrow;

/** What `put` takes. Something that is not a table becomes one with the column "values". */
export type Puttable =
  | Arrow.Table
  | Arrow.RecordBatch
  | Arrow.Vector
  | ArrayBufferView
  | Record<string, ArrayBufferView>;

/**
 * The value as a table. Tables of another copy of apache-arrow are taken as well: they are known by their
 * shape. Throws NOT_ARROW.
 */
export function toTable(arrow: ArrowModule, value: unknown): Arrow.Table {
  if (isObject(value)) {
    if (isObject(value["schema"]) && Array.isArray(value["batches"]))
      return value as unknown as Arrow.Table;
    if (isObject(value["schema"]) && isObject(value["data"])) {
      return new arrow.Table([value as unknown as Arrow.RecordBatch]);
    }
    if (isObject(value["type"]) && Array.isArray(value["data"])) {
      return new arrow.Table({ values: value as unknown as Arrow.Vector });
    }
    if (ArrayBuffer.isView(value)) return columns(arrow, { values: value });
    const entries = Object.entries(value);
    const plain = [Object.prototype, null].includes(Object.getPrototypeOf(value));
    if (plain && entries.length > 0 && entries.every(([, column]) => ArrayBuffer.isView(column))) {
      return columns(arrow, value as Record<string, ArrayBufferView>);
    }
  }
  throw notArrow(value);
}

function columns(arrow: ArrowModule, arrays: Record<string, ArrayBufferView>): Arrow.Table {
  const lengths = new Set<number>();
  for (const [name, array] of Object.entries(arrays)) {
    if (array instanceof DataView) {
      throw notArrow(
        array,
        `column ${JSON.stringify(name)} is a DataView, whose elements have no type`,
      );
    }
    lengths.add((array as Uint8Array).length);
  }
  if (lengths.size > 1) {
    throw notArrow(arrays, `its columns have different lengths: ${[...lengths].join(", ")}`);
  }
  try {
    return arrow.makeTable(arrays as Record<string, Uint8Array>) as unknown as Arrow.Table;
  } catch (error) {
    throw notArrow(arrays, error instanceof Error ? error.message : String(error));
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function notArrow(value: unknown, why?: string): CenoteError {
  const found = isObject(value)
    ? (value.constructor?.name ?? "an object")
    : value === null
      ? "null"
      : typeof value;
  return new CenoteError("NOT_ARROW", `wanted Arrow data, found ${found}${why ? `: ${why}` : ""}`, {
    mend:
      "Accepted: an apache-arrow Table, RecordBatch or Vector, a typed array, or an object of typed arrays " +
      "of one length. For rows as objects: tableFromJSON(rows) of apache-arrow.",
  });
}
