// Products of matrices. An invocation keeps a tile of the result in registers and goes through the common axis
// without barriers, which software adapters are slow at. Operands are read where they lie, whatever their strides,
// so that transposes and broadcasts copy nothing.
import { CenoteError } from "../../base/index.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES, type Dtype, isFloatDtype, promote } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { reducedIn } from "./reduce.ts";
import { broadcastShape, broadcastStrides, rowMajor, type Shape, shown, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { type Bound, Kernel } from "./wgsl/kernel.ts";

/** Invocations of a workgroup: this many across and down. */
const SIDE = 8;

/** Scales of quantised weights [groups, columns]: rows of the weights share one in groups of `size`. */
export interface Scales {
  readonly scale: TensorBase;
  readonly size: number;
}

interface Sizes {
  readonly batch: Shape;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Shape of a·b. Throws SHAPE. */
function sizesOf(a: TensorBase, b: TensorBase): Sizes {
  if (a.rank < 2 || b.rank < 2) {
    throw new CenoteError(
      "SHAPE",
      `matmul: wanted matrices, found ${a.described} and ${b.described}`,
      {
        mend: "A vector becomes a row by expandDims(0), a column by expandDims(1).",
      },
    );
  }
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [rows, n] = b.shape.slice(-2) as [number, number];
  if (k !== rows) {
    throw new CenoteError(
      "SHAPE",
      `matmul: wanted ${k} rows in the second operand, as many as the first has columns, found ${rows}: ${shown(a.shape)} and ${shown(b.shape)}`,
      { mend: "a.T exchanges the last two axes, without a copy." },
    );
  }
  return { batch: broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2), "matmul"), m, n, k };
}

/** Results from which on there are tiles enough for all cores when they are wide. */
const MANY = 2 ** 16;

/**
 * Sides of an invocation's tile: as much as the matrix has use for. On software adapters loads cost more than arithmetic,
 * so that wide tiles, which use each element often, gain more than they lose in registers.
 */
function tileOf(
  software: boolean,
  { batch, m, n }: Sizes,
  scaled: boolean,
): [rows: number, columns: number] {
  const results = sizeOf(batch) * m * n;
  const most = software || results >= 2 ** 20 ? 8 : 4;
  const wide = software && !scaled && results >= MANY ? 16 : most;
  const side = (size: number, limit: number) =>
    [1, 2, 4, 8, 16].find((tile) => tile >= Math.min(limit, Math.ceil(size / SIDE)))!;
  return [side(m, most), side(n, wide)];
}

/** a·b as f32, i32 or u32 in the order of the rows, with its shape. */
export function product(
  a: TensorBase,
  b: TensorBase,
  scales?: Scales,
): { result: Leaf; shape: number[]; dtype: Dtype } {
  const sizes = sizesOf(a, b);
  const dtype = scales ? a.dtype : promote(a.dtype, b.dtype, "matmul");
  const out = reducedIn(dtype === "bool" || DTYPES[dtype].bits < 16 ? "i32" : dtype);
  const shape = [...sizes.batch, sizes.m, sizes.n];
  b.expression(a.gpu);
  const result = leaf(allocate(a.gpu, shape, out, "matmul"), out, rowMajor(shape));
  if (sizeOf(shape) > 0) new Product(a, b, sizes, result, scales).run();
  return { result, shape, dtype: isFloatDtype(dtype) ? dtype : out };
}

interface Side {
  readonly leaf: Leaf;
  readonly bound: Bound;
  /** Strides of the batch's axes, of rows and of columns. */
  readonly batch: readonly number[];
  readonly row: string;
  readonly column: string;
}

class Product {
  readonly #kernel: Kernel;
  readonly #a: Side;
  readonly #b: Side;
  readonly #sizes: Sizes;
  readonly #result: Leaf;
  readonly #tile: [number, number];
  readonly #type: string;
  readonly #scales:
    | { bound: Bound; size: string; row: string; column: string; leaf: Leaf }
    | undefined;
  /** Whether four products of bytes are one instruction. */
  readonly #dots: boolean;

  constructor(a: TensorBase, b: TensorBase, sizes: Sizes, result: Leaf, scales?: Scales) {
    this.#kernel = new Kernel(a.gpu);
    this.#sizes = sizes;
    this.#result = result;
    this.#tile = tileOf(a.gpu.adapter.software, sizes, scales !== undefined);
    this.#type = DTYPES[result.dtype].computed;
    this.#a = this.#side(a);
    this.#b = this.#side(b);
    this.#dots = this.#areBytes();
    if (scales) {
      const stored = scales.scale.stored();
      const [row, column] = stored.strides.map((stride) => this.#kernel.word(stride)) as [
        string,
        string,
      ];
      const bound = this.#kernel.bind(stored.storage, stored.dtype === "f32" ? "f32" : "u32");
      this.#scales = { bound, size: this.#kernel.word(scales.size), row, column, leaf: stored };
    }
  }

  #side(x: TensorBase): Side {
    const stored = x.stored();
    const { bits, computed } = DTYPES[stored.dtype];
    const [row, column] = stored.strides.slice(-2).map((stride) => this.#kernel.word(stride)) as [
      string,
      string,
    ];
    const strides = stored.strides.slice(0, -2);
    return {
      leaf: stored,
      bound: this.#kernel.bind(stored.storage, bits === 32 ? computed : "u32"),
      batch: broadcastStrides(x.shape.slice(0, -2), strides, this.#sizes.batch, "matmul"),
      row,
      column,
    };
  }

  #areBytes(): boolean {
    const inWords = ({ leaf: { dtype, strides, offset } }: Side, common: number) =>
      dtype === "i8" &&
      offset % 4 === 0 &&
      strides.at(common) === 1 &&
      strides.every((stride, i) => i === strides.length + common || stride % 4 === 0);
    return this.#sizes.k % 4 === 0 && inWords(this.#a, -1) && inWords(this.#b, -2);
  }

  run(): void {
    const { batch, m, n, k } = this.#sizes;
    const kernel = this.#kernel;
    const [rows, columns] = this.#tile;
    const [across, down] = [Math.ceil(n / (columns * SIDE)), Math.ceil(m / (rows * SIDE))];
    const groups = across * down * sizeOf(batch);
    const [x, y, all, height, width, depth] = [across, down, groups, m, n, k].map((value) =>
      kernel.word(value),
    ) as [string, string, string, string, string, string];
    const { lines, a, b } = this.#batches("group");
    const place = (index: string, i: number, j: number) =>
      `${index} * ${height} * ${width} + (row + ${i}u) * ${width} + column + ${j * SIDE}u`;
    const out = kernel.bind(this.#result.storage, this.#type).name;
    const tiles = times(rows, (i) => times(columns, (j) => [i, j] as const)).flat();
    const text = [
      `let number = at / ${SIDE * SIDE}u;`,
      `if (number >= ${all}) { return; }`,
      `let group = number / (${x} * ${y});`,
      `let row = ((number / ${x}) % ${y}) * ${rows * SIDE}u + ((at / ${SIDE}u) % ${SIDE}u) * ${rows}u;`,
      `let column = (number % ${x}) * ${columns * SIDE}u + at % ${SIDE}u;`,
      ...lines,
      `let a0 = ${a};`,
      `let b0 = ${b};`,
      ...times(rows, (i) => `let ra${i} = a0 + min(row + ${i}u, ${height} - 1u) * ${this.#a.row};`),
      ...times(
        columns,
        (j) => `let cb${j} = b0 + min(column + ${j * SIDE}u, ${width} - 1u) * ${this.#b.column};`,
      ),
      ...tiles.map(([i, j]) => `var s${i}_${j} = ${this.#type}(0);`),
      ...(this.#scales ? this.#scaledLoop(depth, tiles) : this.#loop("0u", depth, "s", tiles)),
      ...tiles.map(
        ([i, j]) =>
          `if (row + ${i}u < ${height} && column + ${j * SIDE}u < ${width}) { ${out}[${place("group", i, j)}] = s${i}_${j}; }`,
      ),
    ];
    kernel.run("matmul", groups * SIDE * SIDE, text.join("\n"), SIDE * SIDE);
  }

  /** Where the batch's matrices begin. */
  #batches(index: string): { lines: string[]; a: string; b: string } {
    const { batch } = this.#sizes;
    const lines: string[] = [];
    const terms: [string[], string[]] = [[], []];
    let rest = index;
    for (let i = batch.length - 1; i >= 0; i--) {
      const size = this.#kernel.word(batch[i]!);
      lines.push(`let g${i} = ${rest} % ${size};`, `let rest${i} = ${rest} / ${size};`);
      rest = `rest${i}`;
      for (const [side, of] of [this.#a, this.#b].entries())
        terms[side]!.push(`g${i} * ${this.#kernel.word(of.batch[i]!)}`);
    }
    const [a, b] = [this.#a, this.#b].map(({ leaf: { offset } }, side) =>
      [...terms[side]!, this.#kernel.word(offset)].join(" + "),
    );
    return { lines, a: a!, b: b! };
  }

  #load({ bound, leaf: { dtype } }: Side, index: string): string {
    const loaded = this.#kernel.load(bound, dtype, index);
    return DTYPES[dtype].computed === this.#type ? loaded : `${this.#type}(${loaded})`;
  }

  #loop(
    from: string,
    to: string,
    sum: string,
    tiles: readonly (readonly [number, number])[],
  ): string[] {
    const [rows, columns] = this.#tile;
    const word = (bound: Bound, index: string) => `${bound.name}[(${index}) >> 2u]`;
    const [a, b] = [this.#a, this.#b].map(
      (side) => (index: string) => (this.#dots ? word(side.bound, index) : this.#load(side, index)),
    );
    const term = (i: number, j: number) =>
      this.#dots ? `dot4I8Packed(va${i}, vb${j})` : `va${i} * vb${j}`;
    return [
      `for (var k = ${from}; k < ${to}; k += ${this.#dots ? 4 : 1}u) {`,
      ...times(columns, (j) => `let vb${j} = ${b!(`cb${j} + k * ${this.#b.row}`)};`),
      ...times(rows, (i) => `let va${i} = ${a!(`ra${i} + k * ${this.#a.column}`)};`),
      ...tiles.map(([i, j]) => `${sum}${i}_${j} += ${term(i, j)};`),
      "}",
    ];
  }

  /** Each group's part is multiplied by its scale. */
  #scaledLoop(depth: string, tiles: readonly (readonly [number, number])[]): string[] {
    const {
      bound,
      size,
      row,
      column,
      leaf: { dtype, offset },
    } = this.#scales!;
    const at = (j: number) =>
      `(begin / ${size}) * ${row} + min(column + ${j * SIDE}u, ${this.#kernel.word(this.#sizes.n)} - 1u) * ${column} + ${this.#kernel.word(offset)}`;
    return [
      `for (var begin = 0u; begin < ${depth}; begin += ${size}) {`,
      ...tiles.map(([i, j]) => `var part${i}_${j} = 0.0;`),
      ...this.#loop("begin", `min(begin + ${size}, ${depth})`, "part", tiles),
      ...times(this.#tile[1], (j) => `let scale${j} = ${this.#kernel.load(bound, dtype, at(j))};`),
      ...tiles.map(([i, j]) => `s${i}_${j} += part${i}_${j} * scale${j};`),
      "}",
    ];
  }
}

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
