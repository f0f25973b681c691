// A product for GPUs: a workgroup brings blocks of both operands into its shared memory, from which each invocation
// takes what its tile of the result needs, by vectors of four. Elements are read once for each block of the result,
// side by side as they lie. Sums go along the common axis in its order, as in the kernel without shared memory.
import type { Kernel } from "../wgsl/kernel.ts";
import { Fill, isShared, readsVectors } from "./fill.ts";
import {
  areBytes,
  batchesOf,
  begins,
  count,
  type Product,
  Reader,
  times,
  typeOf,
} from "./operands.ts";

export interface Blocks {
  /** Invocations of a workgroup across and down. */
  readonly group: readonly [across: number, down: number];
  /** Fours of rows and of columns of an invocation's tile. */
  readonly fours: readonly [rows: number, columns: number];
  /** Elements along the common axis that a workgroup holds at a time; a multiple of four. */
  readonly depth: number;
}

/** Vectors of shared memory for so many fours of an axis: one more, so that neighbours lie in different banks. */
const padded = (fours: number): number => fours + 1;

/** Rows and columns of the result that a workgroup makes, in fours. */
export const foursOf = ({ group, fours }: Blocks): [high: number, wide: number] => [
  group[1] * fours[0],
  group[0] * fours[1],
];

/** Bytes of shared memory that it takes. */
export function sharedBytes(blocks: Blocks): number {
  const [high, wide] = foursOf(blocks);
  return (padded(high) + padded(wide)) * 16 * blocks.depth;
}

export function byBlocks(kernel: Kernel, product: Product, blocks: Blocks, label: string): void {
  const { group, fours, depth } = blocks;
  const { m, n, k } = product.sizes;
  const dots = areBytes(product);
  const type = typeOf(product);
  const [high, wide] = foursOf(blocks);
  const [across, down] = [Math.ceil(n / (wide * 4)), Math.ceil(m / (high * 4))];
  const groups = across * down * batchesOf(product.sizes);
  const [x, y, all, height, width, whole] = [across, down, groups, m, n, dots ? k / 4 : k].map(
    (value) => kernel.word(value),
  ) as [string, string, string, string, string, string];
  const from = begins(kernel, product, "batch");
  const common = { product, whole, depth, dots };
  const fills = (["a", "b"] as const).map((name) => {
    // Memory that both share is bound once, by vectors where either side is read so.
    const names = isShared(product) ? (["a", "b"] as const) : [name];
    const vectors = !dots && names.some((one) => readsVectors(product, one));
    const reader = new Reader(kernel, product[name], type, vectors);
    const fours = name === "a" ? high : wide;
    const size = name === "a" ? height : width;
    return new Fill(kernel, reader, { ...common, name, size, fours, padded: padded(fours) });
  });
  const out = new Output(kernel, product, height, width);
  const invocations = group[0] * group[1];
  const text = [
    `if (group >= ${all}) { return; }`,
    `let batch = group / (${x} * ${y});`,
    `let row = ((group / ${x}) % ${y}) * ${high * 4}u;`,
    `let column = (group % ${x}) * ${wide * 4}u;`,
    `let across = lane % ${group[0]}u;`,
    `let down = lane / ${group[0]}u;`,
    ...from.lines,
    `let a0 = ${from.a};`,
    `let b0 = ${from.b};`,
    ...each(fours, (i, j) => `var s${i}_${j} = vec4<${type}>(0);`),
    `for (var begin = 0u; begin < ${whole}; begin += ${depth}u) {`,
    ...fills.flatMap((fill) => fill.text(invocations)),
    "workgroupBarrier();",
    `for (var k = 0u; k < ${count(kernel, product, depth)}; k++) {`,
    ...times(
      fours[0],
      (i) => `let va${i} = tile_a[k * ${padded(high)}u + down + ${i * group[1]}u];`,
    ),
    ...times(
      fours[1],
      (j) => `let vb${j} = tile_b[k * ${padded(wide)}u + across + ${j * group[0]}u];`,
    ),
    ...each(
      fours,
      (i, j) => `s${i}_${j} += ${dots ? dotted(i, j) : `va${i >> 2}[${i & 3}] * vb${j}`};`,
    ),
    "}",
    "workgroupBarrier();",
    "}",
    ...each(fours, (i, j) =>
      out.store(
        `row + (down + ${(i >> 2) * group[1]}u) * 4u + ${i & 3}u`,
        `column + (across + ${j * group[0]}u) * 4u`,
        `s${i}_${j}`,
      ),
    ),
  ];
  kernel.runGroups(label, groups, text.join("\n"), invocations);
}

/** Lines for each row of an invocation's tile and each four of its columns. */
const each = (fours: Blocks["fours"], line: (i: number, j: number) => string): string[] =>
  times(fours[0] * 4, (i) => times(fours[1], (j) => line(i, j))).flat();

/** Four columns of a row, four products of bytes each. */
const dotted = (i: number, j: number): string =>
  `vec4i(${times(4, (lane) => `dot4I8Packed(va${i >> 2}[${i & 3}], vb${j}[${lane}])`).join(", ")})`;

/** The result, written by vectors where its rows are whole ones. */
class Output {
  readonly #vectors: boolean;
  readonly #name: string;
  readonly #height: string;
  readonly #width: string;

  constructor(kernel: Kernel, product: Product, height: string, width: string) {
    const type = typeOf(product);
    this.#vectors = product.sizes.n % 4 === 0;
    this.#name = kernel.bind(product.result.storage, this.#vectors ? `vec4<${type}>` : type).name;
    this.#height = height;
    this.#width = width;
  }

  store(row: string, column: string, value: string): string {
    const [height, width] = [this.#height, this.#width];
    const head = `{ let r = ${row}; let c = ${column}; if (r < ${height}) { let to = (batch * ${height} + r) * ${width} + c;`;
    const write = this.#vectors
      ? `if (c < ${width}) { ${this.#name}[to >> 2u] = ${value}; }`
      : times(
          4,
          (lane) =>
            `if (c + ${lane}u < ${width}) { ${this.#name}[to + ${lane}u] = ${value}[${lane}]; }`,
        ).join(" ");
    return `${head} ${write} } }`;
  }
}
