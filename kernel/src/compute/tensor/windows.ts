// Windows that go over images of one, two or three axes: their options, sizes and places. Images are (batch, sizes …,
// channels); "NCHW" and its like take (batch, channels, sizes …), by strides, without a copy.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, told } from "./arguments.ts";
import type { TensorBase } from "./base.ts";
import type { Leaf } from "./expr.ts";
import { shown } from "./shape.ts";

export type Layout = "NWC" | "NCW" | "NHWC" | "NCHW" | "NDHWC" | "NCDHW";

/** Layouts by the number of the image's axes: channels last, channels first. */
const LAYOUTS: readonly (readonly [Layout, Layout])[] = [
  ["NWC", "NCW"],
  ["NHWC", "NCHW"],
  ["NDHWC", "NCDHW"],
];

export interface WindowOptions {
  /** Steps of the window along each axis; one number for all. Default 1, of pooling the window's size. */
  stride?: number | readonly number[];
  /**
   * "valid" (none, the default), "same" (outputs = inputs ÷ stride), a number for all sides, or [before, after] of
   * each axis; of one axis also without the outer brackets.
   */
  padding?: Padding;
  /** Steps between the window's elements. Default 1. */
  dilation?: number | readonly number[];
  /** Default: channels last. */
  layout?: Layout;
}

export type Sides = readonly [before: number, after: number];
export type Padding = "valid" | "same" | number | Sides | readonly Sides[];

export interface ConvolutionOptions extends WindowOptions {
  /** Channels and outputs fall into that many groups that don't mix. Default 1. */
  groups?: number;
}

export interface TransposedOptions extends ConvolutionOptions {
  /** Sizes of the result, where several have a convolution of this size. Default: the least, of "same" inputs × stride. */
  sizes?: number | readonly number[];
}

/** Options, checked as far as they need no sizes. */
export interface Checked {
  readonly axes: number;
  readonly where: string;
  readonly channelsFirst: boolean;
  readonly stride: readonly number[] | undefined;
  readonly dilation: readonly number[];
  readonly padding: "valid" | "same" | readonly Sides[];
}

/** The options of a window over that many axes. Throws OPTIONS, SHAPE. */
export function checkedOptions(given: WindowOptions, axes: number, where: string): Checked {
  const { layout, padding = "valid", stride, dilation = 1 } = optionsOf(given, where);
  const names = LAYOUTS[axes - 1]!;
  if (layout !== undefined && !names.includes(layout as Layout)) {
    throw new CenoteError(
      "OPTIONS",
      `${where}: wanted the layout ${names.join(" or ")}, found ${told(layout)}`,
    );
  }
  return {
    axes,
    where,
    channelsFirst: layout === names[1],
    stride: stride === undefined ? undefined : counts(stride, axes, "stride", where),
    dilation: counts(dilation, axes, "dilation", where),
    padding: sidesOf(padding, axes, where),
  };
}

/** A number from 1 up (or `least`) for each axis; one serves all. Throws SHAPE. */
export function counts(
  value: unknown,
  axes: number,
  what: string,
  where: string,
  least = 1,
): number[] {
  const list: unknown[] = Array.isArray(value) ? value : new Array(axes).fill(value);
  const fits = (one: unknown) => Number.isSafeInteger(one) && (one as number) >= least;
  if (list.length === axes && Array.from(list).every(fits)) return list as number[];
  throw new CenoteError(
    "SHAPE",
    `${where}: wanted ${what} as a whole number from ${least} up, or one for each of ${axes} axes; found ${told(value)}`,
  );
}

function sidesOf(padding: unknown, axes: number, where: string): Checked["padding"] {
  if (padding === "valid" || padding === "same") return padding;
  const whole = (one: unknown) => Number.isSafeInteger(one) && (one as number) >= 0;
  const isPair = (sides: unknown) =>
    Array.isArray(sides) && sides.length === 2 && Array.from(sides).every(whole);
  if (whole(padding)) return new Array<Sides>(axes).fill([padding as number, padding as number]);
  if (axes === 1 && isPair(padding)) return [padding as unknown as Sides];
  if (Array.isArray(padding) && padding.length === axes && Array.from(padding).every(isPair))
    return padding as Sides[];
  throw new CenoteError(
    "OPTIONS",
    `${where}: wanted padding as valid, same, a number from 0 up, or [before, after] of each of ${axes} axes; found ${told(padding)}`,
  );
}

/** Where windows lie: output o's element d is the image's o · stride + d · dilation − before, of an image spread by `spread`. */
export interface Windows {
  /** Sizes of the result. */
  readonly sizes: readonly number[];
  readonly before: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Steps from element to element of the image, with nothing between: 1 but of transposed convolutions. */
  readonly spread: readonly number[];
}

const reachOf = (window: readonly number[], dilation: readonly number[]): number[] =>
  window.map((size, i) => (size - 1) * dilation[i]! + 1);

/** Windows of that size over an image. Throws SHAPE. */
export function windowsOver(
  image: readonly number[],
  window: readonly number[],
  { padding, stride = image.map(() => 1), dilation, where }: Checked,
): Windows {
  const reach = reachOf(window, dilation);
  const sides = image.map((size, i): Sides => {
    if (padding === "valid") return [0, 0];
    if (padding !== "same") return padding[i]!;
    const step = stride[i]!;
    const missing = Math.max(0, (Math.ceil(size / step) - 1) * step + reach[i]! - size);
    return [Math.floor(missing / 2), Math.ceil(missing / 2)];
  });
  const sizes = image.map(
    (size, i) => Math.floor((size + sides[i]![0] + sides[i]![1] - reach[i]!) / stride[i]!) + 1,
  );
  if (window.some((size) => size < 1) || sizes.some((size) => !(size > 0))) {
    throw new CenoteError(
      "SHAPE",
      `${where}: a window of ${shown(reach)} does not fit an image of ${shown(image)} (stride ${shown(stride)}, padding ${told(padding)})`,
    );
  }
  const before = sides.map(([first]) => first);
  return { sizes, before, stride, dilation, spread: image.map(() => 1) };
}

/** Windows of the convolution that turns another one's results back into its image. Throws SHAPE. */
export function windowsBack(
  results: readonly number[],
  window: readonly number[],
  options: Checked,
  wanted: TransposedOptions["sizes"],
): Windows {
  const { padding, stride = results.map(() => 1), dilation, where, axes } = options;
  const reach = reachOf(window, dilation);
  const least = results.map((size, i) => {
    if (padding === "same") return size * stride[i]!;
    const [before, after] = padding === "valid" ? [0, 0] : padding[i]!;
    return Math.max(1, (size - 1) * stride[i]! + reach[i]! - before - after);
  });
  const sizes = counts(wanted ?? least, axes, "sizes of the result", where);
  const forth = windowsOver(sizes, window, options);
  if (forth.sizes.some((size, i) => size !== results[i])) {
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted sizes whose convolution has ${shown(results)} (stride ${shown(stride)}, window ${shown(reach)}, padding ${told(padding)}), found ${shown(sizes)}, which gives ${shown(forth.sizes)}`,
    );
  }
  const before = reach.map((size, i) => size - 1 - forth.before[i]!);
  return { sizes, before, stride: results.map(() => 1), dilation, spread: stride };
}

export interface Image {
  readonly stored: Leaf;
  readonly batch: number;
  readonly sizes: readonly number[];
  readonly channels: number;
  readonly strides: {
    readonly batch: number;
    readonly sizes: readonly number[];
    readonly channels: number;
  };
}

/** The image's sizes and strides by name. Throws SHAPE. */
export function imageOf(x: TensorBase, { axes, channelsFirst, where }: Checked): Image {
  if (x.rank !== axes + 2) {
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted an image of ${axes + 2} axes (${LAYOUTS[axes - 1]![Number(channelsFirst)]}), found ${x.described}`,
    );
  }
  const stored = x.stored();
  const named = (of: readonly number[]) => ({
    batch: of[0]!,
    sizes: channelsFirst ? of.slice(2) : of.slice(1, -1),
    channels: channelsFirst ? of[1]! : of.at(-1)!,
  });
  return { stored, ...named(x.shape), strides: named(stored.strides) };
}

/** The place of element i is (i · times + plus) ÷ over, in elements of the source. */
export interface Places {
  readonly times: number;
  readonly plus: number;
  readonly over: number;
}

/** "nearest": the elements in which places lie, of their dtype; "bilinear": mixed with the next ones, as f32. */
export type Resizing = "nearest" | "bilinear";
