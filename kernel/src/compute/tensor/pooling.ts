// Pooling: the greatest or the mean of each window of an image, and where the greatest lies.
import type { TensorBase } from "./base.ts";
import { isFloatDtype } from "./dtypes.ts";
import type { Leaf } from "./expr.ts";
import { kept } from "./host/engine.ts";
import { greatestOnHost, hostImage, meansOnHost } from "./host/windows.ts";
import { sizeOf } from "./shape.ts";
import { inFours, type Slide, Sliding, type Steps, signed } from "./sliding.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { type Checked, imageOf, windowsOver } from "./windows.ts";
import { written } from "./written.ts";

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
  const slide = { image, windows, window, each: 1, four: how !== "place" && inFours(image) };
  const host = hostImage(gpu, slide);
  if (host) {
    const values =
      how === "mean" ? meansOnHost(slide, host) : greatestOnHost(slide, host, how === "place");
    return { result: kept(gpu, values, shape, dtype, where), shape };
  }
  const result = written(gpu, shape, dtype, where, (to) => {
    if (sizeOf(shape) === 0) return;
    const signature = signed(new Signature(where), slide)
      .bind(to.storage)
      .bind(image.stored.storage);
    launch(gpu, signature, (kernel) => {
      const sliding = new Sliding(kernel, slide);
      const steps = STEPS[how](sliding, slide);
      sliding.run(to, { ...steps, label: where }, slide.four ? "vec4<f32>" : dtype);
    });
  });
  return { result, shape };
}

type Writer = (sliding: Sliding, slide: Slide) => Omit<Steps, "label">;

const STEPS: Readonly<Record<Pooling, Writer>> = { max: greatest, mean, place };

/** The greatest of each column, and of those. NaN is told by its bits, which are greater than all numbers'. */
function greatest(sliding: Sliding, { image }: Slide): Omit<Steps, "label"> {
  const { kernel, columns, type, unit } = sliding;
  const floats = isFloatDtype(image.stored.dtype);
  const bits = unit === 4 ? "vec4u" : "u32";
  kernel.use(["inf", "nan"]);
  const of = (t: number, name: string) =>
    sliding.written
      .map((e) => `${name}${sliding.column(t, e)}`)
      .reduce((all, one) => `max(${all}, ${one})`);
  return {
    outside: "lowest",
    begin: [
      "let lowest = -inf();",
      ...columns.flatMap((_, j) => [
        `var m${j} = ${type}(lowest);`,
        ...(floats ? [`var n${j} = ${bits}(0u);`] : []),
      ]),
    ],
    row: columns.flatMap((_, j) => [
      `m${j} = max(m${j}, v${j});`,
      ...(floats ? [`n${j} = max(n${j}, bitcast<${bits}>(v${j}) & ${bits}(0x7fffffffu));`] : []),
    ]),
    result: (t) =>
      floats
        ? `select(${of(t, "m")}, ${type}(nan()), ${of(t, "n")} > ${bits}(0x7f800000u))`
        : of(t, "m"),
  };
}

/** Windows are added up in the order of their rows. */
function mean(sliding: Sliding): Omit<Steps, "label"> {
  const { neighbours, written, type } = sliding;
  return {
    outside: "0.0",
    begin: neighbours.flatMap((t) => [`var s${t} = ${type}(0.0);`, `var seen${t} = 0.0;`]),
    row: neighbours.flatMap((t) =>
      written.flatMap((e) => {
        const j = sliding.column(t, e);
        const inside = sliding.inside(j);
        const one = inside === "true" ? "1.0" : `select(0.0, 1.0, ${inside})`;
        return [`s${t} += v${j};`, `seen${t} += ${one};`];
      }),
    ),
    result: (t) => `s${t} / seen${t}`,
  };
}

/** Windows in the order of their rows: the first of equal ones stays. */
function place(sliding: Sliding, { image }: Slide): Omit<Steps, "label"> {
  const { neighbours, written, kernel } = sliding;
  const last = image.sizes.length - 1;
  kernel.use(["is_nan"]);
  const sizes = image.sizes.map((size) => sliding.word(size));
  const channels = sliding.word(image.channels);
  const index = (j: number) =>
    sizes.reduce((sum, size, k) => {
      const at = `u32(x${k}${k === last ? `_${j}` : ""})`;
      return k === 0 ? at : `(${sum} * ${size} + ${at})`;
    }, "");
  return {
    outside: "0.0",
    begin: neighbours.flatMap((t) => [`var found${t} = 0.0;`, `var best${t} = -1;`]),
    row: neighbours.flatMap((t) =>
      written.map((e) => {
        const j = sliding.column(t, e);
        const better = `best${t} < 0 || (!is_nan(found${t}) && (v${j} > found${t} || is_nan(v${j})))`;
        return `if (${sliding.inside(j)} && (${better})) { found${t} = v${j}; best${t} = i32(${index(j)} * ${channels} + c); }`;
      }),
    ),
    result: (t) => `best${t}`,
  };
}
