// Tensors as tables, and back, over the same memory. One of n dimensions is a column "values" of
// arrow.fixed_shape_tensor, whose rows are the first dimension; one of a single dimension is a column of
// numbers. https://arrow.apache.org/docs/format/CanonicalExtensions.html#fixed-shape-tensor
import type * as Arrow from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import {
  arrayOver,
  type Dtype,
  dtypeOf,
  dtypeOfType,
  elementBytes,
  elementType,
  type MadeColumn,
  type NumberArray,
  numberData,
  tableOf,
} from "./columns.ts";

type ArrowModule = typeof Arrow;

/** The column of what is not a table. */
export const VALUES = "values";
const EXTENSION = "ARROW:extension:name";
const EXTENSION_FACTS = "ARROW:extension:metadata";
const TENSOR = "arrow.fixed_shape_tensor";

/** What `put` takes as a tensor: elements in the order of the rows (C order). */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly data: NumberArray;
  readonly dtype?: string;
}

/** A tensor that was got: a view of its owner's memory. */
export class Tensor implements TensorLike {
  readonly shape: readonly number[];
  /** Elements from one index to the next, for each dimension. */
  readonly strides: readonly number[];
  readonly dtype: Dtype;
  readonly #data: NumberArray;
  readonly #table: Arrow.Table;

  constructor(table: Arrow.Table, dtype: Dtype, data: NumberArray, layout: Layout) {
    this.shape = layout.shape;
    this.strides = layout.strides;
    this.dtype = dtype;
    this.#data = data;
    this.#table = table;
  }

  /** All elements as they lie in memory. Throws RELEASED after `release(tensor)`. */
  get data(): NumberArray {
    void this.#table.batches; // raises when it was released
    return this.#data;
  }

  /** The element at these indices, one for each dimension. Throws OUT_OF_SHAPE. */
  at(...indices: number[]): number | bigint {
    const fits = (size: number, i: number) =>
      Number.isInteger(indices[i]) && indices[i]! >= 0 && indices[i]! < size;
    if (indices.length !== this.shape.length || !this.shape.every(fits)) {
      throw new CenoteError(
        "OUT_OF_SHAPE",
        `wanted the element at [${indices.join(", ")}] of a tensor of shape [${this.shape.join(", ")}]`,
      );
    }
    return this.data[indices.reduce((sum, index, i) => sum + index * this.strides[i]!, 0)]!;
  }
}

interface Layout {
  shape: number[];
  strides: number[];
}

/** Strides of elements in the order of the rows. */
function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);

export function isTensorLike(value: Record<string, unknown>): boolean {
  return isShape(value["shape"]) && dtypeOf(value["data"]) !== undefined;
}

export function isShape(shape: unknown): shape is number[] {
  return (
    Array.isArray(shape) && [...shape].every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}

/** The tensor as a table, or why it can't be one. */
export function tensorTable(arrow: ArrowModule, value: TensorLike): Arrow.Table | string {
  const { shape, data } = value;
  const dtype = dtypeOf(data)!;
  const told = value as { strides?: unknown; stride?: unknown }; // libraries differ
  const strides = told.strides ?? told.stride;
  if (product(shape) !== data.length) {
    return `its shape [${shape.join(", ")}] has ${product(shape)} elements, its data ${data.length}`;
  }
  if (value.dtype !== undefined && value.dtype !== dtype) {
    return `its dtype is ${JSON.stringify(value.dtype)}, its data has ${dtype}`;
  }
  if (Array.isArray(strides) && String(strides) !== String(rowMajor(shape))) {
    return `its strides are [${strides.join(", ")}], wanted the order of the rows: [${rowMajor(shape).join(", ")}]`;
  }
  const sizes = shape.length === 0 ? [1] : shape; // a column has one dimension at least
  return tableOf(arrow, [tensorColumn(arrow, dtype, sizes, numberData(arrow, dtype, data))]);
}

/** A table of a tensor's type, without rows. */
export function tensorHead(
  arrow: ArrowModule,
  dtype: Dtype,
  shape: readonly number[],
): Arrow.Table {
  const none = numberData(arrow, dtype, arrayOver(dtype, new ArrayBuffer(0), 0, 0));
  return tableOf(arrow, [tensorColumn(arrow, dtype, [0, ...shape.slice(1)], none)]);
}

/** The column of a tensor with these elements. */
function tensorColumn(
  arrow: ArrowModule,
  dtype: Dtype,
  [rows, ...rest]: readonly number[],
  elements: Arrow.Data,
): MadeColumn {
  if (rest.length === 0) return { name: VALUES, data: elements };
  const item = new arrow.Field("item", elementType(arrow, dtype), true);
  const type = new arrow.FixedSizeList(product(rest), item);
  const data = new arrow.Data(type, 0, rows!, 0, {} as Arrow.Data["buffers"], [elements]);
  const facts = JSON.stringify({ shape: rest });
  const metadata = new Map([
    [EXTENSION, TENSOR],
    [EXTENSION_FACTS, facts],
  ]);
  return { name: VALUES, data, metadata };
}

/**
 * The table's one column as a tensor, and the bytes that had to be copied because it has several batches.
 * Throws NOT_A_TENSOR.
 */
export function tensorOf(
  arrow: ArrowModule,
  table: Arrow.Table,
  name: string,
): { tensor: Tensor; copied: number } {
  const field = table.schema.fields[0];
  if (!field || table.numCols !== 1) throw notTensor(name, `a table of ${table.numCols} columns`);
  const facts = field.metadata.get(EXTENSION) === TENSOR && field.metadata.get(EXTENSION_FACTS);
  let { type } = field as { type: Arrow.DataType };
  let parts = table.batches
    .map((batch) => batch.data.children[0]!)
    .filter((data) => data.length > 0);
  const sizes = [table.numRows];
  for (;;) {
    if (parts.some((data) => data.nullCount > 0)) throw notTensor(name, "nulls");
    if (!arrow.DataType.isFixedSizeList(type)) break;
    const size = type.listSize;
    sizes.push(size);
    parts = parts.map((data) => data.children[0]!.slice(0, data.length * size));
    type = type.children[0]!.type;
  }
  const dtype = dtypeOfType(arrow, type);
  if (!dtype) throw notTensor(name, `a column of ${field.type}`);
  const layout = facts
    ? shaped(table.numRows, facts, name)
    : { shape: sizes, strides: rowMajor(sizes) };
  if (product(layout.shape) !== product(sizes))
    throw notTensor(name, `a shape of other size: ${facts}`);
  const data = joined(dtype, parts);
  const copied = parts.length > 1 ? data.byteLength : 0;
  return { tensor: new Tensor(table, dtype, data, layout), copied };
}

/** The layout that the extension's metadata tell: { shape, permutation? } of a row. */
function shaped(rows: number, facts: string, name: string): Layout {
  let told: { shape?: unknown; permutation?: unknown };
  try {
    told = JSON.parse(facts);
  } catch {
    told = {};
  }
  const { shape } = told;
  if (!isShape(shape)) throw notTensor(name, `a tensor without a shape: ${facts.slice(0, 80)}`);
  const plain = shape.map((_, axis) => axis);
  const order = told.permutation ?? plain;
  if (!isShape(order) || String(order.toSorted((a, b) => a - b)) !== String(plain))
    throw notTensor(name, `a tensor with a wrong permutation: ${facts.slice(0, 80)}`);
  const whole = [rows, ...shape];
  const strides = rowMajor(whole);
  const axes = [0, ...order.map((axis) => axis + 1)];
  return { shape: axes.map((axis) => whole[axis]!), strides: axes.map((axis) => strides[axis]!) };
}

function joined(dtype: Dtype, parts: readonly Arrow.Data[]): NumberArray {
  const views = parts.map(({ values, length }) => {
    const { buffer, byteOffset } = values as ArrayBufferView;
    return arrayOver(dtype, buffer, byteOffset, length);
  });
  if (views.length === 1) return views[0]!;
  const length = views.reduce((sum, view) => sum + view.length, 0);
  const all = arrayOver(dtype, new ArrayBuffer(length * elementBytes(dtype)), 0, length);
  let at = 0;
  for (const view of views) {
    (all as Float64Array).set(view as Float64Array, at);
    at += view.length;
  }
  return all;
}

function notTensor(name: string, found: string): CenoteError {
  const quoted = JSON.stringify(name);
  return new CenoteError(
    "NOT_A_TENSOR",
    `${quoted}: wanted one column of numbers or of lists of a fixed size of them, without nulls; found ${found}`,
    { mend: `Take it as a table: await get(${quoted}).` },
  );
}
