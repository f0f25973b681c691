// Windows that go over images: their options, sizes and places. Images are (batch, height, width, channels); "NCHW"
// takes (batch, channels, height, width), by strides, without a copy.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, told } from "./arguments.ts";
import type { TensorBase } from "./base.ts";
import { shown } from "./shape.ts";

export interface WindowOptions {
  /** Steps of the window, down and across; one number for both. Default 1, of pooling the window's size. */
  stride?: number | readonly [number, number];
  /** "valid" (none, the default), "same" (outputs = inputs ÷ stride), a number for all sides, or [[top, bottom], [left, right]]. */
  padding?:
    | "valid"
    | "same"
    | number
    | readonly [readonly [number, number], readonly [number, number]];
  /** Steps between the window's elements. Default 1. */
  dilation?: number | readonly [number, number];
  layout?: "NHWC" | "NCHW";
}

export interface ConvolutionOptions extends WindowOptions {
  /** Channels and outputs fall into that many groups that don't mix. Default 1. */
  groups?: number;
}

/** The options, checked as far as they need no sizes. Throws OPTIONS. */
export function windowOptions<T extends WindowOptions>(options: T, where: string): Partial<T> {
  const found = optionsOf(options, where);
  const { layout = "NHWC", padding = "valid" } = found;
  const isPair = (sides: unknown) => Array.isArray(sides) && sides.length === 2;
  const padded =
    padding === "valid" ||
    padding === "same" ||
    typeof padding === "number" ||
    (isPair(padding) && padding.every(isPair));
  if (padded && (layout === "NHWC" || layout === "NCHW")) return found;
  throw new CenoteError(
    "OPTIONS",
    `${where}: wanted padding as valid, same, a number or [[top, bottom], [left, right]] and layout NHWC or NCHW, found ${told(padding)} and ${told(layout)}`,
  );
}

/** Down and across. */
export const pair = (value: number | readonly [number, number]): readonly [number, number] => {
  if (!Array.isArray(value)) return [value as number, value as number];
  return value.length === 2 ? (value as [number, number]) : [Number.NaN, Number.NaN];
};

/** Sizes of the result down and across, and how far the first window begins before the image. */
interface Windows {
  readonly sizes: [number, number];
  readonly before: [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
}

export function windows(
  image: readonly number[],
  window: readonly number[],
  options: WindowOptions,
  where: string,
): Windows {
  const { padding = "valid" } = options;
  const [stride, dilation] = [pair(options.stride ?? 1), pair(options.dilation ?? 1)];
  const counts = [...stride, ...dilation, ...window];
  const whole = counts.every((one) => Number.isSafeInteger(one) && one > 0);
  if (!whole) {
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted stride, dilation and window as whole numbers from 1 up, or pairs of such; found ${shown(stride)}, ${shown(dilation)} and ${shown(window)}`,
    );
  }
  const reach = window.map((size, i) => (size - 1) * dilation[i]! + 1);
  const sides = [0, 1].map((i): readonly [number, number] => {
    if (padding === "valid") return [0, 0];
    if (padding === "same") {
      const missing = Math.max(
        0,
        (Math.ceil(image[i]! / stride[i]!) - 1) * stride[i]! + reach[i]! - image[i]!,
      );
      return [Math.floor(missing / 2), Math.ceil(missing / 2)];
    }
    return typeof padding === "number" ? [padding, padding] : padding[i]!;
  });
  const sizes = [0, 1].map(
    (i) => Math.floor((image[i]! + sides[i]![0] + sides[i]![1] - reach[i]!) / stride[i]!) + 1,
  );
  if (
    !sides.flat().every((one) => Number.isInteger(one) && one >= 0) ||
    sizes.some((size) => !(size > 0))
  ) {
    throw new CenoteError(
      "SHAPE",
      `${where}: a window of ${shown(reach)} does not fit an image of ${shown(image)} (stride ${shown(stride)}, padding ${told(padding)})`,
    );
  }
  return {
    sizes: sizes as [number, number],
    before: [sides[0]![0], sides[1]![0]],
    stride,
    dilation,
  };
}

/** What is given for each of four axes, in the order of these. */
export function fourOf(values: readonly number[], order: readonly number[]) {
  return order.map((axis) => values[axis]!) as [number, number, number, number];
}

/** Sizes and strides by name, for both layouts. */
export function imageOf(x: TensorBase, layout: "NHWC" | "NCHW", where: string) {
  if (x.rank !== 4)
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted an image of four axes (${layout}), found ${x.described}`,
    );
  const order = layout === "NHWC" ? [0, 1, 2, 3] : [0, 2, 3, 1];
  const stored = x.stored();
  const [batch, height, width, channels] = fourOf(x.shape, order);
  const strides = fourOf(stored.strides, order);
  return { stored, batch, height, width, channels, strides };
}
