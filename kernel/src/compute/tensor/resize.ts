// Images of other sizes in one kernel: where elements come from is found in whole numbers, so that it is the same on
// every adapter. An invocation makes four neighbours of a row, of four channels where they are one load.
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import type { Leaf } from "./expr.ts";
import { isFew, kept } from "./host/engine.ts";
import { resizedOnHost } from "./host/resize.ts";
import { sizeOf } from "./shape.ts";
import { floats, inFours } from "./sliding.ts";
import type { Kernel } from "./wgsl/kernel.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { checkedOptions, type Image, imageOf, type Places, type Resizing } from "./windows.ts";
import { written } from "./written.ts";

const NEIGHBOURS = [0, 1, 2, 3];
const GROUP = 64;

/** The image by the places of its rows and of its columns: (batch, height, width, channels). */
export function resized(
  x: TensorBase,
  [height, width]: readonly [number, number],
  places: readonly [Places, Places],
  how: Resizing,
  where: string,
): { result: Leaf; shape: number[] } {
  const image = imageOf(x, checkedOptions({}, 2, where));
  const { stored, strides } = image;
  const { gpu } = x;
  const shape = [image.batch, height, width, image.channels];
  const dtype = how === "nearest" ? stored.dtype : "f32";
  const { host } = stored.storage;
  if (host && isFew(gpu, x.size) && isFew(gpu, sizeOf(shape))) {
    const values = resizedOnHost(image, shape, places, how, host);
    return { result: kept(gpu, values, shape, dtype, where), shape };
  }
  const result = written(gpu, shape, dtype, where, (to) => {
    if (sizeOf(shape) === 0) return;
    const signature = new Signature(where)
      .add(shape, image.sizes, stored.dtype, stored.offset)
      .add(strides.batch, strides.sizes, strides.channels)
      .add(...places.map(({ times, plus, over }) => [times, plus, over]))
      .bind(to.storage)
      .bind(stored.storage);
    launch(gpu, signature, (kernel) => {
      const words = how === "nearest" ? asWords(image) : image;
      const resize = new Resize(kernel, words ?? image, places, shape, where);
      if (!words) resize.bits(to);
      else if (how === "nearest") resize.moved(to);
      else resize.mixed(to);
    });
  });
  return { result, shape };
}

/** An image of narrow elements as one of words, where pixels begin and end with words. */
function asWords(image: Image): Image | undefined {
  const { stored, strides } = image;
  const per = 32 / DTYPES[stored.dtype].bits;
  if (per === 1) return image;
  const counts = [image.channels, strides.batch, ...strides.sizes, stored.offset];
  if (strides.channels !== 1 || counts.some((one) => one % per !== 0)) return undefined;
  return {
    ...image,
    stored: { ...stored, offset: stored.offset / per },
    channels: image.channels / per,
    strides: {
      batch: strides.batch / per,
      sizes: strides.sizes.map((stride) => stride / per),
      channels: 1,
    },
  };
}

class Resize {
  readonly #kernel: Kernel;
  readonly #image: Image;
  readonly #places: readonly [Places, Places];
  readonly #shape: readonly number[];
  readonly #where: string;
  readonly #unit: number;

  constructor(
    kernel: Kernel,
    image: Image,
    places: readonly [Places, Places],
    shape: readonly number[],
    where: string,
  ) {
    this.#kernel = kernel;
    this.#image = image;
    this.#places = places;
    this.#shape = shape;
    this.#where = where;
    this.#unit = inFours(image) ? 4 : 1;
  }

  #word(value: number): string {
    return this.#kernel.word(value);
  }

  #far(stride: number): string {
    return this.#word(stride / this.#unit);
  }

  /** Finds which element of axis `k` the place of element `i` lies in: `name`. */
  #along(k: 0 | 1, i: string, name: string): string[] {
    const { times, plus, over } = this.#places[k];
    const last = this.#word((this.#image.sizes[k]! - 1) * over);
    return [
      `let ${name}_place = u32(clamp(i32(${i} * ${this.#word(times)} + ${this.#word(plus)}), 0, i32(${last})));`,
      `let ${name} = ${name}_place / ${this.#word(over)};`,
    ];
  }

  /** The same, the element after it, and the share that this has. */
  #between(k: 0 | 1, i: string, name: string): string[] {
    const over = this.#word(this.#places[k].over);
    return [
      ...this.#along(k, i, name),
      `let ${name}_next = min(${name} + 1u, ${this.#word(this.#image.sizes[k]! - 1)});`,
      `let ${name}_share = f32(${name}_place - ${name} * ${over}) / f32(${over});`,
    ];
  }

  /** Elements as they are. */
  moved(result: Leaf): void {
    const type = this.#unit === 4 ? "vec4<u32>" : "u32";
    const source = this.#kernel.bind(this.#image.stored.storage, type).name;
    const [down, across] = this.#image.strides.sizes as [number, number];
    const [row, column] = [this.#far(down), this.#far(across)];
    this.#rows(
      result,
      type,
      (line) => [...this.#along(0, line, "y"), `let row = base + y * ${row};`],
      (i, t) => ({
        lines: this.#along(1, i, `x${t}`),
        value: `${source}[row + x${t} * ${column}]`,
      }),
    );
  }

  /** Elements mixed of the four around each place: first of two rows, then of two columns. */
  mixed(result: Leaf): void {
    const [down, across] = this.#image.strides.sizes as [number, number];
    const [row, column] = [this.#far(down), this.#far(across)];
    const load = (place: string) => floats(this.#kernel, this.#image.stored, this.#unit, place);
    this.#rows(
      result,
      this.#unit === 4 ? "vec4<f32>" : "f32",
      (line) => [
        ...this.#between(0, line, "y"),
        `let near = base + y * ${row};`,
        `let far = base + y_next * ${row};`,
      ],
      (i, t) => {
        const pair = (name: string, x: string) => [
          `let ${name}${t} = ${load(`near + ${x} * ${column}`)};`,
          `let ${name}_mixed${t} = ${name}${t} + (${load(`far + ${x} * ${column}`)} - ${name}${t}) * y_share;`,
        ];
        return {
          lines: [
            ...this.#between(1, i, `x${t}`),
            ...pair("left", `x${t}`),
            ...pair("right", `x${t}_next`),
          ],
          value: `left_mixed${t} + (right_mixed${t} - left_mixed${t}) * x${t}_share`,
        };
      },
    );
  }

  /** `begin` has the number of a row of the result, `each` that of a column, which is neighbour `t`. */
  #rows(
    result: Leaf,
    type: string,
    begin: (line: string) => string[],
    each: (i: string, t: number) => { lines: string[]; value: string },
  ): void {
    const { stored, strides, channels } = this.#image;
    const [batch = 0, height = 0, width = 0] = this.#shape;
    const [outputs, tiles] = [channels / this.#unit, Math.ceil(width / NEIGHBOURS.length)];
    const count = batch * height * tiles * outputs;
    const [all, wide, turns, down, across] = [count, outputs, tiles, height, width].map((one) =>
      this.#word(one),
    ) as [string, string, string, string, string];
    const out = this.#kernel.bind(result.storage, type).name;
    const step = this.#unit === 4 ? "1u" : this.#word(strides.channels);
    const text = [
      `if (at >= ${all}) { return; }`,
      `let o = at % ${wide};`,
      `let tile = at / ${wide};`,
      `let first = (tile % ${turns}) * ${NEIGHBOURS.length}u;`,
      `let line = tile / ${turns};`,
      `let base = (line / ${down}) * ${this.#far(strides.batch)} + o * ${step} + ${this.#far(stored.offset)};`,
      ...begin(`(line % ${down})`),
      ...NEIGHBOURS.flatMap((t) => {
        const { lines, value } = each(`min(first + ${t}u, ${across} - 1u)`, t);
        const store = `${out}[(line * ${across} + first + ${t}u) * ${wide} + o] = ${value};`;
        return [...lines, t === 0 ? store : `if (first + ${t}u < ${across}) { ${store} }`];
      }),
    ];
    this.#kernel.run(this.#where, count, text.join("\n"), GROUP);
  }

  /** Narrow elements as they are, of pixels that begin within words: a word of them is an invocation. */
  bits(result: Leaf): void {
    const { stored, strides } = this.#image;
    const { bits } = DTYPES[stored.dtype];
    const per = 32 / bits;
    const total = sizeOf(this.#shape);
    const [height, width, channels] = this.#shape.slice(1).map((one) => this.#word(one));
    const count = this.#word(total);
    const place = [
      `(line / ${height}) * ${this.#word(strides.batch)}`,
      `y * ${this.#word(strides.sizes[0]!)}`,
      `x * ${this.#word(strides.sizes[1]!)}`,
      `(i % ${channels}) * ${this.#word(strides.channels)}`,
      this.#word(stored.offset),
    ].join(" + ");
    const value = this.#kernel.load(this.#kernel.bind(stored.storage), stored.dtype, place);
    const text = [
      `if (at * ${per}u >= ${count}) { return; }`,
      "var word = 0u;",
      `for (var k = 0u; k < min(${per}u, ${count} - at * ${per}u); k++) {`,
      `let i = at * ${per}u + k;`,
      `let pixel = i / ${channels};`,
      `let line = pixel / ${width};`,
      ...this.#along(0, `(line % ${height})`, "y"),
      ...this.#along(1, `(pixel % ${width})`, "x"),
      `let value = ${value};`,
      `word |= ${this.#kernel.packed(stored.dtype, "value")} << (k * ${bits}u);`,
      "}",
      `${this.#kernel.bind(result.storage).name}[at] = word;`,
    ];
    this.#kernel.run(this.#where, Math.ceil(total / per), text.join("\n"), GROUP);
  }
}
