// The buffers of one chunk as Arrow's Data, each kind in the form that its Arrow type has.
import type * as Arrow from "apache-arrow";
import type { Data, DataType } from "apache-arrow";
import { type ColumnType, columnType, textForm } from "./types.ts";

type Values = ArrayBufferView;

/** Data of these buffers. */
export function make(
  arrow: typeof Arrow,
  type: DataType,
  rows: number,
  nulls: number,
  data: Values | undefined,
  bitmap: Uint8Array | undefined,
  offsets?: Values,
  children?: readonly Data[],
): Data {
  const buffers = { 0: offsets, 1: data, 2: bitmap } as unknown as Data["buffers"];
  return new arrow.Data(type, 0, rows, nulls, buffers, children as Data[] | undefined);
}

export const words = (bytes: Uint8Array) =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);

// ArrayType of the Arrow type decides the view: Int16Array, Float64Array, BigInt64Array, Uint8Array …
export function values(type: DataType, column: ColumnType, first: Uint8Array): Values {
  const { arrowBytes } = column;
  if (arrowBytes !== undefined && arrowBytes * 8 !== column.bits)
    return unpad(first, arrowBytes, column.bits / 8);
  const View = (column.bits === 1
    ? Uint8Array
    : type.ArrayType) as unknown as Uint8ArrayConstructor;
  const length = Math.floor(first.byteLength / View.BYTES_PER_ELEMENT);
  if (first.byteOffset % View.BYTES_PER_ELEMENT === 0) {
    return new View(first.buffer as ArrayBuffer, first.byteOffset, length);
  }
  return new View(first.slice().buffer, 0, length);
}

function unpad(padded: Uint8Array, narrow: number, width: number): Uint8Array {
  const rows = padded.byteLength / width;
  const out = new Uint8Array(rows * narrow);
  for (let i = 0; i < rows; i++)
    out.set(padded.subarray(i * width, i * width + narrow), i * narrow);
  return out;
}

export function textData(
  arrow: typeof Arrow,
  type: DataType,
  offsets: Uint32Array,
  text: Uint8Array,
  rows: number,
  nulls: number,
  bitmap: Uint8Array | undefined,
): Data {
  const form = textForm(columnType(type, ""));
  if (form === "view") return viewData(arrow, type, offsets, text, rows, nulls, bitmap);
  return make(
    arrow,
    type,
    rows,
    nulls,
    text,
    bitmap,
    offsetsFor(columnType(type, ""), offsets, rows),
  );
}

// 32 bits as they lie there, or 64.
export function offsetsFor(type: ColumnType, offsets: Uint32Array, rows: number): Values {
  if (textForm(type) === "small")
    return new Int32Array(offsets.buffer, offsets.byteOffset, rows + 1);
  const wide = new Uint32Array((rows + 1) * 2);
  for (let i = 0; i <= rows; i++) wide[i * 2] = offsets[i]!;
  return new BigInt64Array(wide.buffer);
}

function viewData(
  arrow: typeof Arrow,
  type: DataType,
  offsets: Uint32Array,
  text: Uint8Array,
  rows: number,
  nulls: number,
  bitmap: Uint8Array | undefined,
): Data {
  const views = new Uint8Array(rows * 16);
  const out = new DataView(views.buffer);
  for (let row = 0; row < rows; row++) {
    const from = offsets[row]!;
    const length = offsets[row + 1]! - from;
    out.setInt32(row * 16, length, true);
    views.set(text.subarray(from, from + Math.min(length, length <= 12 ? 12 : 4)), row * 16 + 4);
    if (length > 12) out.setInt32(row * 16 + 12, from, true);
  }
  const buffers = { 1: views, 2: bitmap } as unknown as Data["buffers"];
  return new arrow.Data(type, 0, rows, nulls, buffers, [], undefined, [text]);
}

export function dictionaryVector(
  arrow: typeof Arrow,
  type: DataType,
  values: readonly unknown[],
): Arrow.Vector {
  if (columnType(type, "").kind !== "text" || typeof values[0] !== "string") {
    return arrow.vectorFromArray(values, type);
  }
  const encoded = values.map((value) => Buffer.from(value as string));
  const offsets = new Uint32Array(values.length + 1);
  encoded.forEach((bytes, i) => {
    offsets[i + 1] = offsets[i]! + bytes.byteLength;
  });
  const data = textData(arrow, type, offsets, Buffer.concat(encoded), values.length, 0, undefined);
  return new arrow.Vector([data]);
}
