// Arrow columns over arrays that people have, without a copy where they are typed arrays.
import type * as Arrow from "apache-arrow";
import { takingOwnColumns } from "./wide-schema.ts";

type ArrowModule = typeof Arrow;

/** Arrays whose elements Arrow has a type for. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float16Array
  | Float32Array
  | Float64Array;

interface NumberArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumberArray;
}

/** Element types by their numpy names. */
const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Float16Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;
/** The element type of a tensor, by its numpy name. */
export type Dtype = keyof typeof ARRAYS;
export const DTYPES = Object.keys(ARRAYS) as Dtype[];

/** The array that holds elements of that type, over memory. */
export function arrayOver(
  dtype: Dtype,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): NumberArray {
  return new (ARRAYS[dtype] as NumberArrayConstructor)(buffer, byteOffset, length);
}

export const elementBytes = (dtype: Dtype): number => ARRAYS[dtype].BYTES_PER_ELEMENT;

/** The type of a typed array's elements; undefined for what is none (a DataView, say). */
export function dtypeOf(array: unknown): Dtype | undefined {
  if (!ArrayBuffer.isView(array)) return undefined;
  if (array instanceof Uint8ClampedArray) return "uint8";
  // By its tag: arrays of other realms (a cell's, a worker's) and Buffers are known too.
  const tag = (array as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return DTYPES.find((dtype) => ARRAYS[dtype].name === tag);
}

/** The Arrow type of these elements. */
export function elementType(arrow: ArrowModule, dtype: Dtype): Arrow.DataType {
  const [, kind, bits] = /^([a-z]+)(\d+)$/.exec(dtype)!;
  if (kind === "float") {
    return new arrow.Float(({ 16: 0, 32: 1, 64: 2 } as Record<string, 0 | 1 | 2>)[bits!]!);
  }
  return new arrow.Int(kind === "int", Number(bits) as 8 | 16 | 32 | 64);
}

/** The element type of numbers in Arrow; undefined for other types. */
export function dtypeOfType({ DataType }: ArrowModule, type: Arrow.DataType): Dtype | undefined {
  if (DataType.isInt(type)) return `${type.isSigned ? "int" : "uint"}${type.bitWidth}` as Dtype;
  if (DataType.isFloat(type)) return (["float16", "float32", "float64"] as const)[type.precision];
  return undefined;
}

/** The array as a column over its own memory. */
export function numberData(arrow: ArrowModule, dtype: Dtype, array: ArrayBufferView): Arrow.Data {
  const type = elementType(arrow, dtype);
  const length = array.byteLength / elementBytes(dtype);
  const View = type.ArrayType as unknown as NumberArrayConstructor; // Float16: Uint16Array
  const data = new View(array.buffer, array.byteOffset, length);
  return new arrow.Data(type, 0, length, 0, { 1: data } as unknown as Arrow.Data["buffers"]);
}

export interface MadeColumn {
  name: string;
  data: Arrow.Data;
  /** Of the field. */
  metadata?: Map<string, string>;
}

/** A table of one batch of these columns, all of the same length. */
export function tableOf(
  arrow: ArrowModule,
  columns: readonly MadeColumn[],
  metadata?: Map<string, string>,
): Arrow.Table {
  const fields = columns.map(
    ({ name, data, metadata: about }) => new arrow.Field(name, data.type, true, about),
  );
  const schema = new arrow.Schema(fields, metadata);
  const length = columns[0]?.data.length ?? 0;
  const children = columns.map(({ data }) => data);
  const rows = arrow.makeData({ type: new arrow.Struct(fields), length, nullCount: 0, children });
  return new arrow.Table(schema, new arrow.RecordBatch(takingOwnColumns(arrow, schema), rows));
}
