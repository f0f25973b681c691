// A product without shared memory or barriers, which software adapters are slow at: an invocation keeps a tile of the
// result in registers and goes through the common axis.
import type { Kernel } from "../wgsl/kernel.ts";
import {
  areBytes,
  batchesOf,
  begins,
  type Product,
  Reader,
  scaleReader,
  times,
  typeOf,
} from "./operands.ts";

/** Invocations of a workgroup: this many across and down. */
export const SIDE = 8;

/** Rows and columns of an invocation's tile. */
export type Tile = readonly [rows: number, columns: number];

export function byRegisters(
  kernel: Kernel,
  product: Product,
  [rows, columns]: Tile,
  label: string,
): void {
  const { m, n, k } = product.sizes;
  const type = typeOf(product);
  const [across, down] = [Math.ceil(n / (columns * SIDE)), Math.ceil(m / (rows * SIDE))];
  const groups = across * down * batchesOf(product.sizes);
  const [x, y, all, height, width, depth] = [across, down, groups, m, n, k].map((value) =>
    kernel.word(value),
  ) as [string, string, string, string, string, string];
  const [a, b] = [product.a, product.b].map((side) => new Reader(kernel, side, type, false)) as [
    Reader,
    Reader,
  ];
  const from = begins(kernel, product, "batch");
  const out = kernel.bind(product.result.storage, type).name;
  const tiles = times(rows, (i) => times(columns, (j) => [i, j] as const)).flat();
  const loop = new Loop(product, [a, b], [rows, columns]);
  const text = [
    `let number = at / ${SIDE * SIDE}u;`,
    `if (number >= ${all}) { return; }`,
    `let batch = number / (${x} * ${y});`,
    `let row = ((number / ${x}) % ${y}) * ${rows * SIDE}u + ((at / ${SIDE}u) % ${SIDE}u) * ${rows}u;`,
    `let column = (number % ${x}) * ${columns * SIDE}u + at % ${SIDE}u;`,
    ...from.lines,
    `let a0 = ${from.a};`,
    `let b0 = ${from.b};`,
    ...times(rows, (i) => `let ra${i} = a0 + min(row + ${i}u, ${height} - 1u) * ${a.outer};`),
    ...times(
      columns,
      (j) => `let cb${j} = b0 + min(column + ${j * SIDE}u, ${width} - 1u) * ${b.outer};`,
    ),
    ...tiles.map(([i, j]) => `var s${i}_${j} = ${type}(0);`),
    ...(product.scales
      ? scaledLoop(kernel, product, loop, width, depth)
      : loop.text("0u", depth, "s")),
    ...tiles.map(
      ([i, j]) =>
        `if (row + ${i}u < ${height} && column + ${j * SIDE}u < ${width}) { ${out}[batch * ${height} * ${width} + (row + ${i}u) * ${width} + column + ${j * SIDE}u] = s${i}_${j}; }`,
    ),
  ];
  kernel.run(label, groups * SIDE * SIDE, text.join("\n"), SIDE * SIDE);
}

class Loop {
  readonly tile: Tile;
  readonly #sides: readonly [Reader, Reader];
  /** Whether four products of bytes are one instruction. */
  readonly #dots: boolean;

  constructor(product: Product, sides: readonly [Reader, Reader], tile: Tile) {
    this.tile = tile;
    this.#sides = sides;
    this.#dots = areBytes(product);
  }

  /** Adds to the sums what lies in this range of the common axis. */
  text(from: string, to: string, sum: string): string[] {
    const [rows, columns] = this.tile;
    const [a, b] = this.#sides;
    const load = (side: Reader, index: string) => (this.#dots ? side.word(index) : side.at(index));
    const term = (i: number, j: number) =>
      this.#dots ? `dot4I8Packed(va${i}, vb${j})` : `va${i} * vb${j}`;
    return [
      `for (var k = ${from}; k < ${to}; k += ${this.#dots ? 4 : 1}u) {`,
      ...times(columns, (j) => `let vb${j} = ${load(b, `cb${j} + k * ${b.common}`)};`),
      ...times(rows, (i) => `let va${i} = ${load(a, `ra${i} + k * ${a.common}`)};`),
      ...times(rows, (i) => times(columns, (j) => `${sum}${i}_${j} += ${term(i, j)};`).join("\n")),
      "}",
    ];
  }
}

/** Each group's part is multiplied by its scale. */
function scaledLoop(
  kernel: Kernel,
  product: Product,
  loop: Loop,
  width: string,
  depth: string,
): string[] {
  const scale = scaleReader(kernel, product.scales!);
  const [rows, columns] = loop.tile;
  const tiles = times(rows, (i) => times(columns, (j) => [i, j] as const)).flat();
  const column = (j: number) => `min(column + ${j * SIDE}u, ${width} - 1u)`;
  return [
    `for (var begin = 0u; begin < ${depth}; begin += ${scale.size}) {`,
    ...tiles.map(([i, j]) => `var part${i}_${j} = 0.0;`),
    ...loop.text("begin", `min(begin + ${scale.size}, ${depth})`, "part"),
    ...times(columns, (j) => `let scale${j} = ${scale.at(`begin / ${scale.size}`, column(j))};`),
    ...tiles.map(([i, j]) => `s${i}_${j} += part${i}_${j} * scale${j};`),
    "}",
  ];
}
