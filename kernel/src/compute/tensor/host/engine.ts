// Small element-wise work whose data lie on the host, done there: a submit and its wait take longer than the work. The
// device gets the result when a kernel needs it. Results are those of the kernels within the stated tolerances.
import type { Gpu } from "../../../gpu/index.ts";
import { DTYPES, type Dtype, type HostArray } from "../dtypes.ts";
import { type Constant, type Expr, type Leaf, leaf, type Placed } from "../expr.ts";
import { isRowMajor, rowMajor, type Shape, sizeOf } from "../shape.ts";
import { allocate } from "../storage.ts";
import { type HostForm, hostCode, hostForm } from "./code.ts";
import { FUNCTIONS } from "./functions.ts";

type Loop = (
  out: HostArray,
  arrays: readonly ArrayLike<number>[],
  constants: readonly unknown[],
) => void;

/** Elements up to which work is done on the host, by device; of a device that is not here, none. */
const limits = new WeakMap<Gpu, number>();

/** From now on, work of at most so many elements whose data lie on the host is done there. */
export function preferHost(gpu: Gpu, elements: number): void {
  limits.set(gpu, elements);
}

export const hostLimit = (gpu: Gpu): number => limits.get(gpu) ?? 0;

/** Compiled loops by what they do. */
const loops = new Map<string, Loop>();
const KEPT = 512;

/** The expression's elements computed on the host, in memory of the pool that nobody holds yet; undefined where they can't be. */
export function onHost(gpu: Gpu, expr: Expr, shape: Shape, what: string): Leaf | undefined {
  const count = sizeOf(shape);
  if (count === 0 || count > hostLimit(gpu) || expr.kind !== "call") return undefined;
  if (!expr.placed.every((one) => one.kind === "ramp" || one.storage.host)) return undefined;
  const form = hostForm(expr);
  if (!form) return undefined;
  const { placed, constants } = form;
  const out = new DTYPES[expr.dtype].array(count);
  loopOf(expr, form)(
    out,
    placed.map((one) => elements(one, shape, one.kind === "leaf" ? one.storage.host : undefined)),
    constants.map(numberOf),
  );
  const storage = allocate(gpu, shape, expr.dtype, what);
  storage.keep(out, expr.dtype);
  return leaf(storage, expr.dtype, rowMajor(shape));
}

function loopOf(expr: Expr, form: HostForm): Loop {
  let loop = loops.get(form.key);
  if (!loop) {
    loop = compiled(expr, form);
    if (loops.size >= KEPT) loops.clear();
    loops.set(form.key, loop);
  }
  return loop;
}

function compiled(expr: Expr, form: HostForm): Loop {
  const { lines, value } = hostCode(expr, form);
  const list = (of: readonly unknown[], prefix: string) =>
    of.map((_, i) => `${prefix}${i}`).join(", ");
  const body = `"use strict"; const { ${Object.keys(FUNCTIONS).join(", ")} } = functions;
return (out, [${list(form.placed, "x")}], [${list(form.constants, "c")}]) => {
  for (let i = 0; i < out.length; i++) {
    ${lines.join("\n    ")}
    out[i] = ${value};
  }
};`;
  return new Function("functions", body)(FUNCTIONS);
}

/** The elements of a leaf in the order of the rows, where the host has them: its own memory, or new. */
export function elementsOnHost(one: Leaf, shape: Shape): HostArray | undefined {
  const { host } = one.storage;
  return host && elements(one, shape, host);
}

/** All elements of a leaf, of its memory `from`, or of a ramp in the order of the rows. */
function elements(one: Placed, shape: Shape, from?: HostArray): HostArray {
  const { strides, offset } = one;
  if (from && offset === 0 && from.length === sizeOf(shape) && isRowMajor(shape, strides))
    return from;
  const out = new (one.kind === "leaf" ? DTYPES[one.dtype].array : rampArray(one.dtype))(
    sizeOf(shape),
  );
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = from ? from[at]! : at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Ramps wrap in their 32 bits, as in kernels. */
const rampArray = (dtype: Dtype) => (dtype === "u32" ? Uint32Array : Int32Array);

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

function numberOf({ dtype, word }: Constant): number | boolean {
  const { computed } = DTYPES[dtype];
  if (computed === "bool") return word !== 0;
  if (computed === "i32") return word | 0;
  if (computed === "u32") return word >>> 0;
  bits[0] = word;
  return asFloat[0]!;
}
