// Reductions as methods, and what is made of them: statistics, softmax, norms. What feeds a reduction is computed
// in its kernel, and what follows it in the next one.
import { CenoteError } from "../../base/index.ts";
import { Activations } from "./activations.ts";
import { optionsOf, told } from "./arguments.ts";
import { forReads } from "./base.ts";
import type { Dtype } from "./dtypes.ts";
import { floatOf, isFloatDtype, sumDtype } from "./dtypes.ts";
import type { Expr } from "./expr.ts";
import type { RowOperation } from "./host/rows.ts";
import { castTo, type Operand } from "./operands.ts";
import type { Reducer } from "./ops.ts";
import { reduced } from "./reduce.ts";
import { byRows, suitsRows } from "./rows.ts";
import { checkedAxes, checkedAxis, shown } from "./shape.ts";
import { tidy } from "./tidy.ts";

/** Axes counted from 0, or from the end when negative; all when absent. */
export type Axes = number | readonly number[] | undefined;

export interface ReduceOptions {
  /** Whether reduced axes stay, with size 1. Default false. */
  keepDims?: boolean;
}

export interface NormOptions {
  /** Added to the variance, or the mean of squares. */
  epsilon?: number;
  /** What is brought to one size together. Default: the last. */
  axes?: Axes;
}

export interface BatchNormOptions {
  /** Default 1. */
  scale?: Operand;
  /** Default 0. */
  shift?: Operand;
  /** Added to the variance. Default 10⁻³. */
  epsilon?: number;
}

export abstract class Reductions extends Activations {
  #reduce(
    how: Reducer,
    axes: Axes,
    options: ReduceOptions,
    dtype: Dtype,
    what: string = how,
    divisor = 1,
  ): this {
    const { keepDims = false } = optionsOf(options, what);
    const over = checkedAxes(axes, this.rank, what);
    if (how === "min" || how === "max") this.#mustHave(over, what);
    const found = reduced(this.gpu, this.expression(), this.shape, over, how, what, divisor);
    const kept = this.shape.filter((_, i) => !over.includes(i));
    const wide = this.shape.map((size, i) => (over.includes(i) ? 1 : size));
    return tidy(() => this.make(kept, castTo(found, dtype), what).reshape(keepDims ? wide : kept));
  }

  #mustHave(over: readonly number[], what: string): void {
    if (over.every((axis) => this.shape[axis] !== 0)) return;
    throw new CenoteError(
      "EMPTY",
      `${what}: wanted elements to choose from, found none in ${shown(this.shape)} over axes ${shown(over)}`,
    );
  }

  /** In one kernel, an invocation a row. */
  #rows(how: RowOperation, axis: number, dtype: Dtype, options: ReduceOptions): this {
    const { keepDims = false } = optionsOf(options, how);
    const x = how === "argMin" || how === "argMax" ? this : forReads(this, 2 * this.size);
    const { result, shape } = byRows(this.gpu, x.expression(), this.shape, axis, how);
    const found = this.make(shape, castTo(result, dtype), how);
    return keepDims && shape.length < this.rank ? found.expandDims(axis) : found;
  }

  /** Sum; of f16 added up in f32, of narrow integers and bools in 32 bits, where it wraps. Derivative: nothing. */
  sum(axes?: Axes, options: ReduceOptions = {}): this {
    return this.#reduce("sum", axes, options, sumDtype(this.dtype));
  }

  /** Product, in the types of sum(). Derivative: x, z. */
  prod(axes?: Axes, options: ReduceOptions = {}): this {
    return this.#reduce("prod", axes, options, sumDtype(this.dtype));
  }

  /** The least; NaN where there is one. Derivative: x, z. Throws EMPTY. */
  min(axes?: Axes, options: ReduceOptions = {}): this {
    return this.#reduce("min", axes, options, this.dtype);
  }

  /** The greatest; NaN where there is one. Derivative: x, z. Throws EMPTY. */
  max(axes?: Axes, options: ReduceOptions = {}): this {
    return this.#reduce("max", axes, options, this.dtype);
  }

  /** Mean, as floats; NaN of nothing. Derivative: nothing. */
  mean(axes?: Axes, options: ReduceOptions = {}): this {
    const dtype = floatOf(this.dtype);
    const over = checkedAxes(axes, this.rank, "mean");
    const count = over.reduce((product, axis) => product * this.shape[axis]!, 1);
    return tidy(() => this.cast("f32").#reduce("sum", over, options, dtype, "mean", count));
  }

  /** Whether any is not 0. */
  any(axes?: Axes, options: ReduceOptions = {}): this {
    return tidy(() =>
      this.cast("bool").cast("i32").#reduce("sum", axes, options, "i32", "any").gt(0),
    );
  }

  /** Whether none is 0. */
  all(axes?: Axes, options: ReduceOptions = {}): this {
    return tidy(() => this.cast("bool").not().any(axes, options).not());
  }

  /** Index of the least along an axis, the first of equal ones; of NaN where there is one. i32. Throws EMPTY. */
  argMin(axis?: number, options: ReduceOptions = {}): this {
    return this.#arg("min", axis, options);
  }

  /** Index of the greatest along an axis, the first of equal ones; of NaN where there is one. i32. Throws EMPTY. */
  argMax(axis?: number, options: ReduceOptions = {}): this {
    return this.#arg("max", axis, options);
  }

  #arg(how: "min" | "max", axis: number | undefined, options: ReduceOptions): this {
    const name = how === "min" ? "argMin" : "argMax";
    return tidy(() => {
      if (axis === undefined) return this.flatten().#arg(how, 0, options);
      const over = checkedAxis(axis, this.rank, name);
      this.#mustHave([over], name);
      if (suitsRows(this.shape, over)) return this.#rows(name, over, "i32", options);
      const strides = this.shape.map((_, i) => Number(i === over));
      const index: Expr = { kind: "ramp", dtype: "i32", strides, offset: 0 };
      const best = this.#reduce(how, over, { keepDims: true }, this.dtype, name);
      const hit = isFloatDtype(this.dtype) ? this.eq(best).or(this.isNan()) : this.eq(best);
      const at = hit.where(this.make(this.shape, index, name), 2 ** 31 - 1);
      return at.#reduce("min", over, options, "i32", name);
    });
  }

  /** Variance; `ddof` is taken from the count. Two passes. Derivative: x. */
  variance(axes?: Axes, given: ReduceOptions & { ddof?: number } = {}): this {
    const { ddof = 0, ...options } = optionsOf(given, "variance");
    if (typeof ddof !== "number" || Number.isNaN(ddof)) {
      throw new CenoteError("OPTIONS", `variance: wanted ddof as a number, found ${told(ddof)}`);
    }
    const over = checkedAxes(axes, this.rank, "variance");
    const count = over.reduce((product, axis) => product * this.shape[axis]!, 1);
    return tidy(() => {
      const x = this.cast("f32");
      const squares = x.sub(x.mean(over, { keepDims: true })).square();
      const dtype = floatOf(this.dtype);
      return squares.#reduce("sum", over, options, dtype, "variance", Math.max(0, count - ddof));
    });
  }

  /** Standard deviation: the root of variance(). Derivative: x, z. */
  std(axes?: Axes, options: ReduceOptions & { ddof?: number } = {}): this {
    return tidy(() => this.variance(axes, options).sqrt());
  }

  /** Root of the sum of squares, in f32. Derivative: x, z. */
  norm(axes?: Axes, options: ReduceOptions = {}): this {
    return tidy(() => this.cast("f32").square().sum(axes, options).sqrt());
  }

  /** log Σ eˣ without overflow, in f32. Derivative: x, z. */
  logSumExp(axes?: Axes, options: ReduceOptions = {}): this {
    const over = checkedAxes(axes, this.rank, "logSumExp");
    const { keepDims = false } = optionsOf(options, "logSumExp");
    return tidy(() => {
      if (over.length === 1 && suitsRows(this.shape, over[0]!))
        return this.#rows("logSumExp", over[0]!, "f32", options);
      const x = this.cast("f32");
      const most = x.#finiteMax(over);
      const wide = x.sub(most).exp().sum(over, { keepDims: true }).log().add(most);
      return keepDims ? wide : wide.squeeze(over);
    });
  }

  /** The greatest, or 0 where that is infinite, so that differences to it are numbers. */
  #finiteMax(over: readonly number[]): this {
    const most = this.max(over, { keepDims: true });
    return most.isInf().where(0, most);
  }

  /** eˣ ÷ Σ eˣ along an axis; of no elements none. Derivative: z. */
  softmax(axis = -1): this {
    const over = checkedAxis(axis, this.rank, "softmax");
    const dtype = floatOf(this.dtype);
    return tidy(() => {
      if (this.size === 0) return this.cast(dtype);
      if (suitsRows(this.shape, over)) return this.#rows("softmax", over, dtype, {});
      const x = forReads(this.cast("f32"), 3 * this.size);
      const powers = x.sub(x.#finiteMax([over])).exp();
      return powers.div(powers.sum(over, { keepDims: true })).cast(dtype);
    });
  }

  /** log softmax(x) along an axis; of no elements none. Derivative: z. */
  logSoftmax(axis = -1): this {
    const over = checkedAxis(axis, this.rank, "logSoftmax");
    const dtype = floatOf(this.dtype);
    return tidy(() => {
      if (this.size === 0) return this.cast(dtype);
      if (suitsRows(this.shape, over)) return this.#rows("logSoftmax", over, dtype, {});
      const x = forReads(this, 3 * this.size);
      return x.sub(x.logSumExp(over, { keepDims: true })).cast(dtype);
    });
  }

  /** (x − mean) ÷ √(variance + epsilon) over the last axis, times `scale`, plus `shift`. Derivative: x, mean, variance, scale. */
  layerNorm(scale: Operand = 1, shift: Operand = 0, options: NormOptions = {}): this {
    const { epsilon = 1e-5, axes = -1 } = optionsOf(options, "layerNorm");
    return tidy(() => {
      const x = forReads(this.cast("f32"), 3 * this.size);
      const spread = x.variance(axes, { keepDims: true }).add(epsilon).rsqrt();
      const plain = x.sub(x.mean(axes, { keepDims: true })).mul(spread);
      return plain.mul(scale).add(shift).cast(floatOf(this.dtype));
    }, "layerNorm");
  }

  /** x ÷ √(mean of squares + epsilon) over the last axis, times `scale`. Derivative: x, mean of squares, scale. */
  rmsNorm(scale: Operand = 1, options: NormOptions = {}): this {
    const { epsilon = 1e-6, axes = -1 } = optionsOf(options, "rmsNorm");
    return tidy(() => {
      const x = forReads(this.cast("f32"), 2 * this.size);
      const mean = x.square().mean(axes, { keepDims: true });
      return x.mul(mean.add(epsilon).rsqrt()).mul(scale).cast(floatOf(this.dtype));
    }, "rmsNorm");
  }

  /**
   * (x − mean) ÷ √(variance + epsilon)·scale + shift with statistics of the last axis, or what broadcasts. Derivative: x,
   * mean, variance, scale.
   */
  batchNorm(mean: Operand, variance: Operand, options: BatchNormOptions = {}): this {
    const { scale = 1, shift = 0, epsilon = 1e-3 } = optionsOf(options, "batchNorm");
    return tidy(() => {
      const spread = this.asTensor(variance, "batchNorm").cast("f32").add(epsilon).rsqrt();
      const plain = this.cast("f32").sub(mean).mul(spread);
      return plain.mul(scale).add(shift).cast(floatOf(this.dtype));
    }, "batchNorm");
  }
}
