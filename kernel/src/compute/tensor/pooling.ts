// Pooling: the greatest or the mean of each window of an image.
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { rowMajor, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { Kernel } from "./wgsl/kernel.ts";
import { imageOf, pair, type WindowOptions, windows } from "./windows.ts";

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
