// Bisection in sorted rows: where numbers would stand.
import type { TensorBase } from "./base.ts";
import { DTYPES } from "./dtypes.ts";
import { type Expr, type Leaf, leaf } from "./expr.ts";
import { rowMajor, type Shape, sizeOf } from "./shape.ts";
import { FLOAT_KEY, keyText } from "./sort.ts";
import { allocate } from "./storage.ts";
import { Element } from "./wgsl/element.ts";
import { Kernel } from "./wgsl/kernel.ts";

/** Whether what is equal stands after ("left") or before ("right") the place that is found. */
export type Side = "left" | "right";

/**
 * For each element of `wanted` (…, m), of the dtype of `sorted` (…, n): how many of its row are less, or on the "right"
 * not greater, as i32 (…, m). The order is that of sort(): NaN is the greatest.
 */
export function searched(sorted: TensorBase, wanted: Expr, shape: Shape, side: Side): Leaf {
  const { gpu } = sorted;
  const out = allocate(gpu, shape, "i32", "search");
  const result = leaf(out, "i32", rowMajor(shape));
  const count = sizeOf(shape);
  if (count === 0) return result;
  const { storage, dtype, strides, offset } = sorted.stored();
  const kernel = new Kernel(gpu);
  const { bits, computed } = DTYPES[dtype];
  const bound = kernel.bind(storage, bits === 32 ? computed : "u32");
  const axes = shape.map((_, i) => i);
  const groups = axes.map((i) => [i]);
  const element = new Element(kernel, wanted, shape, groups);
  const lines = axes.toReversed().flatMap((i) => {
    const size = kernel.word(shape[i]!);
    return [`let c${i}_0 = rest % ${size};`, `rest = rest / ${size};`];
  });
  const row = axes
    .slice(0, -1)
    .map((i) => `c${i}_0 * ${kernel.word(strides[i]!)} + `)
    .join("");
  const place = `${row}middle * ${kernel.word(strides.at(-1)!)} + ${kernel.word(offset)}`;
  const key = keyText(dtype, kernel.load(bound, dtype, place));
  if (computed === "f32") {
    kernel.use(["is_nan"]);
    kernel.add(FLOAT_KEY);
  }
  const to = kernel.bind(out, "i32").name;
  kernel.run(
    "search",
    count,
    `if (at >= ${kernel.word(count)}) { return; }
var rest = at;
${lines.join("\n")}
let wanted = ${keyText(dtype, element.at())};
var low = 0u;
var high = ${kernel.word(sorted.shape.at(-1)!)};
while (low < high) {
  let middle = (low + high) >> 1u;
  if (${key} ${side === "right" ? "<=" : "<"} wanted) { low = middle + 1u; } else { high = middle; }
}
${to}[at] = i32(low);`,
  );
  return result;
}

/** The same for each of `count` whole numbers from `first` on, in one row of sorted i32. */
export function searchedRange(
  sorted: TensorBase,
  first: number,
  count: number,
  side: Side = "left",
): Leaf {
  const wanted: Expr = { kind: "ramp", dtype: "i32", strides: [1], offset: first };
  return searched(sorted, wanted, [count], side);
}
