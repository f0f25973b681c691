// A product of a few rows with a matrix, as in inference: the matrix is read once, which is all its time. A workgroup
// has some columns, whose sums its invocations share along the common axis: by vectors of columns, each invocation in
// a stretch of its own, or, where the matrix lies along the common axis, by vectors side by side. The order of sums
// depends on the shape and the strides alone.
import type { Kernel } from "../wgsl/kernel.ts";
import {
  batchesOf,
  begins,
  count,
  type Product,
  Reader,
  scaleReader,
  suitsVectors,
  times,
  typeOf,
} from "./operands.ts";

/** Rows at most. */
const ROWS = 4;
/** Common elements from which on sharing them is worth while. */
const DEEP = 64;
/** Invocations that share a sum, and sums (or vectors of them) of a workgroup. */
const SHARERS = 16;
const SUMS = 16;

/** Whether the product is one of few rows, or of few columns, which is the same with its sides exchanged. */
export const isFew = ({ sizes: { m, n, k }, scales }: Product): boolean =>
  k >= DEEP && (m <= ROWS || (n <= ROWS && !scales));

export function byFew(kernel: Kernel, product: Product, label: string): void {
  const turned = product.sizes.m > ROWS;
  const { m, n } = product.sizes;
  const [rows, columns] = turned ? [n, m] : [m, n];
  const [few, many] = turned ? [product.b, product.a] : [product.a, product.b];
  const type = typeOf(product);
  const { k } = product.sizes;
  const along = suitsVectors(many, "common", k) && !product.scales;
  const across = !along && suitsVectors(many, "outer", columns);
  const near = along && suitsVectors(few, "common", k);
  const each = across ? 4 : 1;
  const value = along || across ? `vec4<${type}>` : type;
  const tiles = Math.ceil(columns / (SUMS * each));
  const groups = tiles * batchesOf(product.sizes);
  const same = few.leaf.storage.block === many.leaf.storage.block;
  const x = new Reader(kernel, few, type, near || (same && (along || across)));
  const w = new Reader(kernel, many, type, along || across);
  const from = begins(kernel, product, "batch");
  const out = kernel.bind(product.result.storage, type).name;
  const [all, wide, width, depth] = [groups, tiles, columns, k].map((one) => kernel.word(one)) as [
    string,
    string,
    string,
    string,
  ];
  const [stepRow, stepColumn] = (turned ? [1, n] : [n, 1]).map((one) => kernel.word(one));
  const size = kernel.word(m * n);
  kernel.share("part", across ? value : type, rows * SUMS * SHARERS);
  const shared = (sum: string) => (along ? `(${sum}.x + ${sum}.y) + (${sum}.z + ${sum}.w)` : sum);
  const body = along
    ? byCommon({ rows, near, x, w, depth })
    : byColumns(kernel, { product, rows, across, x, w, depth });
  const place = along ? "lane / 16u" : "lane % 16u";
  const text = [
    `if (group >= ${all}) { return; }`,
    `let batch = group / ${wide};`,
    `let first = (group % ${wide}) * ${SUMS * each}u;`,
    `let place = ${place};`,
    `let sharer = ${along ? "lane % 16u" : "lane / 16u"};`,
    `let column = first + place * ${each}u;`,
    ...from.lines,
    `let x0 = ${turned ? from.b : from.a};`,
    `let w0 = ${turned ? from.a : from.b};`,
    ...times(rows, (i) => `var s${i} = ${value}(0);`),
    `if (column < ${width}) {`,
    ...body,
    "}",
    ...times(
      rows,
      (i) => `part[(sharer * ${rows}u + ${i}u) * ${SUMS}u + place] = ${shared(`s${i}`)};`,
    ),
    "workgroupBarrier();",
    // One invocation for each sum, behind one barrier: compilers for processors take long over many.
    `if (lane < ${rows * SUMS}u) {`,
    "var sum = part[lane];",
    `for (var i = 1u; i < ${count(kernel, product, SHARERS)}; i++) { sum += part[i * ${rows * SUMS}u + lane]; }`,
    `let done = first + (lane % ${SUMS}u) * ${each}u;`,
    `let to = batch * ${size} + (lane / ${SUMS}u) * ${stepRow} + done * ${stepColumn};`,
    `if (done < ${width}) {`,
    ...(across
      ? times(4, (c) => `${out}[to + ${c}u * ${stepColumn}] = sum[${c}];`)
      : [`${out}[to] = sum;`]),
    "}",
    "}",
  ];
  kernel.runGroups(label, groups, text.join("\n"), SUMS * SHARERS);
}

interface Part {
  readonly rows: number;
  readonly x: Reader;
  readonly w: Reader;
  readonly depth: string;
}

/** Sixteen invocations go along the common axis side by side. */
function byCommon({ rows, near, x, w, depth }: Part & { near: boolean }): string[] {
  const four = (i: number) => {
    const at = (c: number) => `x0 + ${i}u * ${x.outer} + (k + ${c}u) * ${x.common}`;
    return near
      ? x.four(`x0 + ${i}u * ${x.outer} + k`)
      : `vec4(${times(4, (c) => x.at(at(c))).join(", ")})`;
  };
  return [
    `for (var k = sharer * 4u; k < ${depth}; k += ${SHARERS * 4}u) {`,
    `let v = ${w.four(`w0 + column * ${w.outer} + k`)};`,
    ...times(rows, (i) => `s${i} += ${four(i)} * v;`),
    "}",
  ];
}

/** Each invocation has a stretch of the common axis, in which neighbours have columns that lie side by side. */
function byColumns(
  kernel: Kernel,
  { product, rows, across, x, w, depth }: Part & { product: Product; across: boolean },
): string[] {
  const index = `w0 + column * ${w.outer} + k * ${w.common}`;
  const loop = (end: string, sum: string) => [
    `for (; k < ${end}; k++) {`,
    `let v = ${across ? w.four(index) : w.at(index)};`,
    ...times(
      rows,
      (i) => `${sum}${i} += ${x.at(`x0 + ${i}u * ${x.outer} + k * ${x.common}`)} * v;`,
    ),
    "}",
  ];
  const stretch = kernel.word(Math.ceil(product.sizes.k / SHARERS));
  const head = [`var k = sharer * ${stretch};`, `let last = min(k + ${stretch}, ${depth});`];
  if (!product.scales) return [...head, ...loop("last", "s")];
  const scale = scaleReader(kernel, product.scales);
  const at = (c: number) => scale.at(`k / ${scale.size}`, `column + ${c}u`);
  const value = across ? "vec4f" : "f32";
  return [
    ...head,
    "while (k < last) {",
    `let scale = ${value}(${times(across ? 4 : 1, at).join(", ")});`,
    `let end = min(last, (k / ${scale.size} + 1u) * ${scale.size});`,
    ...times(rows, (i) => `var p${i} = ${value}(0);`),
    ...loop("end", "p"),
    ...times(rows, (i) => `s${i} += p${i} * scale;`),
    "}",
  ];
}
