// Elements written where strides or indices say.
import type { Gpu } from "../../gpu/index.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { call, type Expr, type Leaf, leaf, place } from "./expr.ts";
import { computed, fill } from "./fuse.ts";
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
  if (how === "set") return lastPut(base, axis, count, counted, updates);
  if (reducedIn(base.dtype) !== "f32") return integersAdded(base, axis, count, counted, updates);
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
    return write(base, axis, updates, (kernel, value) => {
      const [keys, by] = [sorted, order].map(({ storage }) => kernel.bind(storage, "i32").name);
      return addedInOrder(keys!, by!, kernel.word(count), axis, value);
    });
  } finally {
    for (const one of [clean, order, sorted]) one.storage.block.dispose();
  }
}

/** Adds the updates of an element in their order, which their sorted indices give by bisection. */
const addedInOrder = (keys: string, by: string, count: string, axis: number, update: string) => `
var low = 0u;
var high = ${count};
while (low < high) {
  let middle = (low + high) >> 1u;
  if (${keys}[middle] < i32(wanted)) { low = middle + 1u; } else { high = middle; }
}
for (; low < ${count} && ${keys}[low] == i32(wanted); low++) {
  let c${axis}_0 = u32(${by}[low]);
  value = value + ${update};
}`;

/** The greatest number of an update is noted for each index, which no order of the invocations changes. */
function lastPut(base: TensorBase, axis: number, count: number, index: Expr, updates: Expr): Leaf {
  const { gpu, shape } = base;
  const last = allocate(gpu, [shape[axis]!], "u32", "scatter", true);
  try {
    const kernel = new Kernel(gpu);
    const found = new Element(kernel, index, [count], [[0]], "index");
    const [total, size] = [count, shape[axis]!].map((one) => kernel.word(one));
    const to = kernel.bind(last, "atomic<u32>").name;
    kernel.run(
      "scatter order",
      count,
      `if (at >= ${total}) { return; }
${found.unravel(0, "at").join("\n")}
let wanted = ${found.at()};
if (wanted >= 0 && u32(wanted) < ${size}) { atomicMax(&${to}[u32(wanted)], at + 1u); }`,
    );
    return write(base, axis, updates, (writing, value) => {
      const from = writing.bind(last, "u32").name;
      return `if (${from}[wanted] > 0u) {
let c${axis}_0 = ${from}[wanted] - 1u;
value = ${value};
}`;
    });
  } finally {
    last.block.dispose();
  }
}

/** Sums of integers wrap, and so are the same in any order. */
function integersAdded(
  base: TensorBase,
  axis: number,
  count: number,
  index: Expr,
  updates: Expr,
): Leaf {
  const { gpu, shape } = base;
  const dtype = reducedIn(base.dtype);
  const out = leaf(allocate(gpu, shape, dtype, "scatter"), dtype, rowMajor(shape));
  fill(gpu, out.storage, dtype, castTo(base.expression(), dtype), shape, "scatter");
  const updated = shape.with(axis, count);
  const kernel = new Kernel(gpu);
  const groups = shape.map((_, i) => [i]);
  const update = new Element(kernel, castTo(updates, dtype), updated, groups, "update");
  const along = place(index, (one) => ({
    ...one,
    strides: updated.map((_, i) => (i === axis ? one.strides[0]! : 0)),
  }));
  const found = new Element(kernel, along, updated, groups, "index");
  const lines = groups.toReversed().flatMap(([i], k) => {
    const length = kernel.word(updated[i!]!);
    const from = k === 0 ? "at" : `rest${k - 1}`;
    return [`let c${i}_0 = ${from} % ${length};`, `let rest${k} = ${from} / ${length};`];
  });
  const strides = out.strides.map((stride) => kernel.word(stride));
  const target = shape.map((_, i) => `${i === axis ? "u32(wanted)" : `c${i}_0`} * ${strides[i]}`);
  const to = kernel.bind(out.storage, `atomic<${dtype}>`).name;
  const total = sizeOf(updated);
  kernel.run(
    "scatter",
    total,
    `if (at >= ${kernel.word(total)}) { return; }
${lines.join("\n")}
let wanted = ${found.at()};
if (wanted >= 0 && u32(wanted) < ${kernel.word(shape[axis]!)}) { atomicAdd(&${to}[${target.join(" + ")}], ${update.at()}); }`,
  );
  return out;
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

/** `base` with what `change` does to the value at each place, which knows an update at the coordinates. */
function write(
  base: TensorBase,
  axis: number,
  updates: Expr,
  change: (kernel: Kernel, update: string) => string,
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
  const to = kernel.bind(out, type).name;
  const size = sizeOf(shape);
  const changed = change(kernel, update.at());
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
${changed}
${to}[at] = value;`,
  );
  return leaf(out, source.dtype, rowMajor(shape));
}
