// Kernels of sparse matrices: products with dense ones.
import type { TensorBase } from "../base.ts";
import { DTYPES } from "../dtypes.ts";
import { type Leaf, leaf } from "../expr.ts";
import { rowMajor } from "../shape.ts";
import { allocate } from "../storage.ts";
import { type Bound, Kernel } from "../wgsl/kernel.ts";

interface Read {
  readonly bound: Bound;
  readonly leaf: Leaf;
}

function reader(kernel: Kernel, x: TensorBase): Read {
  const stored = x.stored();
  const { bits, computed } = DTYPES[stored.dtype];
  return { leaf: stored, bound: kernel.bind(stored.storage, bits === 32 ? computed : "u32") };
}

/** An element of a packed tensor as a float. */
function float(kernel: Kernel, { bound, leaf: { dtype } }: Read, index: string): string {
  const loaded = kernel.load(bound, dtype, index);
  return DTYPES[dtype].computed === "f32" ? loaded : `f32(${loaded})`;
}

/** Columns that an invocation computes, eight apart so that neighbours read neighbours. */
const COLUMNS = 4;
const LANES = 8;

interface Sums {
  readonly rows: number;
  readonly columns: number;
  readonly what: string;
}

/**
 * A product whose rows are sums over a row's elements. `body` gives the statements of a row, which call
 * `add(column of the matrix, value)`.
 */
function rowSums(
  kernel: Kernel,
  dense: TensorBase,
  { rows, columns, what }: Sums,
  body: (add: (row: string, value: string) => string) => string,
): Leaf {
  const b = reader(kernel, dense);
  const [row, column] = b.leaf.strides.map((stride) => kernel.word(stride)) as [string, string];
  const out = allocate(dense.gpu, [rows, columns], "f32", what);
  const to = kernel.bind(out, "f32").name;
  const tiles = Math.ceil(columns / (COLUMNS * LANES));
  const [all, across, wide, offset] = [rows * tiles * LANES, tiles, columns, b.leaf.offset].map(
    (value) => kernel.word(value),
  ) as [string, string, string, string];
  const lanes = Array.from({ length: COLUMNS }, (_, j) => j);
  const add = (k: string, value: string) =>
    [
      `let base = ${offset} + u32(${k}) * ${row};`,
      `let value = ${value};`,
      ...lanes.map((j) => `s${j} += value * ${float(kernel, b, `base + n${j}`)};`),
    ].join("\n");
  const text = [
    `if (at >= ${all}) { return; }`,
    `let row = at / (${across} * ${LANES}u);`,
    `let column = ((at / ${LANES}u) % ${across}) * ${COLUMNS * LANES}u + at % ${LANES}u;`,
    ...lanes.flatMap((j) => [
      `var s${j} = 0.0;`,
      `let n${j} = min(column + ${j * LANES}u, ${wide} - 1u) * ${column};`,
    ]),
    body(add),
    ...lanes.map(
      (j) =>
        `if (column + ${j * LANES}u < ${wide}) { ${to}[row * ${wide} + column + ${j * LANES}u] = s${j}; }`,
    ),
  ];
  kernel.run(what, rows * tiles * LANES, text.join("\n"), 64);
  return leaf(out, "f32", rowMajor([rows, columns]));
}

/** Rows by their pointers into column indices and values, times a dense matrix. */
export function multiplyRows(
  pointers: TensorBase,
  indices: TensorBase,
  values: TensorBase,
  dense: TensorBase,
): Leaf {
  const kernel = new Kernel(dense.gpu);
  const [p, c, v] = [pointers, indices, values].map((one) => reader(kernel, one)) as [
    Read,
    Read,
    Read,
  ];
  const sums = { rows: pointers.size - 1, columns: dense.shape[1]!, what: "sparse matmul" };
  return rowSums(
    kernel,
    dense,
    sums,
    (add) => `let last = u32(${p.bound.name}[row + 1u]);
for (var k = u32(${p.bound.name}[row]); k < last; k++) {
${add(`${c.bound.name}[k]`, float(kernel, v, "k"))}
}`,
  );
}

/** The same of blocks (blocks, height, width). */
export function multiplyBlocks(
  pointers: TensorBase,
  indices: TensorBase,
  values: TensorBase,
  dense: TensorBase,
): Leaf {
  const kernel = new Kernel(dense.gpu);
  const [, height, width] = values.shape as [number, number, number];
  const [p, c, v] = [pointers, indices, values].map((one) => reader(kernel, one)) as [
    Read,
    Read,
    Read,
  ];
  const [h, w] = [height, width].map((size) => kernel.word(size)) as [string, string];
  const sums = {
    rows: (pointers.size - 1) * height,
    columns: dense.shape[1]!,
    what: "block sparse matmul",
  };
  return rowSums(
    kernel,
    dense,
    sums,
    (add) => `let line = row / ${h};
let last = u32(${p.bound.name}[line + 1u]);
for (var k = u32(${p.bound.name}[line]); k < last; k++) {
for (var j = 0u; j < ${w}; j++) {
${add(`u32(${c.bound.name}[k]) * ${w} + j`, float(kernel, v, `(k * ${h} + row % ${h}) * ${w} + j`))}
}
}`,
  );
}

/** The same of rows with two values of each four: values (rows, columns ÷ 2), places (rows, columns ÷ 4) as i4. */
export function multiplyHalves(values: TensorBase, places: TensorBase, dense: TensorBase): Leaf {
  const kernel = new Kernel(dense.gpu);
  const [rows, groups] = places.shape as [number, number];
  const [v, m] = [values, places].map((one) => reader(kernel, one)) as [Read, Read];
  const count = kernel.word(groups);
  const sums = { rows, columns: dense.shape[1]!, what: "2:4 sparse matmul" };
  return rowSums(
    kernel,
    dense,
    sums,
    (add) => `for (var g = 0u; g < ${count}; g++) {
let place = u32(${kernel.load(m.bound, "i4", `row * ${count} + g`)} + 8);
{
${add("g * 4u + (place & 3u)", float(kernel, v, `(row * ${count} + g) * 2u`))}
}
{
${add("g * 4u + (place >> 2u)", float(kernel, v, `(row * ${count} + g) * 2u + 1u`))}
}
}`,
  );
}
