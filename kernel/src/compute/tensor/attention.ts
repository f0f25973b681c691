// Attention without its matrix of scores: an invocation goes through the keys for one query, eight at a time, and
// keeps the greatest score, the sum of powers and the weighted sum of values so far (M. Milakov and N. Gimelshein,
// Online normalizer calculation for softmax, 2018).
import { CenoteError } from "../../base/index.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Leaf, leaf } from "./expr.ts";
import { broadcastShape, broadcastStrides, rowMajor, type Shape, shown, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { Kernel } from "./wgsl/kernel.ts";

/** Elements of a query or a value, at most: they are kept in registers. */
const MOST_WIDTH = 256;
const BLOCK = 8;

export interface AttentionOptions {
  /** Default 1 ÷ √(width of a query). */
  scale?: number;
  /** Whether a query sees no key after its own place; the last query's place is the last key's. */
  causal?: boolean;
  /** Added to the scores; broadcasts to (…, queries, keys). −∞ hides a key. */
  mask?: TensorBase;
}

/** softmax(q·kᵀ·scale + mask)·v as f32. Throws SHAPE. */
export function attended(
  q: TensorBase,
  k: TensorBase,
  v: TensorBase,
  options: AttentionOptions,
): { result: Leaf; shape: number[] } {
  const { gpu } = q;
  const [queries, width] = q.shape.slice(-2) as [number, number];
  const [keys, valueWidth] = v.shape.slice(-2) as [number, number];
  const fits =
    [q, k, v].every(({ rank }) => rank >= 2) && k.shape.at(-1) === width && k.shape.at(-2) === keys;
  if (!fits || width > MOST_WIDTH || valueWidth > MOST_WIDTH || keys === 0) {
    throw new CenoteError(
      "SHAPE",
      `attention: wanted queries (…, n, d), keys (…, s, d) and values (…, s, e) with s from 1 and d, e up to ${MOST_WIDTH}, found ${[q, k, v].map(({ shape }) => shown(shape)).join(", ")}`,
    );
  }
  const batch = [k, v].reduce<Shape>(
    (found, { shape }) => broadcastShape(found, shape.slice(0, -2), "attention"),
    q.shape.slice(0, -2),
  );
  const shape = [...batch, queries, valueWidth];
  const result = leaf(allocate(gpu, shape, "f32", "attention"), "f32", rowMajor(shape));
  if (sizeOf(shape) === 0) return { result, shape };
  const kernel = new Kernel(gpu);
  const rows = sizeOf(batch) * queries;
  const unravel: string[] = [];
  const sizes = [...batch, queries];
  let rest = "at";
  for (let i = sizes.length - 1; i >= 0; i--) {
    const size = kernel.word(sizes[i]!);
    unravel.push(`let g${i} = ${rest} % ${size};`, `let rest${i} = ${rest} / ${size};`);
    rest = `rest${i}`;
  }
  /** An element of an operand by its last two indices. */
  const element = (x: TensorBase, shapeOf: readonly number[]) => {
    const stored = x.stored();
    const { bits, computed } = DTYPES[stored.dtype];
    const bound = kernel.bind(stored.storage, bits === 32 ? computed : "u32");
    const strides = broadcastStrides(x.shape, stored.strides, shapeOf, "attention");
    const base = [
      ...batch.map((_, i) => `g${i} * ${kernel.word(strides[i]!)}`),
      kernel.word(stored.offset),
    ].join(" + ");
    const [row, column] = strides.slice(-2).map((stride) => kernel.word(stride));
    return (i: string, j: string) => {
      const loaded = kernel.load(
        bound,
        stored.dtype,
        `${base} + (${i}) * ${row} + (${j}) * ${column}`,
      );
      return computed === "f32" ? loaded : `f32(${loaded})`;
    };
  };
  const [query, key, value] = [
    element(q, [...batch, queries, width]),
    element(k, [...batch, keys, width]),
    element(v, [...batch, keys, valueWidth]),
  ];
  const mask = options.mask && element(options.mask, [...batch, queries, keys]);
  const me = `g${batch.length}`;
  const scale = `bitcast<f32>(${kernel.word(new Uint32Array(Float32Array.of(options.scale ?? 1 / Math.sqrt(width)).buffer)[0]!)})`;
  const [all, count, first] = [rows, keys, keys - queries].map((one) => kernel.word(one)) as [
    string,
    string,
    string,
  ];
  const limit = options.causal
    ? `u32(max(0, min(i32(${count}), i32(${me}) + bitcast<i32>(${first}) + 1)))`
    : count;
  kernel.use(["exp_f32"]);
  const out = kernel.bind(result.storage, "f32").name;
  kernel.run(
    "attention",
    rows,
    `if (at >= ${all}) { return; }
${unravel.join("\n")}
var mine: array<f32, ${width}>;
for (var d = 0u; d < ${width}u; d++) { mine[d] = ${query(me, "d")} * ${scale}; }
var most = -3.0e38;
var sum = 0.0;
var total: array<f32, ${valueWidth}>;
let last = ${limit};
for (var begin = 0u; begin < last; begin += ${BLOCK}u) {
  var score: array<f32, ${BLOCK}>;
  var top = most;
  let end = min(${BLOCK}u, last - begin);
  for (var s = 0u; s < end; s++) {
    var dot = 0.0;
    for (var d = 0u; d < ${width}u; d++) { dot += mine[d] * ${key("begin + s", "d")}; }
    ${mask ? `dot += ${mask(me, "begin + s")};` : ""}
    score[s] = dot;
    top = max(top, dot);
  }
  let shrink = exp_f32(most - top);
  most = top;
  sum *= shrink;
  for (var e = 0u; e < ${valueWidth}u; e++) { total[e] *= shrink; }
  for (var s = 0u; s < end; s++) {
    let weight = exp_f32(score[s] - top);
    sum += weight;
    for (var e = 0u; e < ${valueWidth}u; e++) { total[e] += weight * ${value("begin + s", "e")}; }
  }
}
for (var e = 0u; e < ${valueWidth}u; e++) { ${out}[at * ${valueWidth}u + e] = select(total[e] / sum, 0.0, sum == 0.0); }`,
    64,
  );
  return { result, shape };
}
