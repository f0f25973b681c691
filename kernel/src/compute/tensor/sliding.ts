// Kernels in which windows slide over each channel by itself. An invocation makes up to four neighbours along the last
// axis, of four channels where they are one load, so that what their windows share is loaded once.
import { DTYPES } from "./dtypes.ts";
import type { Leaf } from "./expr.ts";
import { sizeOf } from "./shape.ts";
import type { Kernel } from "./wgsl/kernel.ts";
import type { Signature } from "./wgsl/launch.ts";
import type { Image, Windows } from "./windows.ts";

/** Elements along the last axis up to which a window is written out; a longer one is a loop. */
const WRITTEN = 11;
/** Elements of a row that an invocation loads at once, at most. */
const COLUMNS = 14;
const GROUP = 64;

export interface Slide {
  readonly image: Image;
  readonly windows: Windows;
  /** The window's sizes. */
  readonly window: readonly number[];
  /** Results of each channel, by turns. */
  readonly each: number;
  /** Whether four channels are one load. */
  readonly four: boolean;
}

/** What a kernel of windows does with the elements, as text. */
export interface Steps {
  readonly label: string;
  /** What an element outside the image counts as. */
  readonly outside: string;
  readonly begin: readonly string[];
  /** Once for each row of the window inside the image: v0, v1 … are its elements. */
  readonly row: readonly string[];
  /** The result of neighbour `t`. */
  readonly result: (t: number) => string;
}

/** Whether four neighbouring channels of the image are one load. */
export function inFours({ stored, strides, channels }: Image): boolean {
  const places = [channels, strides.batch, ...strides.sizes, stored.offset];
  return (
    strides.channels === 1 &&
    places.every((one) => one % 4 === 0) &&
    stored.storage.block.bytes % 16 === 0
  );
}

/** One of the elements as f32, or four: at a place counted in those. */
export function floats(
  kernel: Kernel,
  { storage, dtype }: Leaf,
  unit: number,
  place: string,
): string {
  const { bits, computed } = DTYPES[dtype];
  const type = bits < 32 ? "u32" : unit === 4 ? `vec4<${computed}>` : computed;
  const bound = kernel.bind(storage, type);
  const loaded =
    unit === 1
      ? kernel.load(bound, dtype, place)
      : bits < 32
        ? kernel.loadFour(bound, dtype, place)
        : `${bound.name}[${place}]`;
  if (computed === "f32") return loaded;
  return `${unit === 1 ? "f32" : "vec4f"}(${loaded})`;
}

/** All that the text and the parameters of such a kernel depend on, but for the memory. */
export const signed = (signature: Signature, { image, windows, window, each }: Slide): Signature =>
  signature
    .add(image.batch, image.sizes, image.channels, each, image.stored.dtype, image.stored.offset)
    .add(image.strides.batch, image.strides.sizes, image.strides.channels)
    .add(window, windows.sizes, windows.before, windows.stride, windows.dilation);

/** The kernel of a slide; `at`, `o` and `c` are the numbers of the invocation, the result's and the image's channel. */
export class Sliding {
  readonly kernel: Kernel;
  /** What elements and results are: f32, or four of them. */
  readonly type: string;
  /** Elements of a load. */
  readonly unit: number;
  /** Neighbours that an invocation makes. */
  readonly neighbours: readonly number[];
  /** Elements along the last axis that are written out: one where the axis is a loop. */
  readonly written: readonly number[];
  /** Columns of the elements of a row, from the first window's beginning on. */
  readonly columns: readonly number[];
  readonly #slide: Slide;
  readonly #outer: readonly number[];
  readonly #last: number;

  constructor(kernel: Kernel, slide: Slide) {
    this.kernel = kernel;
    this.#slide = slide;
    this.unit = slide.four ? 4 : 1;
    this.type = slide.four ? "vec4f" : "f32";
    const last = slide.window.length - 1;
    this.#last = last;
    this.#outer = slide.window.map((_, k) => k).slice(0, -1);
    const length = slide.window[last]!;
    this.written = counted(length <= WRITTEN ? length : 1);
    const columns = (many: number) => [
      ...new Set(counted(many).flatMap((t) => this.written.map((e) => this.#place(t, e)))),
    ];
    const most = this.#loops ? 1 : Math.min(4, slide.windows.sizes[last]!);
    const tile = [4, 2, 1].find((many) => many <= most && columns(many).length <= COLUMNS) ?? 1;
    this.neighbours = counted(tile);
    this.columns = columns(tile);
  }

  get #loops(): boolean {
    return this.written.length < this.#slide.window[this.#last]!;
  }

  #place(t: number, e: number): number {
    const { stride, dilation } = this.#slide.windows;
    return t * stride[this.#last]! + e * dilation[this.#last]!;
  }

  /** Which of a row's elements is element `e` of neighbour `t`. */
  column(t: number, e: number): number {
    return this.columns.indexOf(this.#place(t, e));
  }

  /** Whether that column lies in the image, as text. */
  inside(column: number): string {
    return this.#isSure(this.#last) ? "true" : `in${column}`;
  }

  /** The number of element `e` along the last axis, as text. */
  element(e: number): string {
    return this.#loops ? `d${this.#last}` : `${e}u`;
  }

  word(value: number): string {
    return this.kernel.word(value);
  }

  /** One of `leaf`'s elements, or four, at a place counted in those. */
  load(leaf: Leaf, place: string): string {
    return floats(this.kernel, leaf, this.unit, place);
  }

  /** Whether no window reaches over the image's sides along an axis. */
  #isSure(k: number): boolean {
    const { windows, window, image } = this.#slide;
    const tile = k === this.#last ? this.neighbours.length : 1;
    const first = Math.ceil(windows.sizes[k]! / tile) * tile - 1;
    const reach = first * windows.stride[k]! + (window[k]! - 1) * windows.dilation[k]!;
    return windows.before[k] === 0 && reach < image.sizes[k]!;
  }

  /** Records the kernel, which writes the results in the order of the rows, channels last. */
  run(result: Leaf, steps: Steps, type: string): void {
    const { image, windows, each } = this.#slide;
    const last = this.#last;
    const many = this.neighbours.length;
    const across = windows.sizes[last]!;
    const [outputs, tiles] = [(image.channels * each) / this.unit, Math.ceil(across / many)];
    const count = image.batch * sizeOf(windows.sizes.slice(0, -1)) * tiles * outputs;
    const [all, wide, turns, width] = [count, outputs, tiles, across].map((n) => this.word(n)) as [
      string,
      string,
      string,
      string,
    ];
    const out = this.kernel.bind(result.storage, type).name;
    const begin = (k: number, from: string) =>
      `let b${k} = i32(${from} * ${this.word(windows.stride[k]!)}) - i32(${this.word(windows.before[k]!)});`;
    const text = [
      `if (at >= ${all}) { return; }`,
      `let o = at % ${wide};`,
      each === 1 ? "let c = o;" : `let c = o / ${this.word(each)};`,
      `let tile = at / ${wide};`,
      `let first = (tile % ${turns}) * ${many}u;`,
      `let line = tile / ${turns};`,
      "var rest = line;",
      begin(last, "first"),
      ...this.#outer.toReversed().flatMap((k) => {
        const size = this.word(windows.sizes[k]!);
        return [begin(k, `(rest % ${size})`), `rest = rest / ${size};`];
      }),
      `let base = rest * ${this.#far(image.strides.batch)} + c * ${this.unit === 4 ? "1u" : this.word(image.strides.channels)} + ${this.#far(image.stored.offset)};`,
      ...(this.#loops ? [] : this.#columns()),
      ...steps.begin,
      ...this.#rows(steps),
      ...this.neighbours.map((t) => {
        const store = `${out}[(line * ${width} + first + ${t}u) * ${wide} + o] = ${steps.result(t)};`;
        return t === 0 ? store : `if (first + ${t}u < ${width}) { ${store} }`;
      }),
    ];
    this.kernel.run(steps.label, count, text.join("\n"), GROUP);
  }

  #far(stride: number): string {
    return this.word(stride / this.unit);
  }

  /** Where columns lie, and whether that is in the image. */
  #columns(): string[] {
    const last = this.#last;
    const { image } = this.#slide;
    const sure = this.#isSure(last);
    const [size, stride] = [this.word(image.sizes[last]!), this.#far(image.strides.sizes[last]!)];
    const loop = this.#loops
      ? ` + i32(d${last} * ${this.word(this.#slide.windows.dilation[last]!)})`
      : "";
    return this.columns.flatMap((place, j) => [
      `let x${last}_${j} = b${last} + ${place}${loop};`,
      ...(sure ? [] : [`let in${j} = u32(x${last}_${j}) < ${size};`]),
      `let q${j} = ${sure ? `u32(x${last}_${j})` : `select(0u, u32(x${last}_${j}), in${j})`} * ${stride};`,
    ]);
  }

  /** The loops over the window, and in them the loads of a row. */
  #rows(steps: Steps): string[] {
    const { image, windows, window } = this.#slide;
    const { stored, strides } = image;
    const loop = (k: number) => `for (var d${k} = 0u; d${k} < ${this.word(window[k]!)}; d${k}++) {`;
    const lines: string[] = this.#outer.flatMap((k) => [
      loop(k),
      `let x${k} = b${k} + i32(d${k} * ${this.word(windows.dilation[k]!)});`,
      ...(this.#isSure(k)
        ? []
        : [`if (u32(x${k}) >= ${this.word(image.sizes[k]!)}) { continue; }`]),
    ]);
    const places = this.#outer.map((k) => `u32(x${k}) * ${this.#far(strides.sizes[k]!)}`);
    lines.push(`let row = ${["base", ...places].join(" + ")};`);
    const loops = this.#outer.length + Number(this.#loops);
    if (this.#loops) lines.push(loop(this.#last), ...this.#columns());
    const sure = this.#isSure(this.#last);
    lines.push(
      ...this.columns.map((_, j) => {
        const loaded = this.load(stored, `row + q${j}`);
        return `let v${j} = ${sure ? loaded : `select(${this.type}(${steps.outside}), ${loaded}, in${j})`};`;
      }),
      ...steps.row,
      "}".repeat(loops),
    );
    return lines;
  }
}

const counted = (many: number): number[] => Array.from({ length: many }, (_, i) => i);
