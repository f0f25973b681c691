// Convolutions over two axes; those over one are of height 1. Filters are (height, width, channels ÷ groups, outputs),
// with "NCHW" images (outputs, channels ÷ groups, height, width).
import { CenoteError } from "../../base/index.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { rowMajor, shown, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { Kernel } from "./wgsl/kernel.ts";
import { type ConvolutionOptions, fourOf, imageOf, windows } from "./windows.ts";

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
  const [down, across, depth, outputs] = fourOf(filter.shape, order);
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
  const [fy, fx, fc, fo] = fourOf(weights.strides, order).map(word);
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
