// Elements written where strides or indices say.
import type { Gpu } from "../../gpu/index.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { call, type Expr, type Leaf, leaf } from "./expr.ts";
import { computed } from "./fuse.ts";
import { hostValues, kept } from "./host/engine.ts";
import { scatterOnHost } from "./host/move.ts";
import { castTo } from "./operands.ts";
import { reducedIn } from "./reduce.ts";
import { rowMajor, type Shape, sizeOf } from "./shape.ts";
import { sortedIndices } from "./sort.ts";
import { allocate, type Storage } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import { Kernel } from "./wgsl/kernel.ts";

/** Writes the elements to memory where these strides and this offset say. */
export function copyInto(
  gpu: Gpu,
  expr: Expr,
  shape: Shape,
  to: Storage,
  strides: readonly number[],
  offset: number,
): void {
  const count = sizeOf(shape);
  const kernel = new Kernel(gpu);
  // The target's strides are walked with the source's, as one more operand.
  const target: Expr = { kind: "ramp", dtype: "u32", strides, offset };
  const all = shape.map((_, i) => i);
  const element = new Element(
    kernel,
    expr,
    shape,
    all.map((i) => [i]),
  );
  const place = new Element(
    kernel,
    target,
    shape,
    all.map((i) => [i]),
    "place",
  );
  const lines = all.toReversed().flatMap((i, k) => {
    const size = kernel.word(shape[i]!);
    const from = k === 0 ? "at" : `rest${k - 1}`;
    const coordinate = element.axes[i]!.length > 0 ? [`let c${i}_0 = ${from} % ${size};`] : [];
    return [...coordinate, `let rest${k} = ${from} / ${size};`];
  });
  const { name } = kernel.bind(to, DTYPES[expr.dtype].computed);
  const body = [
    `if (at >= ${kernel.word(count)}) { return; }`,
    ...lines,
    `${name}[${place.at()}] = ${element.at()};`,
  ];
  kernel.run("concat", count, body.join("\n"));
}

/**
 * `base` with `updates` added to it, or put in its place, at `indices` of `axis` (one for each of the updates along
 * it). Updates of the same index go in their order: sums are the same on every adapter, and of those put the last
 * stays. Indices beyond the axis are dropped.
 */
export function scattered(
  base: TensorBase,
  axis: number,
  indices: TensorBase,
  index: Expr,
  updates: Expr,
  how: "add" | "set",
): Leaf {
  const { gpu, shape } = base;
  const count = indices.size;
  const known = scatteredOnHost(base, axis, indices.shape, index, updates, how);
  if (known) return known;
  const size = constantI32(shape[axis]!);
  const negative = call("lt", "bool", [index, constantI32(0)]);
  const counted = call("where", "i32", [negative, call("add", "i32", [index, size]), index]);
  const outside = call("or", "bool", [
    call("lt", "bool", [counted, constantI32(0)]),
    call("ge", "bool", [counted, size]),
  ]);
  const clean = computed(
    gpu,
    call("where", "i32", [outside, constantI32(2 ** 31 - 1), counted]),
    [count],
    "scatter",
  );
  const order = sortedIndices(gpu, clean, 1, count, false);
  const sorted = sortedValues(gpu, clean, order, count);
  try {
    return write(base, axis, [order, sorted], count, updates, how);
  } finally {
    for (const one of [clean, order, sorted]) one.storage.block.dispose();
  }
}

/** The same where all of it is few, and lies on the host. */
function scatteredOnHost(
  base: TensorBase,
  axis: number,
  indices: Shape,
  index: Expr,
  updates: Expr,
  how: "add" | "set",
): Leaf | undefined {
  const { gpu, shape } = base;
  const dtype = reducedIn(base.dtype);
  const updated = shape.with(axis, sizeOf(indices));
  const given = hostValues(gpu, castTo(base.expression(), dtype), shape);
  const places = given && hostValues(gpu, index, indices);
  const added = places && hostValues(gpu, castTo(updates, dtype), updated);
  if (!added) return undefined;
  const values = given.slice();
  const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  scatterOnHost(values, { outer, length: shape[axis]!, inner }, places, added, how);
  return kept(gpu, values, shape, dtype, "scatter");
}

const constantI32 = (value: number): Expr => ({
  kind: "constant",
  dtype: "i32",
  word: value >>> 0,
});

function sortedValues(gpu: Gpu, values: Leaf, order: Leaf, count: number): Leaf {
  const kernel = new Kernel(gpu);
  const out = allocate(gpu, [count], "i32", "scatter");
  const [from, by, to] = [values.storage, order.storage, out].map(
    (one) => kernel.bind(one, "i32").name,
  );
  kernel.run(
    "scatter order",
    count,
    `if (at >= ${kernel.word(count)}) { return; }\n${to}[at] = ${from}[u32(${by}[at])];`,
  );
  return leaf(out, "i32", [1]);
}

function write(
  base: TensorBase,
  axis: number,
  [order, sorted]: [Leaf, Leaf],
  count: number,
  updates: Expr,
  how: "add" | "set",
): Leaf {
  const { gpu, shape } = base;
  const source = castTo(base.expression(), reducedIn(base.dtype));
  const out = allocate(gpu, shape, source.dtype, "scatter");
  const kernel = new Kernel(gpu);
  const axes = shape.map((_, i) => i);
  const element = new Element(
    kernel,
    source,
    shape,
    axes.map((i) => [i]),
  );
  // Of the updates the coordinate along `axis` is found; the others are those of the result.
  const update = new Element(
    kernel,
    castTo(updates, source.dtype),
    shape.with(axis, 2),
    axes.map((i) => [i]),
    "update",
  );
  const lines = axes.toReversed().flatMap((i, k) => {
    const length = kernel.word(shape[i]!);
    const from = k === 0 ? "at" : `rest${k - 1}`;
    const name = i === axis ? "wanted" : `c${i}_0`;
    return [`let ${name} = ${from} % ${length};`, `let rest${k} = ${from} / ${length};`];
  });
  const type = DTYPES[source.dtype].computed;
  const keys = kernel.bind(sorted.storage, "i32").name;
  const by = kernel.bind(order.storage, "i32").name;
  const to = kernel.bind(out, type).name;
  const size = sizeOf(shape);
  const added = how === "add" ? "value = value + new_value;" : "value = new_value;";
  kernel.run(
    "scatter",
    size,
    `if (at >= ${kernel.word(size)}) { return; }
${lines.join("\n")}
var value: ${type};
{
let c${axis}_0 = wanted;
value = ${element.at()};
}
var low = 0u;
var high = ${kernel.word(count)};
while (low < high) {
  let middle = (low + high) >> 1u;
  if (${keys}[middle] < i32(wanted)) { low = middle + 1u; } else { high = middle; }
}
for (; low < ${kernel.word(count)} && ${keys}[low] == i32(wanted); low++) {
  let c${axis}_0 = u32(${by}[low]);
  let new_value = ${update.at()};
  ${added}
}
${to}[at] = value;`,
  );
  return leaf(out, source.dtype, rowMajor(shape));
}
