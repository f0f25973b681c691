// What goes through each row more than once, on the host: as the kernels of rows.ts do it, sums in the same order.
import type { HostArray } from "../dtypes.ts";
import type { HostRows } from "./along.ts";

export type RowOperation = "softmax" | "logSoftmax" | "logSumExp" | "argMin" | "argMax";

/** Elements of the rows, f32, or one of each row: f32, or i32 where it is an index. */
export function rowsOnHost(of: HostRows, how: RowOperation): HostArray {
  if (how === "argMin" || how === "argMax") return extremes(of, how === "argMax");
  return powers(of, how);
}

function extremes({ values, rows, each }: HostRows, greatest: boolean): Int32Array {
  const out = new Int32Array(rows);
  for (let row = 0; row < rows; row++) out[row] = extremeOf(values, row * each, each, greatest);
  return out;
}

/** The first of equal ones, and of NaN where there is one. */
function extremeOf(values: HostArray, from: number, each: number, greatest: boolean): number {
  let found = 0;
  let best = values[from]!;
  for (let i = 1; i < each && !Number.isNaN(best); i++) {
    const value = values[from + i]!;
    if (!(greatest ? value > best : value < best) && !Number.isNaN(value)) continue;
    best = value;
    found = i;
  }
  return found;
}

function powers({ values, rows, each }: HostRows, how: RowOperation): Float32Array {
  const out = new Float32Array(how === "logSumExp" ? rows : values.length);
  const parts = new Float32Array(each);
  for (let row = 0; row < rows; row++) {
    const from = row * each;
    const most = finiteMost(values, from, each);
    for (let i = 0; i < each; i++) parts[i] = Math.exp(Math.fround(values[from + i]! - most));
    const sum = summed(parts);
    const whole = Math.fround(Math.fround(Math.log(sum)) + most);
    if (how === "logSumExp") out[row] = whole;
    else if (how === "softmax") for (let i = 0; i < each; i++) out[from + i] = parts[i]! / sum;
    else for (let i = 0; i < each; i++) out[from + i] = values[from + i]! - whole;
  }
  return out;
}

/** The greatest, or 0 where that is infinite; NaN where there is one. */
function finiteMost(values: HostArray, from: number, each: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + each; i++) most = Math.max(most, values[i]!);
  return Math.abs(most) === Number.POSITIVE_INFINITY ? 0 : most;
}

function summed(parts: Float32Array): number {
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < parts.length; i++) sums[i & 3] = Math.fround(sums[i & 3]! + parts[i]!);
  const [a, b, c, d] = sums as [number, number, number, number];
  return Math.fround(Math.fround(a + b) + Math.fround(c + d));
}
