// Moving elements on the host: by index, beside each other, and into order, as the kernels of gather.ts, join.ts,
// assemble.ts and sort.ts do it.
import { DTYPES, type Dtype, type HostArray } from "../dtypes.ts";
import type { Leaf } from "../expr.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { elements } from "./elements.ts";

/**
 * For each of `indices` (of shape `to`) the element of `from` at that index of the axis of this stride and size;
 * `strides` lead to the others by the places in `to`. Those beyond the axis are NaN, or 0.
 */
export function gatheredOnHost(
  from: Leaf,
  host: HostArray,
  { stride, size }: { stride: number; size: number },
  strides: readonly number[],
  indices: HostArray,
  to: Shape,
): HostArray {
  const { array, computed } = DTYPES[from.dtype];
  const out = new array(sizeOf(to));
  const missing = computed === "f32" ? Number.NaN : 0;
  const bases = strides.every((one) => one === 0)
    ? undefined
    : elements({ kind: "ramp", dtype: "i32", strides, offset: from.offset }, to);
  for (let i = 0; i < out.length; i++) {
    const given = indices[i]!;
    const at = given < 0 ? given + size : given;
    const base = bases ? bases[i]! : from.offset;
    out[i] = at >= 0 && at < size ? host[base + at * stride]! : missing;
  }
  return out;
}

/** Rows of a result `width` wide, made of a row of each part, one beside the other. */
export function joinedOnHost(
  parts: readonly { values: HostArray; width: number }[],
  dtype: Dtype,
  rows: number,
): HostArray {
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const out = new DTYPES[dtype].array(rows * width);
  let begin = 0;
  for (const { values, width: own } of parts) {
    for (let row = 0; row < rows; row++) {
      const line = rows === 1 ? values : values.subarray(row * own, (row + 1) * own);
      out.set(line as never, row * width + begin);
    }
    begin += own;
  }
  return out;
}

/** What stands beside an axis: before it and after it, and how long it is. */
export interface AxisExtent {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Puts updates in their order where the indices of an axis say, in place of what is in `values` or added to it. */
export function scatterOnHost(
  values: HostArray,
  { outer, length, inner }: AxisExtent,
  indices: HostArray,
  updates: HostArray,
  how: "add" | "set",
): void {
  const count = indices.length;
  for (let i = 0; i < count; i++) {
    const at = indices[i]! < 0 ? indices[i]! + length : indices[i]!;
    if (at < 0 || at >= length) continue;
    for (let row = 0; row < outer; row++) {
      const [to, from] = [(row * length + at) * inner, (row * count + i) * inner];
      for (let k = 0; k < inner; k++) {
        const update = updates[from + k]!;
        values[to + k] = how === "add" ? values[to + k]! + update : update;
      }
    }
  }
}

/** For each row the indices that sort it: stable, −0 as 0, NaN last. */
export function sortedOnHost(
  values: HostArray,
  rows: number,
  length: number,
  descending: boolean,
): Int32Array {
  const out = new Int32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    const order = out.subarray(row * length, (row + 1) * length);
    for (let i = 0; i < length; i++) order[i] = i;
    const base = row * length;
    const sign = descending ? -1 : 1;
    order.sort((a, b) => {
      const [x, y] = [values[base + a]!, values[base + b]!];
      if (x === y) return a - b;
      if (Number.isNaN(x) || Number.isNaN(y)) {
        return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
      }
      return (x - y) * sign;
    });
  }
  return out;
}
