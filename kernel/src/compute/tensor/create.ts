// Tensors from what the host has, and from nothing.
import { CenoteError } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import { optionsOf, told } from "./arguments.ts";
import { checkedDtype, DTYPES, type Dtype, dtypeOfArray, type HostArray } from "./dtypes.ts";
import { call, type Expr, leaf } from "./expr.ts";
import { hostLimit } from "./host/engine.ts";
import { castTo, constant } from "./operands.ts";
import { packedBytes } from "./packing.ts";
import {
  checkedShape,
  isRowMajor,
  resolveShape,
  rowMajor,
  type Shape,
  shown,
  sizeOf,
} from "./shape.ts";
import { allocate } from "./storage.ts";
import { GpuTensor } from "./tensor.ts";

/** Numbers in arrays of arrays, a typed array, one number, or what has shape and data. */
export type TensorData =
  | number
  | boolean
  | ArrayBufferView
  | readonly TensorData[]
  | { readonly shape: Shape; readonly data: ArrayBufferView; readonly strides?: Shape };

export interface TensorOptions {
  /** Default: the array's own; of numbers f32, of booleans bool. */
  dtype?: Dtype;
  /** Default: as the arrays are nested. One size may be −1. */
  shape?: Shape;
  /** A name for the panel and errors. */
  name?: string;
}

/**
 * A tensor of what the host has, by one upload. Rejects with TENSOR_DATA where arrays are ragged or hold no numbers,
 * RANGE where the dtype does not hold them, SHAPE, DTYPE, TOO_LARGE, OutOfPoolMemory.
 */
export async function createTensor(
  gpu: Gpu,
  data: TensorData,
  options: TensorOptions = {},
): Promise<GpuTensor> {
  const { name = "tensor" } = optionsOf(options, "tensor");
  if (typeof name !== "string") {
    throw new CenoteError("OPTIONS", `tensor: wanted text as a name, found ${told(name)}`);
  }
  const given = flat(data);
  const shape = options.shape
    ? resolveShape(given.shape, options.shape, name)
    : checkedShape(given.shape, name);
  const dtype = options.dtype === undefined ? given.dtype : checkedDtype(options.dtype, name);
  if (sizeOf(shape) !== given.values.length) {
    throw new CenoteError(
      "SHAPE",
      `${name}: wanted ${sizeOf(shape)} elements for ${shown(shape)}, found ${given.values.length}`,
    );
  }
  const storage = allocate(gpu, shape, dtype, name);
  try {
    if (given.values.length <= hostLimit(gpu))
      storage.keep(copyOf(given.values, dtype, name), dtype);
    else {
      const data = wordsOf(given.values, dtype, storage.block.bytes, name);
      await gpu.upload([{ block: storage.block, data }]);
    }
  } catch (error) {
    storage.block.dispose();
    throw error;
  }
  return new GpuTensor(gpu, shape, leaf(storage, dtype, given.strides ?? rowMajor(shape)), name);
}

/** The numbers as elements of their own. */
function copyOf(values: ArrayLike<number>, dtype: Dtype, name: string): HostArray {
  if (!ArrayBuffer.isView(values) || dtypeOfArray(values) !== dtype)
    checkRange(values, dtype, name);
  const own = new DTYPES[dtype].array(values.length);
  if (dtype === "bool") for (let i = 0; i < own.length; i++) own[i] = Number(Boolean(values[i]));
  else own.set(values);
  return own;
}

/** The array itself where its bytes are those of the tensor, else packed anew. */
function wordsOf(
  values: ArrayLike<number>,
  dtype: Dtype,
  bytes: number,
  name: string,
): ArrayBufferView {
  const same =
    ArrayBuffer.isView(values) &&
    values.byteLength % 4 === 0 &&
    dtypeOfArray(values) === dtype &&
    !(values.buffer instanceof SharedArrayBuffer);
  if (same) return values;
  checkRange(values, dtype, name);
  return packedBytes(values, dtype, bytes);
}

/** Throws RANGE where an integer dtype can't hold a number, which would be another one then. */
function checkRange(values: ArrayLike<number>, dtype: Dtype, name: string): void {
  const { range } = DTYPES[dtype];
  if (!range) return;
  const [low, high] = range;
  for (let i = 0; i < values.length; i++) {
    const whole = Math.trunc(values[i]!);
    if (whole >= low && whole <= high) continue;
    throw new CenoteError(
      "RANGE",
      `${name}: wanted numbers that ${dtype} holds (${low} to ${high}), found ${values[i]} at element ${i}`,
      {
        mend: `Take a wider dtype, or make floats of them and cast: tensor(data).cast("${dtype}") holds them within its bounds.`,
      },
    );
  }
}

interface Flat {
  values: ArrayLike<number>;
  shape: number[];
  dtype: Dtype;
  /** Of elements that are not in the order of the rows. */
  strides?: Shape;
}

function flat(data: TensorData): Flat {
  if (typeof data === "number") return { values: [data], shape: [], dtype: "f32" };
  if (typeof data === "boolean") return { values: [Number(data)], shape: [], dtype: "bool" };
  if (ArrayBuffer.isView(data)) return ofArray(data);
  if (Array.isArray(data)) return nested(data);
  const { shape, data: elements, strides } = (data ?? {}) as Record<string, unknown>;
  if (ArrayBuffer.isView(elements)) return shaped(elements, checkedShape(shape, "tensor"), strides);
  throw notTensor(told(data));
}

function shaped(elements: ArrayBufferView, shape: number[], strides: unknown): Flat {
  const plain = { ...ofArray(elements), shape };
  if (!Array.isArray(strides) || isRowMajor(shape, strides)) return plain;
  const given = checkedShape(strides, "strides");
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * (given[i] ?? 0), 0);
  const length = plain.values.length;
  if (given.length === shape.length && (sizeOf(shape) === 0 || last < length))
    return { ...plain, strides: given };
  throw new CenoteError(
    "SHAPE",
    `tensor: wanted a stride for each axis of ${shown(shape)}, within ${length} elements; found ${shown(given)}`,
  );
}

function ofArray(array: ArrayBufferView): Flat {
  const dtype = dtypeOfArray(array);
  const values = array as unknown as ArrayLike<number>;
  if (dtype) return { values, shape: [values.length], dtype };
  const tag = (array as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]!;
  if (tag === "Float64Array") return { values, shape: [values.length], dtype: "f32" };
  if (tag === "Int16Array" || tag === "Uint16Array")
    return { values, shape: [values.length], dtype: "i32" };
  throw notTensor(`a ${tag}, whose elements no dtype of tensors holds`);
}

function nested(data: readonly TensorData[]): Flat {
  const shape: number[] = [];
  for (
    let at: unknown = data;
    Array.isArray(at) || ArrayBuffer.isView(at);
    at = (at as unknown[])[0]
  ) {
    shape.push((at as { length: number }).length);
  }
  checkedShape(shape, "tensor");
  const values: number[] = [];
  let booleans = true;
  const visit = (part: unknown, axis: number): void => {
    const list =
      Array.isArray(part) || ArrayBuffer.isView(part)
        ? (part as unknown as ArrayLike<unknown>)
        : undefined;
    if (axis === shape.length) {
      if (typeof part !== "number" && typeof part !== "boolean")
        throw notTensor(list ? "arrays of different depths" : typeof part);
      booleans &&= typeof part === "boolean";
      values.push(Number(part));
    } else if (list?.length !== shape[axis]) {
      throw notTensor(
        `arrays of different lengths: ${shape[axis]} and ${list?.length ?? "a number"} in axis ${axis}`,
      );
    } else {
      for (let i = 0; i < list!.length; i++) visit(list![i], axis + 1);
    }
  };
  visit(data, 0);
  return { values, shape, dtype: booleans && values.length > 0 ? "bool" : "f32" };
}

function notTensor(found: string): CenoteError {
  return new CenoteError(
    "TENSOR_DATA",
    `tensor: wanted numbers in arrays of one shape, or a typed array; found ${found}`,
    {
      mend: "64-bit integers: convert them first, as in Int32Array.from(values, Number).",
    },
  );
}

/** 0, 1, 2 …: kernels count in 32 bits. */
const COUNTER: Expr = { kind: "ramp", dtype: "u32", strides: [1], offset: 0 };
const MOST_COUNTED = 2 ** 32;

/** The same number everywhere. It takes no memory until something needs it in memory. */
export function full(
  gpu: Gpu,
  shape: number | Shape,
  value: number | boolean,
  dtype?: Dtype,
): GpuTensor {
  const sizes = checkedShape(shape, "full");
  const to = checkedDtype(dtype ?? (typeof value === "boolean" ? "bool" : "f32"), "full");
  if (typeof value === "number") checkRange([value], to, "full");
  return new GpuTensor(gpu, sizes, castTo(constant(value, to, "full"), to), "full");
}

/**
 * start, start + step … below stop, as i32 where start and step are whole and no dtype is given. Throws RANGE, also
 * where the dtype does not hold the numbers.
 */
export function arange(gpu: Gpu, start: number, stop: number, step = 1, dtype?: Dtype): GpuTensor {
  const numbers = [start, stop, step].every((one) => typeof one === "number");
  const count = numbers ? Math.max(0, Math.ceil((stop - start) / step)) : Number.NaN;
  if (!(count <= MOST_COUNTED)) {
    throw new CenoteError(
      "RANGE",
      `arange: wanted numbers, and a step that leads to at most ${MOST_COUNTED} of them; found ${[start, stop, step].map(told).join(", ")}`,
    );
  }
  const whole = Number.isInteger(start) && Number.isInteger(step);
  const to = checkedDtype(dtype ?? (whole ? "i32" : "f32"), "arange");
  const ends = count > 0 ? [start, start + (count - 1) * step] : [0, 0];
  const { range } = DTYPES[to];
  if (range && !isWithin(ends, range)) {
    throw new CenoteError(
      "RANGE",
      `arange: wanted numbers that ${to} holds (${range.join(" to ")}), found ${ends.join(" to ")}`,
      { mend: 'Give a dtype that holds them, as in arange(start, stop, step, "f32").' },
    );
  }
  // Words wrap alike as i32 and u32, so that only the values at the ends need to fit.
  const word = (["i32", "u32"] as const).find((one) => isWithin(ends, DTYPES[one].range!));
  const ramp: Expr =
    whole && word
      ? { kind: "ramp", dtype: word, strides: [step], offset: start }
      : scaled(COUNTER, step, start);
  return new GpuTensor(gpu, [count], castTo(ramp, to), "arange");
}

const isWithin = (values: readonly number[], [low, high]: readonly [number, number]) =>
  values.every((value) => value >= low && value <= high);

function scaled(ramp: Expr, by: number, from: number): Expr {
  const product = call("mul", "f32", [castTo(ramp, "f32"), constant(by, "f32", "arange")]);
  return call("add", "f32", [product, constant(from, "f32", "arange")]);
}

/** `count` numbers from `start` to `stop`, both included. */
export function linspace(gpu: Gpu, start: number, stop: number, count = 50): GpuTensor {
  const [size] = checkedShape([count], "linspace");
  if (typeof start !== "number" || typeof stop !== "number") {
    throw new CenoteError(
      "RANGE",
      `linspace: wanted numbers, found ${told(start)} and ${told(stop)}`,
    );
  }
  if (size! > MOST_COUNTED) {
    throw new CenoteError(
      "RANGE",
      `linspace: wanted at most ${MOST_COUNTED} numbers, found ${size}`,
    );
  }
  const step = size! > 1 ? (stop - start) / (size! - 1) : 0;
  const even = scaled(COUNTER, step, start);
  // Rounding would miss the end.
  const isEnd = call("eq", "bool", [COUNTER, constant(size! - 1, "u32", "linspace")]);
  const expr =
    size! > 1 ? call("where", "f32", [isEnd, constant(stop, "f32", "linspace"), even]) : even;
  return new GpuTensor(gpu, [size!], expr, "linspace");
}

/** Ones in the diagonal of a matrix, else zeros. */
export function eye(gpu: Gpu, rows: number, columns = rows, dtype: Dtype = "f32"): GpuTensor {
  const shape = checkedShape([rows, columns], "eye");
  const row: Expr = { kind: "ramp", dtype: "i32", strides: [1, 0], offset: 0 };
  const column: Expr = { kind: "ramp", dtype: "i32", strides: [0, 1], offset: 0 };
  return new GpuTensor(
    gpu,
    shape,
    castTo(call("eq", "bool", [row, column]), checkedDtype(dtype, "eye")),
    "eye",
  );
}
