// Convolutions of each channel by filters of its own.
import type { TensorBase } from "./base.ts";
import type { Leaf } from "./expr.ts";
import { hostValues, kept } from "./host/engine.ts";
import { depthwiseOnHost, hostImage } from "./host/windows.ts";
import { sizeOf } from "./shape.ts";
import { inFours, Sliding, type Steps, signed } from "./sliding.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { type Checked, imageOf, windowsOver } from "./windows.ts";
import { written } from "./written.ts";

/** The image by a filter (height, width, channels, filters), as f32: (batch, height, width, channels · filters). */
export function depthwise(
  x: TensorBase,
  filter: TensorBase,
  options: Checked,
): { result: Leaf; shape: number[] } {
  const image = imageOf(x, options);
  const weights = filter.stored();
  const [down = 0, across = 0, channels = 0, each = 0] = filter.shape;
  const windows = windowsOver(image.sizes, [down, across], options);
  const { gpu } = x;
  const shape = [image.batch, ...windows.sizes, channels * each];
  const four = each === 1 && inFours(image) && filterInFours(weights);
  const slide = { image, windows, window: [down, across], each, four };
  const host = hostImage(gpu, slide);
  const known = host && hostValues(gpu, weights, filter.shape);
  if (known) {
    const sums = depthwiseOnHost(slide, host, known);
    return { result: kept(gpu, sums, shape, "f32", options.where), shape };
  }
  const result = written(gpu, shape, "f32", options.where, (to) => {
    if (sizeOf(shape) === 0) return;
    const signature = signed(new Signature("depthwise"), slide)
      .add(weights.strides, weights.offset, weights.dtype)
      .bind(to.storage)
      .bind(image.stored.storage)
      .bind(weights.storage);
    launch(gpu, signature, (kernel) => {
      const sliding = new Sliding(kernel, slide);
      sliding.run(to, steps(sliding, weights, each), four ? "vec4<f32>" : "f32");
    });
  });
  return { result, shape };
}

/** Whether four channels of the filter, one filter each, are one load. */
const filterInFours = ({ strides: [down = 0, across = 0, channel = 0], offset, storage }: Leaf) =>
  channel === 1 &&
  [down, across, offset].every((one) => one % 4 === 0) &&
  storage.block.bytes % 16 === 0;

function steps(sliding: Sliding, weights: Leaf, each: number): Steps {
  const { neighbours, written, type, unit } = sliding;
  const [down, across, channel, one] = weights.strides as [number, number, number, number];
  const far = (stride: number) => sliding.word(stride / unit);
  const filter =
    unit === 4
      ? "c"
      : `c * ${sliding.word(channel)} + (o % ${sliding.word(each)}) * ${sliding.word(one)}`;
  const [row, step] = [far(down), far(across)];
  return {
    label: "depthwiseConv2d",
    outside: "0.0",
    begin: [
      `let f = ${filter} + ${far(weights.offset)};`,
      ...neighbours.map((t) => `var s${t} = ${type}(0.0);`),
    ],
    row: [
      ...written.map(
        (e) =>
          `let w${e} = ${sliding.load(weights, `f + d0 * ${row} + ${sliding.element(e)} * ${step}`)};`,
      ),
      ...neighbours.flatMap((t) =>
        written.map((e) => {
          const j = sliding.column(t, e);
          const sum = `s${t} + v${j} * w${e}`;
          const inside = sliding.inside(j);
          return `s${t} = ${inside === "true" ? sum : `select(s${t}, ${sum}, ${inside})`};`;
        }),
      ),
    ],
    result: (t) => `s${t}`,
  };
}
