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
}

export type Placed = Leaf | Ramp;
export type Expr = Placed | Constant | Call;

export function call(op: string, dtype: Dtype, args: readonly Expr[]): Call {
  const calls = args.reduce((sum, arg) => sum + (arg.kind === "call" ? arg.calls : 0), 1);
  return { kind: "call", op, dtype, args, calls };
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
  const done = new Map<Expr, Expr>();
  const visit = (one: Expr): Expr => {
    if (one.kind === "constant") return one;
    if (one.kind !== "call") return move(one);
    let found = done.get(one);
    if (!found) {
      found = { ...one, args: one.args.map(visit) };
      done.set(one, found);
    }
    return found;
  };
  return visit(expr);
}

/** Its leaves and ramps, each once. */
export function placedOf(expr: Expr): Placed[] {
  const found = new Set<Placed>();
  const seen = new Set<Expr>();
  const visit = (one: Expr): void => {
    if (one.kind === "leaf" || one.kind === "ramp") found.add(one);
    else if (one.kind === "call" && !seen.has(one)) {
      seen.add(one);
      one.args.forEach(visit);
    }
  };
  visit(expr);
  return [...found];
}

/** The memory that it reads, each once. */
export function storagesOf(expr: Expr): Storage[] {
  return [...new Set(placedOf(expr).flatMap((one) => (one.kind === "leaf" ? [one.storage] : [])))];
}
