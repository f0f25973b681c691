// Sparse matrices as tables, and back, over the same index buffers: one row, one list column for each
// buffer, and in the schema's metadata `cenote.sparse`, JSON of { format, shape }. python/cenote/_sparse.py
// is its other implementation.
import type * as Arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import {
  arrayOver,
  dtypeOf,
  dtypeOfType,
  type NumberArray,
  numberData,
  tableOf,
} from "./columns.ts";
import { isShape } from "./tensors.ts";

type ArrowModule = typeof Arrow;

const KEY = "cenote.sparse";
const FORMATS = ["csr", "csc", "coo"];

/** A sparse matrix by its buffers, as scipy has them. */
export type Sparse =
  | {
      readonly format: "csr" | "csc";
      readonly shape: readonly number[];
      readonly indptr: NumberArray;
      readonly indices: NumberArray;
      readonly data: NumberArray;
    }
  | {
      readonly format: "coo";
      readonly shape: readonly number[];
      /** Indices of the elements, an array for each dimension. */
      readonly coords: readonly NumberArray[];
      readonly data: NumberArray;
    };

export function isSparse(value: Record<string, unknown>): boolean {
  return FORMATS.includes(value["format"] as string) && isShape(value["shape"]);
}

/** The matrix as a table of its buffers, or why it can't be one. */
export function sparseTable(arrow: ArrowModule, value: Sparse): Arrow.Table | string {
  const { format, shape, data } = value;
  if (value.format === "coo" && !Array.isArray(value.coords)) return "its coords are no array";
  const buffers: Record<string, unknown> =
    value.format === "coo"
      ? { ...Object.fromEntries(value.coords.map((one, axis) => [`coord${axis}`, one])), data }
      : { indptr: value.indptr, indices: value.indices, data };
  const counts = value.format === "coo" ? value.coords : [value.indices];
  for (const [name, buffer] of Object.entries(buffers)) {
    if (!dtypeOf(buffer)) return `its ${name} is no typed array`;
  }
  if (value.format === "coo" && value.coords.length !== shape.length) {
    return `it has ${value.coords.length} coords, its shape ${shape.length} dimensions`;
  }
  const wrong = counts.find((indices) => indices.length !== data.length);
  if (wrong) return `it has ${data.length} elements, but ${wrong.length} indices`;
  if (value.format !== "coo") {
    const lines = shape[value.format === "csr" ? 0 : 1];
    if (shape.length !== 2 || value.indptr.length !== lines! + 1) {
      return `its indptr has ${value.indptr.length} elements, its shape is [${shape.join(", ")}]`;
    }
  }
  const columns = Object.entries(buffers).map(([name, buffer]) => ({
    name,
    data: oneList(arrow, buffer as NumberArray),
  }));
  return tableOf(arrow, columns, new Map([[KEY, JSON.stringify({ format, shape })]]));
}

function oneList(arrow: ArrowModule, array: NumberArray): Arrow.Data {
  const elements = numberData(arrow, dtypeOf(array)!, array);
  const item = new arrow.Field("item", elements.type, true);
  const large = array.length > 2 ** 31 - 1;
  const type = large ? new arrow.LargeList(item) : new arrow.List(item);
  const offsets = large
    ? BigInt64Array.of(0n, BigInt(array.length))
    : Int32Array.of(0, array.length);
  return new arrow.Data(type, 0, 1, 0, { 0: offsets } as unknown as Arrow.Data["buffers"], [
    elements,
  ]);
}

/** The matrix that such a table is of: its buffers are those of the table. Throws NOT_SPARSE. */
export function sparseOf(arrow: ArrowModule, table: Arrow.Table, name: string): Sparse {
  const { format, shape } = facts(table, name);
  const list = (column: string) => oneArray(arrow, table, column, name);
  const data = list("data");
  if (format === "coo") {
    const coords = shape.map((_, axis) => list(`coord${axis}`));
    return whileHeld(table, { format, shape, coords, data });
  }
  return whileHeld(table, {
    format,
    shape,
    indptr: list("indptr"),
    indices: list("indices"),
    data,
  });
}

/** The matrix, whose properties raise RELEASED once its table is released. */
function whileHeld(table: Arrow.Table, matrix: Sparse): Sparse {
  const guarded = Object.entries(matrix).map(([name, value]) => {
    const get = () => {
      void table.batches; // raises when it was released
      return value;
    };
    return [name, { get, enumerable: true }] as const;
  });
  return Object.defineProperties({}, Object.fromEntries(guarded)) as Sparse;
}

function facts(table: Arrow.Table, name: string): Pick<Sparse, "format" | "shape"> {
  const text = table.schema.metadata.get(KEY);
  if (text === undefined) {
    throw notSparse(name, `a table of ${table.schema.names.slice(0, 10).join(", ")}`);
  }
  try {
    const told = JSON.parse(text) as Record<string, unknown>;
    if (isSparse(told)) return told as unknown as Sparse;
  } catch {
    // told below
  }
  throw notSparse(name, `${KEY}: ${text.slice(0, 80)}`);
}

function oneArray(
  arrow: ArrowModule,
  table: Arrow.Table,
  column: string,
  name: string,
): NumberArray {
  const [data, ...more] = table.getChild(column)?.data ?? [];
  const offsets = data?.valueOffsets as Int32Array | BigInt64Array | undefined;
  const items = data?.children[0];
  const dtype = items && dtypeOfType(arrow, items.type);
  if (!offsets || !dtype || more.length > 0 || data!.length !== 1 || data!.nullCount > 0) {
    throw notSparse(name, `its buffer ${JSON.stringify(column)} as ${data?.type ?? "nothing"}`);
  }
  const [from, to] = [Number(offsets[0]), Number(offsets[1])];
  const { values } = items.slice(from, to - from);
  const { buffer, byteOffset } = values as ArrayBufferView;
  return arrayOver(dtype, buffer, byteOffset, to - from);
}

function notSparse(name: string, found: string): CenoteError {
  const quoted = JSON.stringify(name);
  return new CenoteError(
    "NOT_SPARSE",
    `${quoted}: wanted the buffers of a sparse matrix, as put from scipy or { format, shape, … }; found ${found}`,
    { mend: `Take it as a table: await get(${quoted}).` },
  );
}
