// Pooling: the greatest or the mean of each window of an image, and where the greatest lies.
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { rowMajor, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { type Bound, Kernel } from "./wgsl/kernel.ts";
import { type Checked, type Image, imageOf, type Windows, windowsOver } from "./windows.ts";

export type Pooling = "max" | "mean" | "place";

/**
 * The greatest or the mean of each window as f32, padding counting for neither, by (batch, sizes …, channels). "place":
 * the index (i32) of the greatest within its image, counted in the order of the rows with channels last; the first of
 * equal ones, and of NaN where there is one.
 */
export function pooled(
  x: TensorBase,
  window: readonly number[],
  how: Pooling,
  options: Checked,
): { result: Leaf; shape: number[] } {
  const image = imageOf(x, options);
  const { where } = options;
  const windows = windowsOver(image.sizes, window, {
    ...options,
    stride: options.stride ?? window,
  });
  const shape = [image.batch, ...windows.sizes, image.channels];
  const { gpu } = x;
  const dtype = how === "place" ? "i32" : "f32";
  const result = leaf(allocate(gpu, shape, dtype, where), dtype, rowMajor(shape));
  const count = sizeOf(shape);
  if (count === 0) return { result, shape };
  const kernel = new Kernel(gpu);
  const { bits, computed } = DTYPES[image.stored.dtype];
  const bound = kernel.bind(image.stored.storage, bits === 32 ? computed : "u32");
  const out = kernel.bind(result.storage, dtype).name;
  const text = textOf(kernel, image, windows, window, bound, how);
  kernel.run(where, count, `if (at >= ${kernel.word(count)}) { return; }\n${text(out)}`);
  return { result, shape };
}

const FIRST: Record<Pooling, string> = {
  max: "var found = -inf();",
  mean: "var found = 0.0;",
  place: "var found = 0.0;\nvar best = -1;",
};
const STEP: Record<Pooling, string> = {
  max: "found = greatest(found, value);",
  mean: "found += value;\nseen += 1.0;",
  place:
    "if (best < 0 || (!is_nan(found) && (value > found || is_nan(value)))) { found = value; best = i32(index * CHANNELS + c); }",
};
const LAST: Record<Pooling, string> = { max: "found", mean: "found / seen", place: "best" };
const HELPERS: Record<Pooling, string[]> = {
  max: ["greatest", "inf"],
  mean: [],
  place: ["is_nan"],
};

function textOf(
  kernel: Kernel,
  image: Image,
  windows: Windows,
  window: readonly number[],
  bound: Bound,
  how: Pooling,
): (out: string) => string {
  const word = (value: number) => kernel.word(value);
  const axes = window.map((_, k) => k);
  const { stored, strides } = image;
  const channels = word(image.channels);
  const lines = [`let c = at % ${channels};`, `var rest = at / ${channels};`];
  for (const k of axes.toReversed()) {
    const size = word(windows.sizes[k]!);
    lines.push(
      `let b${k} = i32((rest % ${size}) * ${word(windows.stride[k]!)}) - i32(${word(windows.before[k]!)});`,
      `rest = rest / ${size};`,
    );
  }
  const place = [
    `rest * ${word(strides.batch)}`,
    ...axes.map((k) => `u32(x${k}) * ${word(strides.sizes[k]!)}`),
    `c * ${word(strides.channels)} + ${word(stored.offset)}`,
  ].join(" + ");
  const loaded = kernel.load(bound, stored.dtype, place);
  kernel.use(HELPERS[how]);
  const sizes = image.sizes.map(word);
  const index = axes.reduce(
    (sum, k) => (k === 0 ? "u32(x0)" : `(${sum} * ${sizes[k]} + u32(x${k}))`),
    "",
  );
  lines.push(
    FIRST[how],
    ...(how === "mean" ? ["var seen = 0.0;"] : []),
    ...axes.map((k) => `for (var d${k} = 0u; d${k} < ${word(window[k]!)}; d${k}++) {`),
    ...axes.map((k) => `let x${k} = b${k} + i32(d${k} * ${word(windows.dilation[k]!)});`),
    `if (${axes.map((k) => `x${k} < 0 || u32(x${k}) >= ${sizes[k]}`).join(" || ")}) { continue; }`,
    `let value = ${DTYPES[stored.dtype].computed === "f32" ? loaded : `f32(${loaded})`};`,
    ...(how === "place" ? [`let index = ${index};`] : []),
    STEP[how].replace("CHANNELS", channels),
    "}".repeat(axes.length),
  );
  return (out) => `${lines.join("\n")}\n${out}[at] = ${LAST[how]};`;
}
