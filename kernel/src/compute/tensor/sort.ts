// A stable merge sort of rows, by keys that are words in order; what moves are the elements' indices. Sixteen
// elements at a time are sorted by insertion; then runs are merged, each element finding its place in the other
// run by bisection, without barriers, which software adapters are slow at.
import type { Gpu } from "../../gpu/index.ts";
import { DTYPES, type Dtype } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { hostValues, kept } from "./host/engine.ts";
import { sortedOnHost } from "./host/move.ts";
import { allocate, type Storage } from "./storage.ts";
import { Kernel } from "./wgsl/kernel.ts";

const FIRST_RUN = 16;

/** A word in whose order the values are: NaN last, −0 as 0. */
export function keyText(dtype: Dtype, x: string): string {
  const { computed } = DTYPES[dtype];
  if (computed === "bool" || computed === "u32") return `u32(${x})`;
  if (computed === "i32") return `(bitcast<u32>(${x}) ^ 0x80000000u)`;
  return `float_key(${x})`;
}

export const FLOAT_KEY = `fn float_key(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if (is_nan(x)) { return 0xffffffffu; }
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u; }
  return bits ^ select(0x80000000u, 0xffffffffu, (bits >> 31u) == 1u);
}`;

/**
 * Indices (i32) that sort each row of `length` elements; equal ones stay in order, NaN comes last either way.
 * `source` lies in the order of the rows.
 */
export function sortedIndices(
  gpu: Gpu,
  source: Leaf,
  rows: number,
  length: number,
  descending: boolean,
): Leaf {
  const shape = [rows, length];
  const values = hostValues(gpu, { ...source, strides: [length, 1] }, shape);
  if (values) {
    return kept(gpu, sortedOnHost(values, rows, length, descending), shape, "i32", "sort");
  }
  const keys = allocate(gpu, shape, "u32", "sort keys");
  let from = allocate(gpu, shape, "i32", "sort");
  let to = allocate(gpu, shape, "i32", "sort");
  try {
    firstRuns(gpu, source, keys, from, rows, length, descending);
    for (let run = FIRST_RUN; run < length; run *= 2) {
      merge(gpu, keys, from, to, rows * length, length, run);
      [from, to] = [to, from];
    }
    return leaf(from, "i32", [length, 1]);
  } finally {
    keys.block.dispose();
    to.block.dispose();
  }
}

function firstRuns(
  gpu: Gpu,
  source: Leaf,
  keys: Storage,
  order: Storage,
  rows: number,
  length: number,
  descending: boolean,
): void {
  const kernel = new Kernel(gpu);
  const { bits, computed } = DTYPES[source.dtype];
  const value = kernel.load(
    kernel.bind(source.storage, bits === 32 ? computed : "u32"),
    source.dtype,
    `base + i + ${kernel.word(source.offset)}`,
  );
  if (computed === "f32") {
    kernel.use(["is_nan"]);
    kernel.add(FLOAT_KEY);
  }
  const key = kernel.bind(keys, "u32").name;
  const index = kernel.bind(order, "i32").name;
  const runs = Math.ceil(length / FIRST_RUN);
  const [total, per, size] = [rows * runs, runs, length].map((n) => kernel.word(n));
  const turned = descending ? `select(~k, k, k == 0xffffffffu && ${computed === "f32"})` : "k";
  kernel.run(
    "sort runs",
    rows * runs,
    `if (at >= ${total}) { return; }
let base = (at / ${per}) * ${size};
let first = (at % ${per}) * ${FIRST_RUN}u;
let last = min(first + ${FIRST_RUN}u, ${size});
for (var i = first; i < last; i++) {
  let k = ${keyText(source.dtype, value)};
  let mine = ${turned};
  ${key}[base + i] = mine;
  var to = i;
  while (to > first && ${key}[base + u32(${index}[base + to - 1u])] > mine) {
    ${index}[base + to] = ${index}[base + to - 1u];
    to--;
  }
  ${index}[base + to] = i32(i);
}`,
  );
}

function merge(
  gpu: Gpu,
  keys: Storage,
  from: Storage,
  to: Storage,
  count: number,
  length: number,
  run: number,
): void {
  const kernel = new Kernel(gpu);
  const key = kernel.bind(keys, "u32").name;
  const source = kernel.bind(from, "i32").name;
  const target = kernel.bind(to, "i32").name;
  const [total, size, width] = [count, length, run].map((n) => kernel.word(n));
  kernel.run(
    "sort merge",
    count,
    `if (at >= ${total}) { return; }
let base = (at / ${size}) * ${size};
let i = at % ${size};
let run = i / ${width};
let left = (run & 1u) == 0u;
let begin = (run ^ 1u) * ${width};
var low = min(begin, ${size});
var high = min(begin + ${width}, ${size});
let other = low;
let mine = ${key}[base + u32(${source}[at])];
while (low < high) {
  let middle = (low + high) >> 1u;
  let its = ${key}[base + u32(${source}[base + middle])];
  if (its < mine || (!left && its == mine)) { low = middle + 1u; } else { high = middle; }
}
${target}[base + (run & ~1u) * ${width} + (i - run * ${width}) + (low - other)] = ${source}[at];`,
  );
}
