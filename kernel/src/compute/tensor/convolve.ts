// Convolutions and pooling over two axes; those over one are of height 1. Images are (batch, height, width,
// channels) and filters (height, width, channels ÷ groups, outputs); "NCHW" takes (batch, channels, height, width) and
// (outputs, channels ÷ groups, height, width), by strides, without a copy.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, told } from "./arguments.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { rowMajor, shown, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { Kernel } from "./wgsl/kernel.ts";

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
const pair = (value: number | readonly [number, number]): readonly [number, number] => {
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

function windows(
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

/** Sizes and strides by name, for both layouts. */
function imageOf(x: TensorBase, layout: "NHWC" | "NCHW", where: string) {
  if (x.rank !== 4)
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted an image of four axes (${layout}), found ${x.described}`,
    );
  const order = layout === "NHWC" ? [0, 1, 2, 3] : [0, 2, 3, 1];
  const stored = x.stored();
  const [batch, height, width, channels] = order.map((axis) => x.shape[axis]!) as [
    number,
    number,
    number,
    number,
  ];
  const strides = order.map((axis) => stored.strides[axis]!) as [number, number, number, number];
  return { stored, batch, height, width, channels, strides };
}

const ROWS = 4;
const LANES = 8;

/** The convolution as f32 in the order of the rows of (batch, height, width, outputs). Throws SHAPE. */
export function convolved(
  x: TensorBase,
  filter: TensorBase,
  options: ConvolutionOptions,
): { result: Leaf; shape: number[] } {
  const { layout = "NHWC", groups = 1 } = options;
  const image = imageOf(x, layout, "conv2d");
  if (filter.rank !== 4)
    throw new CenoteError(
      "SHAPE",
      `conv2d: wanted a filter of four axes, found ${filter.described}`,
    );
  filter.expression(x.gpu);
  const order = layout === "NHWC" ? [0, 1, 2, 3] : [2, 3, 1, 0];
  const weights = filter.stored();
  const [down, across, depth, outputs] = order.map((axis) => filter.shape[axis]!) as [
    number,
    number,
    number,
    number,
  ];
  if (
    !(Number.isInteger(groups) && groups > 0) ||
    depth * groups !== image.channels ||
    outputs % groups !== 0
  ) {
    throw new CenoteError(
      "SHAPE",
      `conv2d: wanted ${image.channels / groups} channels in the filter (${image.channels} of the image in ${groups} groups) and outputs in as many groups, found ${shown(filter.shape)}`,
    );
  }
  const { sizes, before, stride, dilation } = windows(
    [image.height, image.width],
    [down, across],
    options,
    "conv2d",
  );
  const shape = [image.batch, ...sizes, outputs];
  const { gpu } = x;
  const result = leaf(allocate(gpu, shape, "f32", "conv2d"), "f32", rowMajor(shape));
  if (sizeOf(shape) === 0) return { result, shape };
  const kernel = new Kernel(gpu);
  const word = (value: number) => kernel.word(value);
  const per = outputs / groups;
  const columns = [1, 2, 4].find((tile) => tile * LANES >= Math.min(per, 32))!;
  const [pixels, tilesAcross] = [
    image.batch * sizes[0] * sizes[1],
    Math.ceil(per / (columns * LANES)),
  ];
  const tilesDown = Math.ceil(pixels / ROWS);
  const bind = ({ storage, dtype }: Leaf) =>
    kernel.bind(storage, DTYPES[dtype].bits === 32 ? DTYPES[dtype].computed : "u32");
  const [source, weight] = [bind(image.stored), bind(weights)];
  const asFloat = (of: Leaf, text: string) =>
    DTYPES[of.dtype].computed === "f32" ? text : `f32(${text})`;
  const [sb, sy, sx, sc] = image.strides.map(word);
  const [fy, fx, fc, fo] = order.map((axis) => word(weights.strides[axis]!));
  const [height, width] = [word(image.height), word(image.width)];
  const [total, tiles, all] = [
    word(pixels),
    word(tilesAcross),
    word(tilesDown * tilesAcross * groups * LANES),
  ];
  const [outHeight, outWidth, count, each, wide] = [
    word(sizes[0]),
    word(sizes[1]),
    word(outputs),
    word(per),
    word(tilesDown),
  ];
  const rows = Array.from({ length: ROWS }, (_, i) => i);
  const lanes = Array.from({ length: columns }, (_, j) => j);
  const out = kernel.bind(result.storage, "f32").name;
  const text = [
    `if (at >= ${all}) { return; }`,
    `let tile = at / ${LANES}u;`,
    `let output = (tile % ${tiles}) * ${columns * LANES}u + at % ${LANES}u;`,
    `let pixel = ((tile / ${tiles}) % ${wide}) * ${ROWS}u;`,
    `let group = tile / (${tiles} * ${wide});`,
    ...rows.flatMap((i) => [
      `let q${i} = min(pixel + ${i}u, ${total} - 1u);`,
      `let y${i} = i32(((q${i} / ${outWidth}) % ${outHeight}) * ${word(stride[0])}) - i32(${word(before[0])});`,
      `let x${i} = i32((q${i} % ${outWidth}) * ${word(stride[1])}) - i32(${word(before[1])});`,
      `let n${i} = (q${i} / (${outWidth} * ${outHeight})) * ${sb} + group * ${word(depth)} * ${sc} + ${word(image.stored.offset)};`,
      ...lanes.map((j) => `var s${i}_${j} = 0.0;`),
    ]),
    ...lanes.map(
      (j) =>
        `let o${j} = (group * ${each} + min(output + ${j * LANES}u, ${each} - 1u)) * ${fo} + ${word(weights.offset)};`,
    ),
    `for (var dy = 0u; dy < ${word(down)}; dy++) {`,
    `for (var dx = 0u; dx < ${word(across)}; dx++) {`,
    ...rows.flatMap((i) => [
      `let yy${i} = y${i} + i32(dy * ${word(dilation[0])});`,
      `let xx${i} = x${i} + i32(dx * ${word(dilation[1])});`,
      `let in${i} = yy${i} >= 0 && xx${i} >= 0 && u32(yy${i}) < ${height} && u32(xx${i}) < ${width};`,
      `let p${i} = n${i} + select(0u, u32(yy${i}) * ${sy} + u32(xx${i}) * ${sx}, in${i});`,
    ]),
    `let f = dy * ${fy} + dx * ${fx};`,
    `for (var c = 0u; c < ${word(depth)}; c++) {`,
    ...lanes.map(
      (j) =>
        `let w${j} = ${asFloat(weights, kernel.load(weight, weights.dtype, `f + c * ${fc} + o${j}`))};`,
    ),
    ...rows.flatMap((i) => [
      `let v${i} = select(0.0, ${asFloat(image.stored, kernel.load(source, image.stored.dtype, `p${i} + c * ${sc}`))}, in${i});`,
      ...lanes.map((j) => `s${i}_${j} += v${i} * w${j};`),
    ]),
    "}}}",
    ...rows.flatMap((i) =>
      lanes.map(
        (j) =>
          `if (pixel + ${i}u < ${total} && output + ${j * LANES}u < ${each}) { ${out}[(pixel + ${i}u) * ${count} + group * ${each} + output + ${j * LANES}u] = s${i}_${j}; }`,
      ),
    ),
  ];
  kernel.run("conv2d", tilesDown * tilesAcross * groups * LANES, text.join("\n"), 64);
  return { result, shape };
}

/** The greatest or the mean of each window (padding counts for neither) as f32, by (batch, height, width, channels). */
export function pooled(
  x: TensorBase,
  window: number | readonly [number, number],
  how: "max" | "mean",
  options: WindowOptions,
): { result: Leaf; shape: number[] } {
  const { layout = "NHWC" } = options;
  const where = `${how}Pool2d`;
  const image = imageOf(x, layout, where);
  const size = pair(window);
  const { sizes, before, stride, dilation } = windows(
    [image.height, image.width],
    size,
    { stride: size, ...options },
    where,
  );
  const shape = [image.batch, ...sizes, image.channels];
  const { gpu } = x;
  const result = leaf(allocate(gpu, shape, "f32", where), "f32", rowMajor(shape));
  const count = sizeOf(shape);
  if (count === 0) return { result, shape };
  const kernel = new Kernel(gpu);
  const word = (value: number) => kernel.word(value);
  const { stored } = image;
  const bound = kernel.bind(
    stored.storage,
    DTYPES[stored.dtype].bits === 32 ? DTYPES[stored.dtype].computed : "u32",
  );
  const [sb, sy, sx, sc] = image.strides.map(word);
  const place = `n * ${sb} + u32(yy) * ${sy} + u32(xx) * ${sx} + c * ${sc} + ${word(stored.offset)}`;
  const loaded = kernel.load(bound, stored.dtype, place);
  const value = DTYPES[stored.dtype].computed === "f32" ? loaded : `f32(${loaded})`;
  kernel.use(["greatest", "inf"]);
  const out = kernel.bind(result.storage, "f32").name;
  const [channels, width, height] = [word(image.channels), word(sizes[1]), word(sizes[0])];
  kernel.run(
    where,
    count,
    `if (at >= ${word(count)}) { return; }
let c = at % ${channels};
let ox = (at / ${channels}) % ${width};
let oy = (at / (${channels} * ${width})) % ${height};
let n = at / (${channels} * ${width} * ${height});
var found = ${how === "max" ? "-inf()" : "0.0"};
var seen = 0.0;
for (var dy = 0u; dy < ${word(size[0])}; dy++) {
for (var dx = 0u; dx < ${word(size[1])}; dx++) {
  let yy = i32(oy * ${word(stride[0])} + dy * ${word(dilation[0])}) - i32(${word(before[0])});
  let xx = i32(ox * ${word(stride[1])} + dx * ${word(dilation[1])}) - i32(${word(before[1])});
  if (yy < 0 || xx < 0 || u32(yy) >= ${word(image.height)} || u32(xx) >= ${word(image.width)}) { continue; }
  found = ${how === "max" ? `greatest(found, ${value})` : `found + ${value}`};
  seen += 1.0;
}
}
${out}[at] = ${how === "max" ? "found" : "found / seen"};`,
  );
  return { result, shape };
}
