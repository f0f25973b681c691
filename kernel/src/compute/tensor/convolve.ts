// Convolutions over one, two or three axes. Filters are (sizes …, channels ÷ groups, outputs), with channels first
// (outputs, channels ÷ groups, sizes …). An invocation computes four pixels of up to four outputs.
import { CenoteError } from "../../base/index.ts";
import { told } from "./arguments.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { rowMajor, shown, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { type Bound, Kernel } from "./wgsl/kernel.ts";
import { type Checked, type Image, imageOf, type Windows } from "./windows.ts";

const ROWS = 4;
const LANES = 8;

/** A filter's sizes, or its strides, by name. */
interface Filter {
  readonly sizes: readonly number[];
  readonly depth: number;
  readonly outputs: number;
}

const filterOf = (of: readonly number[], channelsFirst: boolean): Filter =>
  channelsFirst
    ? { sizes: of.slice(2), depth: of[1]!, outputs: of[0]! }
    : { sizes: of.slice(0, -2), depth: of.at(-2)!, outputs: of.at(-1)! };

/** Throws SHAPE unless so many channels fall into these groups. */
export function checkGroups(
  groups: unknown,
  channels: number,
  where: string,
): asserts groups is number {
  if (Number.isSafeInteger(groups) && (groups as number) > 0 && channels % (groups as number) === 0)
    return;
  throw new CenoteError(
    "SHAPE",
    `${where}: wanted groups that ${channels} channels fall into, found ${told(groups)}`,
  );
}

/**
 * The convolution as f32 in the order of the rows of (batch, sizes …, outputs). `place` says where windows lie over
 * an image of these sizes. Throws SHAPE.
 */
export function convolved(
  x: TensorBase,
  filter: TensorBase,
  groups: unknown,
  options: Checked,
  place: (image: readonly number[], window: readonly number[]) => Windows,
): { result: Leaf; shape: number[] } {
  const { where, axes, channelsFirst } = options;
  const image = imageOf(x, options);
  if (filter.rank !== axes + 2) {
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted a filter of ${axes + 2} axes, found ${filter.described}`,
    );
  }
  filter.expression(x.gpu);
  const { sizes, depth, outputs } = filterOf(filter.shape, channelsFirst);
  checkGroups(groups, image.channels, where);
  if (depth * groups !== image.channels || outputs % groups !== 0) {
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted ${image.channels / groups} channels in the filter (${image.channels} of the image in ${groups} groups) and outputs in as many groups, found ${shown(filter.shape)}`,
    );
  }
  const windows = place(image.sizes, sizes);
  const shape = [image.batch, ...windows.sizes, outputs];
  const { gpu } = x;
  const result = leaf(allocate(gpu, shape, "f32", where), "f32", rowMajor(shape));
  if (sizeOf(shape) === 0) return { result, shape };
  const kernel = new Convolution(new Kernel(gpu), image, windows, {
    weights: filter.stored(),
    ...{ sizes, depth, outputs: outputs / groups, groups, channelsFirst },
  });
  kernel.run(result, where);
  return { result, shape };
}

interface Weights {
  readonly weights: Leaf;
  readonly sizes: readonly number[];
  readonly depth: number;
  /** Of each group. */
  readonly outputs: number;
  readonly groups: number;
  readonly channelsFirst: boolean;
}

const rows = Array.from({ length: ROWS }, (_, i) => i);

class Convolution {
  readonly #kernel: Kernel;
  readonly #image: Image;
  readonly #windows: Windows;
  readonly #of: Weights;
  readonly #axes: readonly number[];
  /** Outputs that an invocation computes, eight apart so that neighbours read neighbours. */
  readonly #lanes: readonly number[];
  readonly #strides: Filter;
  readonly #source: Bound;
  readonly #weight: Bound;

  constructor(kernel: Kernel, image: Image, windows: Windows, of: Weights) {
    this.#kernel = kernel;
    this.#image = image;
    this.#windows = windows;
    this.#of = of;
    this.#axes = image.sizes.map((_, k) => k);
    const columns = [1, 2, 4].find((tile) => tile * LANES >= Math.min(of.outputs, 32))!;
    this.#lanes = Array.from({ length: columns }, (_, j) => j);
    this.#strides = filterOf(of.weights.strides, of.channelsFirst);
    this.#source = this.#bind(image.stored);
    this.#weight = this.#bind(of.weights);
  }

  #bind({ storage, dtype }: Leaf): Bound {
    const { bits, computed } = DTYPES[dtype];
    return this.#kernel.bind(storage, bits === 32 ? computed : "u32");
  }

  #load(bound: Bound, { dtype }: Leaf, at: string): string {
    const text = this.#kernel.load(bound, dtype, at);
    return DTYPES[dtype].computed === "f32" ? text : `f32(${text})`;
  }

  run(result: Leaf, where: string): void {
    const kernel = this.#kernel;
    const word = (value: number) => kernel.word(value);
    const { outputs, groups } = this.#of;
    const wide = this.#lanes.length * LANES;
    const pixels = this.#image.batch * sizeOf(this.#windows.sizes);
    const [tilesDown, tilesAcross] = [Math.ceil(pixels / ROWS), Math.ceil(outputs / wide)];
    const all = tilesDown * tilesAcross * groups * LANES;
    const [total, each, across, down] = [pixels, outputs, tilesAcross, tilesDown].map(word) as [
      string,
      string,
      string,
      string,
    ];
    const count = word(outputs * groups);
    const out = kernel.bind(result.storage, "f32").name;
    const text = [
      `if (at >= ${word(all)}) { return; }`,
      `let tile = at / ${LANES}u;`,
      `let output = (tile % ${across}) * ${wide}u + at % ${LANES}u;`,
      `let pixel = ((tile / ${across}) % ${down}) * ${ROWS}u;`,
      `let group = tile / (${across} * ${down});`,
      ...rows.flatMap((i) => this.#begin(i, total)),
      ...this.#lanes.map(
        (j) =>
          `let o${j} = (group * ${each} + min(output + ${j * LANES}u, ${each} - 1u)) * ${word(this.#strides.outputs)} + ${word(this.#of.weights.offset)};`,
      ),
      ...this.#sums(),
      ...rows.flatMap((i) =>
        this.#lanes.map(
          (j) =>
            `if (pixel + ${i}u < ${total} && output + ${j * LANES}u < ${each}) { ${out}[(pixel + ${i}u) * ${count} + group * ${each} + output + ${j * LANES}u] = s${i}_${j}; }`,
        ),
      ),
    ];
    kernel.run(where, all, text.join("\n"), 64);
  }

  /** Where the window of pixel `i` begins along each axis, and the batch's and group's own elements. */
  #begin(i: number, total: string): string[] {
    const word = (value: number) => this.#kernel.word(value);
    const { sizes, stride, before } = this.#windows;
    const { strides, stored } = this.#image;
    const lines = [`var q${i} = min(pixel + ${i}u, ${total} - 1u);`];
    for (const k of this.#axes.toReversed()) {
      lines.push(
        `let b${i}_${k} = i32((q${i} % ${word(sizes[k]!)}) * ${word(stride[k]!)}) - i32(${word(before[k]!)});`,
        `q${i} = q${i} / ${word(sizes[k]!)};`,
      );
    }
    return [
      ...lines,
      `let n${i} = q${i} * ${word(strides.batch)} + group * ${word(this.#of.depth)} * ${word(strides.channels)} + ${word(stored.offset)};`,
      ...this.#lanes.map((j) => `var s${i}_${j} = 0.0;`),
    ];
  }

  #sums(): string[] {
    const word = (value: number) => this.#kernel.word(value);
    const { dilation } = this.#windows;
    const { sizes, depth, weights } = this.#of;
    const step = word(this.#image.strides.channels);
    const [deep, apart] = [word(depth), word(this.#strides.depth)];
    return [
      ...this.#axes.map((k) => `for (var d${k} = 0u; d${k} < ${word(sizes[k]!)}; d${k}++) {`),
      ...this.#axes.map((k) => `let e${k} = i32(d${k} * ${word(dilation[k]!)});`),
      ...rows.flatMap((i) => this.#inside(i)),
      `let f = ${this.#axes.map((k) => `d${k} * ${word(this.#strides.sizes[k]!)}`).join(" + ")};`,
      `for (var c = 0u; c < ${deep}; c++) {`,
      ...this.#lanes.map(
        (j) => `let w${j} = ${this.#load(this.#weight, weights, `f + c * ${apart} + o${j}`)};`,
      ),
      ...rows.flatMap((i) => [
        `let v${i} = select(0.0, ${this.#load(this.#source, this.#image.stored, `p${i} + c * ${step}`)}, in${i});`,
        ...this.#lanes.map((j) => `s${i}_${j} += v${i} * w${j};`),
      ]),
      "}".repeat(this.#axes.length + 1),
    ];
  }

  /** Whether an element of pixel `i`'s window lies in the image, and where. */
  #inside(i: number): string[] {
    const word = (value: number) => this.#kernel.word(value);
    const { sizes, strides } = this.#image;
    const lines: string[] = [];
    const tests: string[] = [];
    const places: string[] = [];
    for (const k of this.#axes) {
      const spread = this.#windows.spread[k]!;
      const name = `x${i}_${k}`;
      lines.push(`let ${name} = b${i}_${k} + e${k};`);
      const by = spread > 1 ? word(spread) : "";
      const at = spread > 1 ? `(u32(${name}) / ${by})` : `u32(${name})`;
      tests.push(`${name} >= 0 && ${at} < ${word(sizes[k]!)}`);
      if (spread > 1) tests.push(`u32(${name}) % ${by} == 0u`);
      places.push(`${at} * ${word(strides.sizes[k]!)}`);
    }
    return [
      ...lines,
      `let in${i} = ${tests.join(" && ")};`,
      `let p${i} = n${i} + select(0u, ${places.join(" + ")}, in${i});`,
    ];
  }
}
