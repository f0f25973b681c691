// Elements of expressions' operands on the host, brought into the order of the rows.
import { DTYPES, type Dtype, type HostArray } from "../dtypes.ts";
import type { Constant, Placed } from "../expr.ts";
import { isRowMajor, type Shape, sizeOf } from "../shape.ts";

/** All elements of a leaf, of its memory `from`, or of a ramp in the order of the rows. */
export function elements(one: Placed, shape: Shape, from?: HostArray): HostArray {
  const { strides, offset } = one;
  const count = sizeOf(shape);
  if (from && offset === 0 && from.length === count && isRowMajor(shape, strides)) return from;
  const out = new (one.kind === "leaf" ? DTYPES[one.dtype].array : rampArray(one.dtype))(count);
  if (from)
    walk(shape, strides, offset, (at, to, step, run) => copyRun(from, at, step, out, to, run));
  else walk(shape, strides, offset, (at, to, step, run) => fillRun(at, step, out, to, run));
  return out;
}

function copyRun(
  from: HostArray,
  at: number,
  step: number,
  out: HostArray,
  to: number,
  run: number,
): void {
  for (let i = 0, place = at; i < run; i++, place += step) out[to + i] = from[place]!;
}

function fillRun(at: number, step: number, out: HostArray, to: number, run: number): void {
  for (let i = 0; i < run; i++) out[to + i] = at + i * step;
}

/** Calls `body` for each line of the last axis, with its place, its number in the order of the rows, stride and length. */
function walk(
  shape: Shape,
  strides: Shape,
  offset: number,
  body: (at: number, to: number, step: number, run: number) => void,
): void {
  const last = shape.length - 1;
  const [run, step] = [shape[last] ?? 1, strides[last] ?? 0];
  const lines = sizeOf(shape) / run;
  const index = new Array<number>(Math.max(0, last)).fill(0);
  let at = offset;
  for (let line = 0; line < lines; line++) {
    body(at, line * run, step, run);
    for (let axis = last - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** Ramps wrap in their 32 bits, as in kernels. */
const rampArray = (dtype: Dtype) => (dtype === "u32" ? Uint32Array : Int32Array);

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** What a constant is in the generated code. */
export function constantValue({ dtype, word }: Constant): number | boolean {
  const { computed } = DTYPES[dtype];
  if (computed === "bool") return word !== 0;
  if (computed === "i32") return word | 0;
  if (computed === "u32") return word >>> 0;
  bits[0] = word;
  return asFloat[0]!;
}
