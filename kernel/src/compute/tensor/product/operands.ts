// The operands of a product of matrices as its kernels read them: where they lie, whatever their strides. Both sides
// are told alike, by the axis that the result keeps (`outer`) and the one that is summed over (`common`).
import type { Gpu } from "../../../gpu/index.ts";
import { DTYPES } from "../dtypes.ts";
import type { Leaf } from "../expr.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Bound, Kernel } from "../wgsl/kernel.ts";

export interface Side {
  readonly leaf: Leaf;
  /** Strides of the batch's axes, 0 where it is repeated. */
  readonly batch: readonly number[];
  /** Strides of the axis that the result keeps, and of the one that is summed over. */
  readonly outer: number;
  readonly common: number;
}

/** Scales of quantised weights (groups, columns): rows of the weights share one in groups of `size`. */
export interface Scales {
  readonly leaf: Leaf;
  readonly size: number;
}

export interface Sizes {
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** A product to be computed, and where its result goes: in the order of the rows. */
export interface Product {
  readonly gpu: Gpu;
  readonly sizes: Sizes;
  readonly a: Side;
  readonly b: Side;
  readonly scales: Scales | undefined;
  readonly result: Leaf;
}

export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

export const batchesOf = ({ batch }: Sizes): number => sizeOf(batch);

/** What the product adds up in. */
export const typeOf = ({ result }: Product): string => DTYPES[result.dtype].computed;

/** The axis along which its elements follow each other, if any. */
export const orderOf = ({ outer, common }: Side): "common" | "outer" | "none" =>
  common === 1 ? "common" : outer === 1 ? "outer" : "none";

/** Whether four elements along that axis are one load, for an axis of `length`. */
export function suitsVectors(side: Side, along: "common" | "outer", length: number): boolean {
  const across = along === "common" ? side.outer : side.common;
  const { leaf } = side;
  return (
    side[along] === 1 &&
    length % 4 === 0 &&
    leaf.offset % 4 === 0 &&
    across % 4 === 0 &&
    side.batch.every((stride) => stride % 4 === 0) &&
    (DTYPES[leaf.dtype].bits < 32 || leaf.storage.block.bytes % 16 === 0)
  );
}

/** Whether four products of bytes are one instruction: bytes on both sides that lie in words along the common axis. */
export function areBytes({ a, b, sizes, scales }: Product): boolean {
  const fits = (side: Side) => side.leaf.dtype === "i8" && suitsVectors(side, "common", sizes.k);
  return !scales && fits(a) && fits(b);
}

/** Reads elements of one side in a kernel's text. */
export class Reader {
  readonly outer: string;
  readonly common: string;
  readonly #kernel: Kernel;
  readonly #side: Side;
  readonly #type: string;
  readonly #bound: Bound;

  /** `vectors`: whether elements of 32 bits are bound by fours. */
  constructor(kernel: Kernel, side: Side, type: string, vectors: boolean) {
    const { bits, computed } = DTYPES[side.leaf.dtype];
    this.#kernel = kernel;
    this.#side = side;
    this.#type = type;
    this.#bound = kernel.bind(
      side.leaf.storage,
      bits < 32 ? "u32" : vectors ? `vec4<${computed}>` : computed,
    );
    this.outer = kernel.word(side.outer);
    this.common = kernel.word(side.common);
  }

  #as(type: string, loaded: string): string {
    return DTYPES[this.#side.leaf.dtype].computed === this.#type ? loaded : `${type}(${loaded})`;
  }

  at(index: string): string {
    return this.#as(this.#type, this.#kernel.load(this.#bound, this.#side.leaf.dtype, index));
  }

  /** The four elements from an index that is a multiple of four. */
  four(index: string): string {
    const { dtype } = this.#side.leaf;
    const { bits, computed } = DTYPES[dtype];
    const { name, type } = this.#bound;
    const vector = `vec4<${computed}>`;
    if (bits < 32)
      return this.#as(
        `vec4<${this.#type}>`,
        this.#kernel.loadFour(this.#bound, dtype, `(${index}) >> 2u`),
      );
    const loaded = `${name}[(${index}) >> 2u]`;
    return this.#as(
      `vec4<${this.#type}>`,
      type === vector ? loaded : `bitcast<${vector}>(${loaded})`,
    );
  }

  /** The word of four bytes at an index. */
  word(index: string): string {
    return `${this.#bound.name}[(${index}) >> 2u]`;
  }
}

/** Statements and the index of each side's first element in the matrix of number `index` of the batch. */
export function begins(
  kernel: Kernel,
  { sizes: { batch }, a, b }: Product,
  index: string,
): { lines: string[]; a: string; b: string } {
  const lines: string[] = [];
  const terms: [string[], string[]] = [[], []];
  let rest = index;
  for (let i = batch.length - 1; i >= 0; i--) {
    const size = kernel.word(batch[i]!);
    lines.push(`let g${i} = ${rest} % ${size};`, `let rest${i} = ${rest} / ${size};`);
    rest = `rest${i}`;
    for (const [side, of] of [a, b].entries())
      terms[side]!.push(`g${i} * ${kernel.word(of.batch[i]!)}`);
  }
  const [from, other] = [a, b].map(({ leaf: { offset } }, side) =>
    [...terms[side]!, kernel.word(offset)].join(" + "),
  );
  return { lines, a: from!, b: other! };
}

/**
 * The end of a loop of so many steps. Compilers for processors take seconds over what they unroll beside barriers, and
 * gain nothing by it, so that there the number is a parameter.
 */
export const count = (kernel: Kernel, { gpu }: Product, steps: number): string =>
  gpu.adapter.software ? kernel.word(steps) : `${steps}u`;

/** The scales in a kernel's text. */
export function scaleReader(kernel: Kernel, { leaf, size }: Scales) {
  const bound = kernel.bind(leaf.storage, leaf.dtype === "f32" ? "f32" : "u32");
  const [row, column] = leaf.strides.map((stride) => kernel.word(stride));
  const offset = kernel.word(leaf.offset);
  return {
    size: kernel.word(size),
    /** The scale of a group of rows and a column. */
    at: (group: string, of: string) =>
      kernel.load(bound, leaf.dtype, `(${group}) * ${row} + (${of}) * ${column} + ${offset}`),
  };
}
