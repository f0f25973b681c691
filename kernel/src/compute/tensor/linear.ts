// Products of matrices, convolutions, pooling and attention as methods. Floats are added up in f32, whatever the
// operands' dtype, and bytes in i32.
import { CenoteError } from "../../base/index.ts";
import { type AttentionOptions, attended } from "./attention.ts";
import type { TensorBase } from "./base.ts";
import { type ConvolutionOptions, convolved, pooled, type WindowOptions } from "./convolve.ts";
import { type Dtype, floatOf } from "./dtypes.ts";
import type { Leaf } from "./expr.ts";
import { Losses } from "./losses.ts";
import { product } from "./matmul.ts";
import { castTo } from "./operands.ts";
import { shown } from "./shape.ts";
import { tidy } from "./tidy.ts";

/** Weights as small integers, with a scale for each column and group of rows: weight = value · scale. */
export interface Quantized<T extends TensorBase = TensorBase> {
  /** i8 or i4, (rows, columns). */
  readonly values: T;
  /** f32, (groups, columns). */
  readonly scale: T;
  /** Rows that share a scale. */
  readonly group: number;
  dispose(): void;
}

export abstract class Linear extends Losses {
  /**
   * Product of the last two axes; those before broadcast. f16 gives f16 and adds up in f32; integers of less than 32
   * bits give i32. Transposes are read in place. Derivative: x, y. Throws SHAPE, DTYPE.
   */
  matmul(y: TensorBase): this {
    return tidy(() => {
      const { result, shape, dtype } = product(this, y);
      return this.make(shape, castTo(result, dtype), "matmul");
    });
  }

  /** matmul with quantised weights, which are never written out as floats. Derivative: x, the weights. Throws SHAPE, DTYPE. */
  matmulQuantized({ values, scale, group }: Quantized): this {
    const [rows, columns] = values.shape;
    const groups = Math.ceil((rows ?? 0) / group);
    if (
      values.rank !== 2 ||
      scale.rank !== 2 ||
      scale.shape[0] !== groups ||
      scale.shape[1] !== columns
    ) {
      throw new CenoteError(
        "SHAPE",
        `matmulQuantized: wanted values (rows, columns) and scales ${shown([groups, columns ?? 0])}, found ${shown(values.shape)} and ${shown(scale.shape)}`,
      );
    }
    return tidy(() => {
      const floats = this.cast(floatOf(this.dtype));
      const { result, shape } = product(floats, values, { scale, size: group });
      return this.make(shape, castTo(result, floats.dtype), "matmul");
    });
  }

  /**
   * These weights (rows, columns) as i8 or i4, with the scale that holds the greatest of each `group` of rows in each
   * column. Dispose both, or the result, when done. Throws SHAPE.
   */
  quantize({ dtype = "i8" as "i8" | "i4", group = this.shape[0] ?? 1 } = {}): Quantized<this> {
    const [rows, columns] = this.shape as [number, number];
    if (this.rank !== 2 || !Number.isInteger(group) || group < 1 || rows % group !== 0) {
      throw new CenoteError(
        "SHAPE",
        `quantize: wanted a matrix whose rows fall into groups of ${group}, found ${shown(this.shape)}`,
      );
    }
    const most = dtype === "i8" ? 127 : 7;
    const [values, scale] = tidy(() => {
      const parts = this.cast("f32").reshape(rows / group, group, columns);
      const top = parts.abs().max(1, { keepDims: true }).div(most);
      const safe = top.gt(0).where(top, 1);
      const whole = parts.div(safe).round().clamp(-most, most).cast(dtype).compute();
      return [whole.reshape(rows, columns), safe.reshape(rows / group, columns).compute()];
    });
    const dispose = () => {
      values!.dispose();
      scale!.dispose();
    };
    return { values: values!, scale: scale!, group, dispose };
  }

  #image(
    { result, shape }: { result: Leaf; shape: number[] },
    dtype: Dtype,
    layout: "NHWC" | "NCHW" | undefined,
    name: string,
  ): this {
    return tidy(() => {
      const plain = this.make(shape, castTo(result, dtype), name);
      return layout === "NCHW" ? plain.transpose(0, 3, 1, 2) : plain;
    });
  }

  /** Convolution (as in machine learning, without turning the filter). Derivative: x, filter. Throws SHAPE. */
  conv2d(filter: TensorBase, options: ConvolutionOptions = {}): this {
    return this.#image(
      convolved(this, filter, options),
      floatOf(this.dtype),
      options.layout,
      "conv2d",
    );
  }

  /** Convolution along one axis: (batch, length, channels) with (length, channels ÷ groups, outputs). Derivative: x, filter. Throws SHAPE. */
  conv1d(
    filter: TensorBase,
    {
      stride = 1,
      padding = "valid",
      dilation = 1,
      groups = 1,
    }: {
      stride?: number;
      padding?: "valid" | "same" | number | readonly [number, number];
      dilation?: number;
      groups?: number;
    } = {},
  ): this {
    return tidy(() => {
      const [wide, weights] = [
        this.expandDims(1),
        this.make(filter.shape, filter.expression(this.gpu), "filter").expandDims(0),
      ];
      const sides = typeof padding === "number" ? ([padding, padding] as const) : padding;
      const both = typeof sides === "string" ? sides : ([[0, 0], sides] as const);
      return wide
        .conv2d(weights, { stride: [1, stride], padding: both, dilation: [1, dilation], groups })
        .squeeze(1);
    });
  }

  /** The greatest of each window. Derivative: x, z. Throws SHAPE. */
  maxPool2d(window: number | readonly [number, number], options: WindowOptions = {}): this {
    return this.#image(
      pooled(this, window, "max", options),
      floatOf(this.dtype),
      options.layout,
      "maxPool2d",
    );
  }

  /** The mean of each window, of what lies inside the image. Derivative: nothing. Throws SHAPE. */
  meanPool2d(window: number | readonly [number, number], options: WindowOptions = {}): this {
    return this.#image(
      pooled(this, window, "mean", options),
      floatOf(this.dtype),
      options.layout,
      "meanPool2d",
    );
  }

  /**
   * softmax(q·kᵀ·scale + mask)·v, this being q, without the matrix of scores in memory. A query that sees no key
   * gives zeros. Derivative: q, k, v, mask, z. Throws SHAPE.
   */
  attention(k: TensorBase, v: TensorBase, options: AttentionOptions = {}): this {
    return tidy(() => {
      const { result, shape } = attended(this, k, v, options);
      return this.make(shape, castTo(result, floatOf(this.dtype)), "attention");
    });
  }
}
