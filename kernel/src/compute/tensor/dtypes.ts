// The types of a tensor's elements: how they lie in memory, what kernels compute them in, and what comes of
// two of them.
import { CenoteError } from "../../base/index.ts";

export type Dtype = "f32" | "f16" | "i32" | "u32" | "i8" | "u8" | "i4" | "bool";
/** What a kernel computes in. */
export type Computed = "f32" | "i32" | "u32" | "bool";
export type HostArray =
  | Float32Array
  | Float16Array
  | Int32Array
  | Uint32Array
  | Int8Array
  | Uint8Array;

interface DtypeFacts {
  /** Bits of an element in memory; elements of less than 32 are packed, the first one lowest. */
  readonly bits: number;
  readonly computed: Computed;
  /** NumPy's name; i4 has none of its own and is int8 outside the pool. */
  readonly numpy: string;
  /** What `read` gives: of i4 a byte an element, of bool 0 or 1. */
  readonly array: new (
    length: number,
  ) => HostArray;
  /** Bounds of integers. */
  readonly range?: readonly [number, number];
}

export const DTYPES: Readonly<Record<Dtype, DtypeFacts>> = {
  f32: { bits: 32, computed: "f32", numpy: "float32", array: Float32Array },
  f16: { bits: 16, computed: "f32", numpy: "float16", array: Float16Array },
  i32: {
    bits: 32,
    computed: "i32",
    numpy: "int32",
    array: Int32Array,
    range: [-(2 ** 31), 2 ** 31 - 1],
  },
  u32: { bits: 32, computed: "u32", numpy: "uint32", array: Uint32Array, range: [0, 2 ** 32 - 1] },
  i8: { bits: 8, computed: "i32", numpy: "int8", array: Int8Array, range: [-128, 127] },
  u8: { bits: 8, computed: "u32", numpy: "uint8", array: Uint8Array, range: [0, 255] },
  i4: { bits: 4, computed: "i32", numpy: "int8", array: Int8Array, range: [-8, 7] },
  bool: { bits: 1, computed: "bool", numpy: "bool", array: Uint8Array },
};

const NAMES = Object.keys(DTYPES) as Dtype[];

export const isFloatDtype = (dtype: Dtype) => DTYPES[dtype].computed === "f32";
export const isIntegerDtype = (dtype: Dtype) => DTYPES[dtype].range !== undefined;
/** Floats as they are, anything else f32: what mathematical functions give. */
export const floatOf = (dtype: Dtype): Dtype => (isFloatDtype(dtype) ? dtype : "f32");

/** The dtype of sums and products: floats as they are, narrow integers and bools in 32 bits. */
export function sumDtype(dtype: Dtype): Dtype {
  if (isFloatDtype(dtype)) return dtype;
  return dtype === "u32" || dtype === "u8" ? "u32" : "i32";
}

/** The dtype by its name or NumPy's. Throws DTYPE. */
export function checkedDtype(name: unknown, where: string): Dtype {
  const found = NAMES.find((dtype) => dtype === name || DTYPES[dtype].numpy === name);
  if (found) return found;
  throw new CenoteError(
    "DTYPE",
    `${where}: wanted one of ${NAMES.join(", ")}, found ${String(name)}`,
  );
}

/** The dtype of a typed array's elements; undefined where tensors have none. */
export function dtypeOfArray(array: ArrayBufferView): Dtype | undefined {
  const tag = (array as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  if (tag === "Uint8ClampedArray") return "u8";
  return NAMES.find(
    (dtype) => dtype !== "i4" && dtype !== "bool" && DTYPES[dtype].array.name === tag,
  );
}

/**
 * The dtype of an operation on two: bool gives way to all, integers to floats, f16 to f32, and a narrow integer
 * to a wider one that holds it; i8 with u8 is i32. Throws DTYPE for u32 with signed integers, which nothing holds.
 */
export function promote(a: Dtype, b: Dtype, where: string): Dtype {
  if (a === b) return a;
  if (a === "bool") return b;
  if (b === "bool") return a;
  if (isFloatDtype(a) || isFloatDtype(b)) {
    if (isFloatDtype(a) && isFloatDtype(b)) return "f32";
    return isFloatDtype(a) ? a : b;
  }
  const [x, y] = [DTYPES[a].range!, DTYPES[b].range!];
  const low = Math.min(x[0], y[0]);
  const high = Math.max(x[1], y[1]);
  const holds = (["i4", "i8", "u8", "i32", "u32"] as const).find(
    (dtype) => DTYPES[dtype].range![0] <= low && DTYPES[dtype].range![1] >= high,
  );
  if (holds) return holds;
  throw new CenoteError("DTYPE", `${where}: no dtype holds both ${a} and ${b}`, {
    mend: 'Cast one of them first, as in x.cast("i32").',
  });
}

/** The bits of a number as a kernel computes it, as one word. Throws DTYPE where an integer dtype can't hold it. */
export function wordOf(value: number, dtype: Dtype, where: string): number {
  const { computed, range } = DTYPES[dtype];
  if (computed === "f32") return new Uint32Array(Float32Array.of(value).buffer)[0]!;
  if (computed === "bool") return value === 0 ? 0 : 1;
  if (Number.isInteger(value) && value >= range![0] && value <= range![1]) return value >>> 0;
  throw new CenoteError(
    "DTYPE",
    `${where}: wanted ${dtype} (${range!.join(" to ")}), found ${value}`,
  );
}

/** Bytes of `count` elements in whole vectors of four words; a tensor has at least one. */
export function bytesOf(dtype: Dtype, count: number): number {
  return Math.max(16, Math.ceil((count * DTYPES[dtype].bits) / 128) * 16);
}
