// Products of matrices, convolutions, pooling and attention as methods. Floats are added up in f32, whatever the
// operands' dtype, and bytes in i32.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, tensorOf, told } from "./arguments.ts";
import { type AttentionOptions, attended } from "./attention.ts";
import { TensorBase } from "./base.ts";
import { convolved } from "./convolve.ts";
import { type Dtype, floatOf } from "./dtypes.ts";
import type { Leaf } from "./expr.ts";
import { Losses } from "./losses.ts";
import { product } from "./matmul.ts";
import { castTo } from "./operands.ts";
import { pooled } from "./pooling.ts";
import { shown } from "./shape.ts";
import { tidy } from "./tidy.ts";
import { type ConvolutionOptions, type WindowOptions, windowOptions } from "./windows.ts";

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
      const other = tensorOf(y, "matmul", "the second operand");
      const { result, shape, dtype } = product(this, other);
      return this.make(shape, castTo(result, dtype), "matmul");
    });
  }

  /** matmul with quantised weights, which are never written out as floats. Derivative: x, the weights. Throws SHAPE, DTYPE. */
  matmulQuantized(weights: Quantized): this {
    const { values, scale, group = 0 } = optionsOf(weights, "matmulQuantized");
    if (!(values instanceof TensorBase && scale instanceof TensorBase && group > 0)) {
      throw new CenoteError(
        "OPERAND",
        `matmulQuantized: wanted { values, scale, group }, found ${told(weights)}`,
        { mend: "weights.quantize() gives them." },
      );
    }
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
  quantize(options: { dtype?: "i8" | "i4"; group?: number } = {}): Quantized<this> {
    const { dtype = "i8", group = this.shape[0] ?? 1 } = optionsOf(options, "quantize");
    if (dtype !== "i8" && dtype !== "i4") {
      throw new CenoteError("DTYPE", `quantize: wanted i8 or i4, found ${told(dtype)}`);
    }
    const [rows, columns] = this.shape as [number, number];
    if (this.rank !== 2 || !Number.isInteger(group) || group < 1 || rows % group !== 0) {
      throw new CenoteError(
        "SHAPE",
        `quantize: wanted a matrix whose rows fall into groups of ${told(group)}, found ${shown(this.shape)}`,
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
    const checked = windowOptions(options, "conv2d");
    const found = convolved(this, tensorOf(filter, "conv2d", "the filter"), checked);
    return this.#image(found, floatOf(this.dtype), checked.layout, "conv2d");
  }

  /** Convolution along one axis: (batch, length, channels) with (length, channels ÷ groups, outputs). Derivative: x, filter. Throws SHAPE. */
  conv1d(
    filter: TensorBase,
    options: {
      stride?: number;
      padding?: "valid" | "same" | number | readonly [number, number];
      dilation?: number;
      groups?: number;
    } = {},
  ): this {
    const {
      stride = 1,
      padding = "valid",
      dilation = 1,
      groups = 1,
    } = optionsOf(options, "conv1d");
    const { shape } = tensorOf(filter, "conv1d", "the filter");
    if (this.rank !== 3 || shape.length !== 3) {
      throw new CenoteError(
        "SHAPE",
        `conv1d: wanted (batch, length, channels) and a filter of three axes, found ${this.described} and ${shown(shape)}`,
      );
    }
    return tidy(() => {
      const [wide, weights] = [
        this.expandDims(1),
        this.make(shape, filter.expression(this.gpu), "filter").expandDims(0),
      ];
      const sides = typeof padding === "number" ? ([padding, padding] as const) : padding;
      const both = typeof sides === "string" ? sides : ([[0, 0], sides] as const);
      return wide
        .conv2d(weights, { stride: [1, stride], padding: both, dilation: [1, dilation], groups })
        .squeeze(1);
    });
  }

  #pool(
    how: "max" | "mean",
    window: number | readonly [number, number],
    options: WindowOptions,
  ): this {
    const name = `${how}Pool2d`;
    const checked = windowOptions(options, name);
    const found = pooled(this, window, how, checked);
    return this.#image(found, floatOf(this.dtype), checked.layout, name);
  }

  /** The greatest of each window. Derivative: x, z. Throws SHAPE. */
  maxPool2d(window: number | readonly [number, number], options: WindowOptions = {}): this {
    return this.#pool("max", window, options);
  }

  /** The mean of each window, of what lies inside the image. Derivative: nothing. Throws SHAPE. */
  meanPool2d(window: number | readonly [number, number], options: WindowOptions = {}): this {
    return this.#pool("mean", window, options);
  }

  /**
   * softmax(q·kᵀ·scale + mask)·v, this being q, without the matrix of scores in memory. A query that sees no key
   * gives zeros. Derivative: q, k, v, mask, z. Throws SHAPE.
   */
  attention(k: TensorBase, v: TensorBase, options: AttentionOptions = {}): this {
    return tidy(() => {
      const { mask, ...rest } = optionsOf(options, "attention");
      const { result, shape } = attended(
        this,
        tensorOf(k, "attention", "the keys"),
        tensorOf(v, "attention", "the values"),
        mask === undefined ? rest : { ...rest, mask: tensorOf(mask, "attention", "the mask") },
      );
      return this.make(shape, castTo(result, floatOf(this.dtype)), "attention");
    });
  }
}
