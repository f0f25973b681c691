// Attention without its matrix of scores: an invocation goes through the keys for a few queries, eight at a time, and
// keeps of each the greatest score, the sum of powers and the weighted sum of values so far (M. Milakov and
// N. Gimelshein, Online normalizer calculation for softmax, 2018). An element of a key or a value serves all of them.
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
  const each = queriesOf(gpu.adapter.software, queries, Math.max(width, valueWidth));
  const steps = Math.ceil(queries / each);
  const rows = sizeOf(batch) * steps;
  const unravel: string[] = [];
  const sizes = [...batch, steps];
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
  const height = kernel.word(queries);
  const at = (q: number) => `min(g${batch.length} * ${each}u + ${q}u, ${height} - 1u)`;
  const scale = `bitcast<f32>(${kernel.word(new Uint32Array(Float32Array.of(options.scale ?? 1 / Math.sqrt(width)).buffer)[0]!)})`;
  const [all, count, first] = [rows, keys, keys - queries].map((one) => kernel.word(one)) as [
    string,
    string,
    string,
  ];
  const limit = (q: number) =>
    options.causal
      ? `u32(max(0, min(i32(${count}), i32(${at(q)}) + bitcast<i32>(${first}) + 1)))`
      : count;
  // The least finite number: a key that a mask hides by it counts where no other does.
  const least = `bitcast<f32>(${kernel.word(0xff7fffff)})`;
  const hidden = `bitcast<f32>(${kernel.word(0xff800000)})`;
  kernel.use(["exp_f32"]);
  const out = kernel.bind(result.storage, "f32").name;
  const several = times(each);
  const block = times(BLOCK);
  const [wide, deep] = [width, valueWidth].map((one) => kernel.word(one)) as [string, string];
  const seen = (s: number) => `min(begin + ${s}u, ${count} - 1u)`;
  // What a query does not see it does not meet, whatever that is; NaN times 0 is none.
  const weighed = (q: number, s: number) =>
    options.causal && each > 1
      ? `select(w${q}_${s} * v${s}, 0.0, begin + ${s}u >= last${q})`
      : `w${q}_${s} * v${s}`;
  const text = [
    `if (at >= ${all}) { return; }`,
    ...unravel,
    ...several.flatMap((q) => [
      `var mine${q}: array<f32, ${Math.max(1, width)}>;`,
      `for (var d = 0u; d < ${wide}; d++) { mine${q}[d] = ${query(at(q), "d")} * ${scale}; }`,
      `var most${q} = ${least};`,
      `var sum${q} = 0.0;`,
      `var total${q}: array<f32, ${valueWidth}>;`,
      `let last${q} = ${limit(q)};`,
    ]),
    // The last query sees the most keys.
    `for (var begin = 0u; begin < last${each - 1}; begin += ${BLOCK}u) {`,
    ...several.flatMap((q) => block.map((s) => `var c${q}_${s} = 0.0;`)),
    `for (var d = 0u; d < ${wide}; d++) {`,
    ...block.map((s) => `let k${s} = ${key(seen(s), "d")};`),
    ...several.flatMap((q) => [
      `let m${q} = mine${q}[d];`,
      ...block.map((s) => `c${q}_${s} += m${q} * k${s};`),
    ]),
    "}",
    ...several.flatMap((q) => [
      ...block.map((s) => {
        const score = mask ? `c${q}_${s} + ${mask(at(q), seen(s))}` : `c${q}_${s}`;
        return `c${q}_${s} = select(${score}, ${hidden}, begin + ${s}u >= last${q});`;
      }),
      `var top${q} = most${q};`,
      ...block.map((s) => `top${q} = max(top${q}, c${q}_${s});`),
      `let shrink${q} = exp_f32(most${q} - top${q});`,
      `most${q} = top${q};`,
      `sum${q} *= shrink${q};`,
      ...block.flatMap((s) => [
        `let w${q}_${s} = exp_f32(c${q}_${s} - top${q});`,
        `sum${q} += w${q}_${s};`,
      ]),
    ]),
    `for (var e = 0u; e < ${deep}; e++) {`,
    ...block.map(
      (s) => `let v${s} = select(${value(seen(s), "e")}, 0.0, begin + ${s}u >= last${each - 1});`,
    ),
    ...several.map(
      (q) =>
        `total${q}[e] = total${q}[e] * shrink${q} + (${block.map((s) => weighed(q, s)).join(" + ")});`,
    ),
    "}",
    "}",
    ...several.flatMap((q) => [
      `if (g${batch.length} * ${each}u + ${q}u < ${height}) {`,
      `let to = ((at / ${kernel.word(steps)}) * ${height} + ${at(q)}) * ${deep};`,
      `for (var e = 0u; e < ${deep}; e++) { ${out}[to + e] = select(total${q}[e] / sum${q}, 0.0, sum${q} == 0.0); }`,
      "}",
    ]),
  ];
  kernel.run("attention", rows, text.join("\n"), 64);
  return { result, shape };
}

const times = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Queries of an invocation: loads are what software adapters are slow at, and GPUs want many invocations. */
function queriesOf(software: boolean, queries: number, width: number): number {
  if (!software || queries < 4) return 1;
  return width > 128 ? 2 : 4;
}
