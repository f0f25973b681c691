// Elements by index. An index below 0 counts from the end; one beyond the axis reads as NaN of floats and as 0 of
// anything else, and what is written there is dropped: the same on every adapter.
import { CenoteError } from "../../base/index.ts";
import { tensorOf } from "./arguments.ts";
import { forReads, type TensorBase } from "./base.ts";
import { DTYPES, isIntegerDtype } from "./dtypes.ts";
import { type Expr, type Leaf, leaf } from "./expr.ts";
import { hostValues, kept } from "./host/engine.ts";
import { gatheredOnHost } from "./host/move.ts";
import { castTo } from "./operands.ts";
import { rowMajor, type Shape, shown, sizeOf } from "./shape.ts";
import { allocate } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import { Kernel } from "./wgsl/kernel.ts";

/** The expression of indices as i32, for a kernel that takes them `times` in all. Throws OPERAND, DTYPE. */
export function indicesOf(given: unknown, where: string, beside: TensorBase, times = 0): Expr {
  const indices = tensorOf(given, where, "indices");
  indices.expression(beside.gpu); // of this device
  if (isIntegerDtype(indices.dtype)) return castTo(forReads(indices, times).expression(), "i32");
  throw new CenoteError(
    "DTYPE",
    `${where}: wanted indices of integers, found ${indices.described}`,
  );
}

/**
 * Elements of `source` of `shape` at an index of `axis` for each element of the result. `indices` have the rank of
 * `to`, and `position` says which axis of `to` each axis of the source but `axis` is.
 */
export function gathered(
  source: TensorBase,
  axis: number,
  indices: Expr,
  to: Shape,
  position: readonly (number | undefined)[],
  what: string,
): Leaf {
  const { gpu, shape } = source;
  const { dtype, computed, bits } = { dtype: source.dtype, ...DTYPES[source.dtype] };
  const stored = source.stored();
  const { host } = stored.storage;
  const wanted = host && hostValues(gpu, indices, to);
  if (wanted) {
    const along = { stride: stored.strides[axis]!, size: shape[axis]! };
    const strides = new Array<number>(to.length).fill(0);
    for (const [i, at] of position.entries()) {
      if (i !== axis) strides[at!] = stored.strides[i]!;
    }
    const values = gatheredOnHost(stored, host, along, strides, wanted, to);
    return kept(gpu, values, to, dtype, what);
  }
  const out = allocate(gpu, to, dtype, what);
  const result = leaf(out, dtype, rowMajor(to));
  if (sizeOf(to) === 0) return result;
  const kernel = new Kernel(gpu);
  const index = new Element(
    kernel,
    indices,
    to,
    to.map((_, i) => [i]),
    "index",
  );
  // Axes of size 1 have no coordinate of their own.
  const coordinate = (i: number) => (index.axes[i]!.length === 0 ? "0u" : `c${i}_0`);
  const bound = kernel.bind(stored.storage, bits === 32 ? computed : "u32");
  const terms = shape.flatMap((_, i) =>
    i === axis ? [] : [`${coordinate(position[i]!)} * ${kernel.word(stored.strides[i]!)}`],
  );
  const size = kernel.word(shape[axis]!);
  const place = [
    ...terms,
    `u32(found) * ${kernel.word(stored.strides[axis]!)}`,
    kernel.word(stored.offset),
  ].join(" + ");
  const missing = computed === "f32" ? "nan()" : computed === "bool" ? "false" : `${computed}(0)`;
  if (computed === "f32") kernel.use(["nan"]);
  const steps = to.map((_, i) => i).reverse();
  const unravel = steps.flatMap((i, k) => {
    const length = kernel.word(to[i]!);
    const from = k === 0 ? "i" : `rest${k - 1}`;
    return [
      ...(index.axes[i]!.length > 0 ? [`let c${i}_0 = ${from} % ${length};`] : []),
      `let rest${k} = ${from} / ${length};`,
    ];
  });
  const value = `${unravel.join("\n")}
var found = ${index.at()};
if (found < 0) { found += i32(${size}); }
var value = ${missing};
if (found >= 0 && u32(found) < ${size}) { value = ${kernel.load(bound, dtype, place)}; }`;
  const per = 32 / bits;
  const target = kernel.bind(out, bits === 32 ? computed : "u32").name;
  const total = kernel.word(sizeOf(to));
  const store =
    per === 1
      ? `let i = at;\nif (i >= ${total}) { return; }\n${value}\n${target}[i] = value;`
      : `if (at * ${per}u >= ${total}) { return; }
var word = 0u;
for (var k = 0u; k < min(${per}u, ${total} - at * ${per}u); k++) {
let i = at * ${per}u + k;
${value}
word |= ${kernel.packed(dtype, "value")} << (k * ${bits}u);
}
${target}[at] = word;`;
  kernel.run(what, Math.ceil(sizeOf(to) / per), store);
  return result;
}

/** Throws SHAPE unless both have the same sizes but along `axis`. */
export function checkAlong(a: Shape, b: Shape, axis: number, where: string): void {
  if (a.length === b.length && a.every((size, i) => i === axis || size === b[i])) return;
  throw new CenoteError(
    "SHAPE",
    `${where}: wanted shapes that are equal but in axis ${axis}, found ${shown(a)} and ${shown(b)}`,
  );
}
