// What a tensor is: elements in memory, or an expression of such that waits for a kernel. All leaves of an
// expression have the strides of its shape, so that a view of an expression is the expression of views.
import type { Dtype } from "./dtypes.ts";
import type { Storage } from "./storage.ts";

/** Elements in memory: the one at index i lies at offset + Σ iₖ·strideₖ, in elements. */
export interface Leaf {
  readonly kind: "leaf";
  readonly dtype: Dtype;
  readonly storage: Storage;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The number offset + Σ iₖ·strideₖ itself: ranges, and counters of random numbers. */
export interface Ramp {
  readonly kind: "ramp";
  readonly dtype: "i32" | "u32";
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The same everywhere; its bits are a parameter of the kernel, which so serves every constant. */
export interface Constant {
  readonly kind: "constant";
  readonly dtype: Dtype;
  readonly word: number;
}

/** An operation on the elements at the same index. */
export interface Call {
  readonly kind: "call";
  readonly dtype: Dtype;
  readonly op: string;
  readonly args: readonly Expr[];
  /** Calls in this expression, counted as a tree. */
  readonly calls: number;
  /** Its leaves and ramps, each once. */
  readonly placed: readonly Placed[];
}

export type Placed = Leaf | Ramp;
export type Expr = Placed | Constant | Call;

export function call(op: string, dtype: Dtype, args: readonly Expr[]): Call {
  const placed: Placed[] = [];
  let calls = 1;
  for (const arg of args) {
    if (arg.kind === "call") calls += arg.calls;
    for (const one of placedOf(arg)) if (!placed.includes(one)) placed.push(one);
  }
  return { kind: "call", op, dtype, args, calls, placed };
}

export const leaf = (
  storage: Storage,
  dtype: Dtype,
  strides: readonly number[],
  offset = 0,
): Leaf => ({
  kind: "leaf",
  dtype,
  storage,
  strides,
  offset,
});

/** The expression with every leaf and ramp placed anew. */
export function place(expr: Expr, move: (placed: Placed) => Placed): Expr {
  if (expr.kind === "constant") return expr;
  if (expr.kind !== "call") return move(expr);
  const done = new Map<Expr, Expr>();
  const visit = (one: Expr): Expr => {
    if (one.kind === "constant") return one;
    let found = done.get(one);
    if (!found) {
      found = one.kind === "call" ? call(one.op, one.dtype, one.args.map(visit)) : move(one);
      done.set(one, found);
    }
    return found;
  };
  return visit(expr);
}

const NOTHING: readonly Placed[] = [];

/** Its leaves and ramps, each once. */
export function placedOf(expr: Expr): readonly Placed[] {
  if (expr.kind === "call") return expr.placed;
  return expr.kind === "constant" ? NOTHING : [expr];
}

/** The memory that it reads, each once. */
export function storagesOf(expr: Expr): Storage[] {
  const found: Storage[] = [];
  for (const one of placedOf(expr)) {
    if (one.kind === "leaf" && !found.includes(one.storage)) found.push(one.storage);
  }
  return found;
}
