// Convolutions of each channel by filters of its own: an invocation makes one place of a channel, or of four.
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { rowMajor, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import type { Kernel } from "./wgsl/kernel.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { type Checked, type Image, imageOf, type Windows, windowsOver } from "./windows.ts";

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
  const result = leaf(allocate(gpu, shape, "f32", options.where), "f32", rowMajor(shape));
  if (sizeOf(shape) === 0) return { result, shape };
  const { strides, stored } = image;
  const { before, stride, dilation } = windows;
  const at = [strides.batch, strides.sizes, strides.channels, stored.offset];
  const signature = new Signature("depthwise")
    .add(x.shape, at.flat(), filter.shape, weights.strides, weights.offset)
    .add(shape, before, stride, dilation, stored.dtype, weights.dtype)
    .bind(result.storage)
    .bind(stored.storage)
    .bind(weights.storage);
  try {
    launch(gpu, signature, (kernel) =>
      build(kernel, { image, windows, weights, window: [down, across], each }, result, shape),
    );
  } catch (error) {
    result.storage.block.dispose();
    throw error;
  }
  return { result, shape };
}

interface Work {
  readonly image: Image;
  readonly windows: Windows;
  readonly weights: Leaf;
  readonly window: readonly [number, number];
  /** Filters of a channel. */
  readonly each: number;
}

/** Whether four channels are one load of the image and of the filter. */
function inFours({ image, weights, each }: Work): boolean {
  const { stored, strides, channels } = image;
  const [down = 0, across = 0, channel = 0] = weights.strides;
  const places = [strides.batch, ...strides.sizes, stored.offset, down, across, weights.offset];
  return (
    each === 1 &&
    stored.dtype === "f32" &&
    weights.dtype === "f32" &&
    strides.channels === 1 &&
    channel === 1 &&
    [channels, ...places].every((one) => one % 4 === 0) &&
    [stored, weights].every(({ storage }) => storage.block.bytes % 16 === 0)
  );
}

function build(kernel: Kernel, work: Work, result: Leaf, shape: readonly number[]): void {
  const { image, windows, weights, window, each: filters } = work;
  const { stored, strides } = image;
  const four = inFours(work);
  const unit = four ? 4 : 1;
  const word = (value: number) => kernel.word(value);
  const far = (stride: number) => word(stride / unit);
  const load = ({ storage, dtype }: Leaf, place: string) => {
    const { bits, computed } = DTYPES[dtype];
    if (four) return `${kernel.bind(storage, "vec4<f32>").name}[${place}]`;
    return `f32(${kernel.load(kernel.bind(storage, bits === 32 ? computed : "u32"), dtype, place)})`;
  };
  const type = four ? "vec4f" : "f32";
  const outputs = word(shape[3]! / unit);
  const count = sizeOf(shape) / unit;
  const axes = [0, 1];
  const lines = [
    `if (at >= ${word(count)}) { return; }`,
    `let o = at % ${outputs};`,
    four ? "let c = o;" : `let c = o / ${word(filters)};`,
    `var rest = at / ${outputs};`,
    ...axes.toReversed().flatMap((k) => {
      const size = word(windows.sizes[k]!);
      return [
        `let b${k} = i32((rest % ${size}) * ${word(windows.stride[k]!)}) - i32(${word(windows.before[k]!)});`,
        `rest = rest / ${size};`,
      ];
    }),
  ];
  const place = [
    `rest * ${far(strides.batch)}`,
    ...axes.map((k) => `u32(x${k}) * ${far(strides.sizes[k]!)}`),
    four ? "c" : `c * ${word(strides.channels)}`,
    far(stored.offset),
  ].join(" + ");
  const [down, across, channel, one] = weights.strides as [number, number, number, number];
  const weight = [
    `d0 * ${far(down)} + d1 * ${far(across)}`,
    four ? "c" : `c * ${word(channel)} + (o % ${word(filters)}) * ${word(one)}`,
    far(weights.offset),
  ].join(" + ");
  const step = (k: number) => [
    `for (var d${k} = 0u; d${k} < ${word(window[k]!)}; d${k}++) {`,
    `let x${k} = b${k} + i32(d${k} * ${word(windows.dilation[k]!)});`,
    `if (x${k} < 0 || u32(x${k}) >= ${word(image.sizes[k]!)}) { continue; }`,
  ];
  const body = [
    ...lines,
    `var sum = ${type}();`,
    ...axes.flatMap(step),
    `sum += ${load(stored, place)} * ${load(weights, weight)};`,
    "}}",
    `${kernel.bind(result.storage, four ? "vec4<f32>" : "f32").name}[at] = sum;`,
  ];
  kernel.run("depthwiseConv2d", count, body.join("\n"));
}
