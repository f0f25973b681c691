// Convolutions and pooling as methods, over one, two and three axes. Floats are added up in f32.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, tensorOf, told } from "./arguments.ts";
import type { TensorBase } from "./base.ts";
import { checkGroups, convolved } from "./convolve.ts";
import { depthwise } from "./depthwise.ts";
import { type Dtype, floatOf } from "./dtypes.ts";
import type { Leaf } from "./expr.ts";
import { Lookups } from "./lookups.ts";
import { castTo } from "./operands.ts";
import { type Pooling, pooled } from "./pooling.ts";
import { normalised } from "./response.ts";
import { checkedAxis, shown } from "./shape.ts";
import { tidy } from "./tidy.ts";
import {
  type Checked,
  type ConvolutionOptions,
  checkedOptions,
  counts,
  type TransposedOptions,
  type WindowOptions,
  windowsBack,
  windowsOver,
} from "./windows.ts";

/** A window's size along each axis; one number for all. */
export type WindowSize = number | readonly number[];

export interface ResponseOptions {
  /** Default 1. */
  bias?: number;
  /** Default 1. */
  alpha?: number;
  /** Default ½. */
  beta?: number;
}

export abstract class Convolutions extends Lookups {
  #image({ result, shape }: { result: Leaf; shape: number[] }, dtype: Dtype, to: Checked): this {
    return tidy(() => {
      const plain = this.make(shape, castTo(result, dtype), to.where);
      if (!to.channelsFirst) return plain;
      const [batch, ...rest] = shape.map((_, i) => i);
      return plain.transpose(batch!, rest.at(-1)!, ...rest.slice(0, -1));
    });
  }

  #convolve(filter: TensorBase, axes: number, where: string, given: ConvolutionOptions): this {
    const to = checkedOptions(given, axes, where);
    const weights = tensorOf(filter, where, "the filter");
    return tidy(() => {
      const found = convolved(this, weights, given.groups ?? 1, to, (image, window) =>
        windowsOver(image, window, to),
      );
      return this.#image(found, floatOf(this.dtype), to);
    });
  }

  /**
   * Convolution along one axis (as in machine learning, without turning the filter): (batch, length, channels) with
   * (length, channels ÷ groups, outputs). Derivative: x, filter. Throws SHAPE, OPTIONS.
   */
  conv1d(filter: TensorBase, options: ConvolutionOptions = {}): this {
    return this.#convolve(filter, 1, "conv1d", options);
  }

  /** The same over two axes. Derivative: x, filter. Throws SHAPE, OPTIONS. */
  conv2d(filter: TensorBase, options: ConvolutionOptions = {}): this {
    return this.#convolve(filter, 2, "conv2d", options);
  }

  /** The same over three axes. Derivative: x, filter. Throws SHAPE, OPTIONS. */
  conv3d(filter: TensorBase, options: ConvolutionOptions = {}): this {
    return this.#convolve(filter, 3, "conv3d", options);
  }

  /** Each channel by filters of its own: (height, width, channels, filters) gives channels · filters. Channels last. Derivative: x, filter. Throws SHAPE, OPTIONS. */
  depthwiseConv2d(filter: TensorBase, options: WindowOptions = {}): this {
    const where = "depthwiseConv2d";
    const to = checkedOptions(options, 2, where);
    if (to.channelsFirst) {
      throw new CenoteError("OPTIONS", `${where}: wanted channels last (NHWC), found NCHW`, {
        mend: "Turn it: x.transpose(0, 2, 3, 1), which copies nothing.",
      });
    }
    const { shape } = tensorOf(filter, where, "the filter");
    if (shape.length !== 4 || shape[2] !== this.shape.at(-1)) {
      throw new CenoteError(
        "SHAPE",
        `${where}: wanted a filter (height, width, ${this.shape.at(-1) ?? 0} channels, filters) for ${this.described}, found ${shown(shape)}`,
      );
    }
    return tidy(() => this.#image(depthwise(this, this.#own(filter), to), floatOf(this.dtype), to));
  }

  /** depthwiseConv2d, then a convolution with (1, 1, channels · filters, outputs). Derivative: x, both filters. Throws SHAPE. */
  separableConv2d(depthwise: TensorBase, pointwise: TensorBase, options: WindowOptions = {}): this {
    return tidy(() => this.depthwiseConv2d(depthwise, options).conv2d(pointwise));
  }

  #own(x: TensorBase): this {
    return this.make(x.shape, x.expression(this.gpu), "filter");
  }

  /** The filter as the convolution that is its transpose has it: turned, channels and outputs exchanged. Channels last. */
  #turned(filter: TensorBase, groups: number, to: Checked): this {
    const sizes = Array.from({ length: to.axes }, (_, k) => k);
    const own = this.#own(filter);
    const last = to.channelsFirst ? own.transpose(...sizes.map((k) => k + 2), 1, 0) : own;
    const [outputs, channels] = last.shape.slice(-2) as [number, number];
    const window = last.shape.slice(0, -2);
    checkGroups(groups, channels, to.where);
    const n = to.axes;
    return last
      .flip(sizes)
      .reshape(...window, outputs, groups, channels / groups)
      .transpose(...sizes, n + 2, n + 1, n)
      .reshape(...window, channels / groups, groups * outputs);
  }

  #back(filter: TensorBase, axes: number, where: string, given: TransposedOptions): this {
    const to = checkedOptions(given, axes, where);
    const { groups = 1, sizes } = given;
    const weights = tensorOf(filter, where, "the filter");
    if (weights.rank !== axes + 2) {
      throw new CenoteError(
        "SHAPE",
        `${where}: wanted a filter of ${axes + 2} axes, found ${weights.described}`,
      );
    }
    return tidy(() => {
      const order = [0, ...Array.from({ length: axes }, (_, k) => k + 2), 1];
      const first = to.channelsFirst && this.rank === axes + 2;
      const image = first ? this.transpose(...order) : this;
      const turned = this.#turned(weights, groups, to);
      const plain = { ...to, channelsFirst: false };
      const found = convolved(image, turned, groups, plain, (results, window) =>
        windowsBack(results, window, to, sizes),
      );
      return this.#image(found, floatOf(this.dtype), to);
    });
  }

  /**
   * The transpose of conv1d: from the sizes of its result back to those of its image. The filter is that convolution's,
   * (length, outputs ÷ groups, channels). Derivative: x, filter. Throws SHAPE, OPTIONS.
   */
  conv1dTranspose(filter: TensorBase, options: TransposedOptions = {}): this {
    return this.#back(filter, 1, "conv1dTranspose", options);
  }

  /** The transpose of conv2d. Derivative: x, filter. Throws SHAPE, OPTIONS. */
  conv2dTranspose(filter: TensorBase, options: TransposedOptions = {}): this {
    return this.#back(filter, 2, "conv2dTranspose", options);
  }

  /** The transpose of conv3d. Derivative: x, filter. Throws SHAPE, OPTIONS. */
  conv3dTranspose(filter: TensorBase, options: TransposedOptions = {}): this {
    return this.#back(filter, 3, "conv3dTranspose", options);
  }

  #pool(how: Pooling, axes: number, size: WindowSize, options: WindowOptions): this {
    const where = `${{ max: "maxPool", mean: "meanPool", place: "argMaxPool" }[how]}${axes}d`;
    const to = checkedOptions(options, axes, where);
    const window = counts(size, axes, "a window", where);
    const dtype = how === "place" ? "i32" : floatOf(this.dtype);
    return this.#image(pooled(this, window, how, to), dtype, to);
  }

  /** The greatest of each window; NaN where there is one. Derivative: x, z. Throws SHAPE. */
  maxPool1d(window: WindowSize, options: WindowOptions = {}): this {
    return this.#pool("max", 1, window, options);
  }

  /** The greatest of each window. Derivative: x, z. Throws SHAPE. */
  maxPool2d(window: WindowSize, options: WindowOptions = {}): this {
    return this.#pool("max", 2, window, options);
  }

  /** The greatest of each window. Derivative: x, z. Throws SHAPE. */
  maxPool3d(window: WindowSize, options: WindowOptions = {}): this {
    return this.#pool("max", 3, window, options);
  }

  /** Where the greatest of each window lies: its index (i32) within the image, as if that had channels last. Throws SHAPE. */
  argMaxPool2d(window: WindowSize, options: WindowOptions = {}): this {
    return this.#pool("place", 2, window, options);
  }

  /** The mean of each window, of what lies inside the image. Derivative: nothing. Throws SHAPE. */
  meanPool1d(window: WindowSize, options: WindowOptions = {}): this {
    return this.#pool("mean", 1, window, options);
  }

  /** The mean of each window, of what lies inside the image. Derivative: nothing. Throws SHAPE. */
  meanPool2d(window: WindowSize, options: WindowOptions = {}): this {
    return this.#pool("mean", 2, window, options);
  }

  /** The mean of each window, of what lies inside the image. Derivative: nothing. Throws SHAPE. */
  meanPool3d(window: WindowSize, options: WindowOptions = {}): this {
    return this.#pool("mean", 3, window, options);
  }

  /**
   * x ÷ (bias + alpha·Σ x²)^beta, the sum over `radius` channels to either side (AlexNet's normalisation). Channels last.
   * Derivative: x, the sums. Throws SHAPE.
   */
  localResponseNorm(radius = 5, options: ResponseOptions = {}): this {
    const { bias = 1, alpha = 1, beta = 0.5 } = optionsOf(options, "localResponseNorm");
    checkedAxis(-1, this.rank, "localResponseNorm");
    counts(radius, 1, "a radius", "localResponseNorm", 0);
    for (const [name, value] of Object.entries({ bias, alpha, beta })) {
      if (typeof value !== "number") {
        throw new CenoteError(
          "OPTIONS",
          `localResponseNorm: wanted ${name} as a number, found ${told(value)}`,
        );
      }
    }
    const found = normalised(this, radius, { bias, alpha, beta }, "localResponseNorm");
    return tidy(() =>
      this.make(this.shape, castTo(found, floatOf(this.dtype)), "localResponseNorm"),
    );
  }
}
