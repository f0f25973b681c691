// Local response normalisation in one kernel: windows that slide over the channels of each pixel.
import type { TensorBase } from "./base.ts";
import { wordOf } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { kept } from "./host/engine.ts";
import { hostImage, normalisedOnHost } from "./host/windows.ts";
import { rowMajor } from "./shape.ts";
import { Sliding, type Steps, signed } from "./sliding.ts";
import { allocate } from "./storage.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { written } from "./written.ts";

export interface Response {
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** x ÷ (bias + alpha·Σ x²)^beta as f32, in the order of the rows; the sum over `radius` channels to either side. */
export function normalised(x: TensorBase, radius: number, of: Response, where: string): Leaf {
  const { gpu, shape } = x;
  const channels = shape.at(-1)!;
  const reach = Math.min(radius, channels - 1);
  if (x.size === 0) return leaf(allocate(gpu, shape, "f32", where), "f32", rowMajor(shape));
  const { leaf: stored, copied } = x.packed();
  // Channels are the axis that windows go along.
  const one = [1];
  const strides = { batch: channels, sizes: one, channels: 1 };
  const slide = {
    image: { stored, batch: x.size / channels, sizes: [channels], channels: 1, strides },
    windows: { sizes: [channels], before: [reach], stride: one, dilation: one, spread: one },
    window: [2 * reach + 1],
    each: 1,
    four: false,
  };
  const words = [of.bias, of.alpha, -of.beta].map((value) => wordOf(value, "f32", where));
  try {
    const host = hostImage(gpu, slide);
    if (host) return kept(gpu, normalisedOnHost(slide, host, of), shape, "f32", where);
    return written(gpu, shape, "f32", where, (to) => {
      const signature = signed(new Signature(where), slide)
        .add(words)
        .bind(to.storage)
        .bind(stored.storage);
      launch(gpu, signature, (kernel) => {
        const sliding = new Sliding(kernel, slide);
        sliding.run(to, steps(sliding, stored, words, where), "f32");
      });
    });
  } finally {
    if (copied) stored.storage.block.dispose();
  }
}

function steps(sliding: Sliding, stored: Leaf, words: readonly number[], label: string): Steps {
  const { columns, written, kernel } = sliding;
  kernel.use(["power_f32"]);
  const [bias, alpha, power] = words.map((word) => `bitcast<f32>(${sliding.word(word)})`);
  return {
    label,
    outside: "0.0",
    begin: columns.map((_, j) => `var s${j} = 0.0;`),
    row: columns.map((_, j) => `s${j} += v${j} * v${j};`),
    result: (t) => {
      const sum = written.map((e) => `s${sliding.column(t, e)}`).join(" + ");
      const value = sliding.load(stored, `base + first + ${t}u`);
      return `${value} * power_f32((${sum}) * ${alpha} + ${bias}, ${power})`;
    },
  };
}
