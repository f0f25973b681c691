// Small work whose data lie on the host, done there: a submit and its wait take longer than the work. The device gets
// the result when a kernel needs it. Results are those of the kernels within the stated tolerances.
import type { Gpu } from "../../../gpu/index.ts";
import { DTYPES, type Dtype, type HostArray } from "../dtypes.ts";
import { type Call, type Expr, type Leaf, leaf, placedOf } from "../expr.ts";
import { rowMajor, type Shape, sizeOf } from "../shape.ts";
import { allocate } from "../storage.ts";
import { type HostForm, hostCode, hostForm } from "./code.ts";
import { constantValue, elements } from "./elements.ts";
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

/** Whether so many elements are few enough, and not none. */
export const isFew = (gpu: Gpu, count: number): boolean => count > 0 && count <= hostLimit(gpu);

/** Compiled loops by what they do. */
const loops = new Map<string, Loop>();
const KEPT = 512;

/**
 * The expression's elements in the order of the rows, computed on the host: new memory, or that of its only operand;
 * undefined where they are many, or can't be computed here.
 */
export function hostValues(gpu: Gpu, expr: Expr, shape: Shape): HostArray | undefined {
  const count = sizeOf(shape);
  if (!isFew(gpu, count)) return undefined;
  if (expr.kind === "call") return calculated(expr, shape, count);
  const { array } = DTYPES[expr.dtype];
  if (expr.kind === "constant") return new array(count).fill(Number(constantValue(expr)));
  if (expr.kind === "ramp") return elements(expr, shape);
  const { host } = expr.storage;
  return host && elements(expr, shape, host);
}

function calculated(expr: Call, shape: Shape, count: number): HostArray | undefined {
  const form = liesOnHost(expr) && hostForm(expr);
  if (!form) return undefined;
  const { placed, constants } = form;
  const out = new DTYPES[expr.dtype].array(count);
  loopOf(expr, form)(
    out,
    placed.map((one) => elements(one, shape, one.kind === "leaf" ? one.storage.host : undefined)),
    constants.map(constantValue),
  );
  return out;
}

/** Whether the host has, or makes from nothing, all that the expression reads. */
export const liesOnHost = (expr: Expr): boolean =>
  placedOf(expr).every((one) => one.kind === "ramp" || one.storage.host !== undefined);

/** What the host has computed, in memory of the pool that nobody holds yet; it is written when a kernel needs it. */
export function kept(gpu: Gpu, values: HostArray, shape: Shape, dtype: Dtype, what: string): Leaf {
  const storage = allocate(gpu, shape, dtype, what);
  storage.keep(values, dtype);
  return leaf(storage, dtype, rowMajor(shape));
}

/** The expression's elements computed on the host, in memory of their own; undefined where they can't be. */
export function onHost(gpu: Gpu, expr: Expr, shape: Shape, what: string): Leaf | undefined {
  const values = hostValues(gpu, expr, shape);
  if (!values) return undefined;
  const own = expr.kind === "leaf" && values === expr.storage.host ? values.slice() : values;
  return kept(gpu, own, shape, expr.dtype, what);
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
  const body = `(out, [${list(form.placed, "x")}], [${list(form.constants, "c")}]) => {
  for (let i = 0; i < out.length; i++) {
    ${lines.join("\n    ")}
    out[i] = ${value};
  }
}`;
  return made(body);
}

/** A function of this text, which may call those of functions.ts. */
export function made<F>(text: string): F {
  const head = `"use strict"; const { ${Object.keys(FUNCTIONS).join(", ")} } = functions;`;
  return new Function("functions", `${head}\nreturn ${text};`)(FUNCTIONS);
}
