// Products of matrices: shapes and dtypes are checked, a kernel is chosen (product/plan.ts) and run. Operands are read
// where they lie, whatever their strides, so that transposes and broadcasts copy nothing.
import { CenoteError } from "../../base/index.ts";
import type { TensorBase } from "./base.ts";
import { DTYPES, type Dtype, isFloatDtype, promote } from "./dtypes.ts";
import type { Leaf } from "./expr.ts";
import type { Product, Scales, Side, Sizes } from "./product/operands.ts";
import { build, type Plan } from "./product/plan.ts";
import { reducedIn } from "./reduce.ts";
import { broadcastShape, broadcastStrides, shown, sizeOf } from "./shape.ts";
import { planFor } from "./tuning/tuned.ts";
import { launch, Signature } from "./wgsl/launch.ts";
import { written } from "./written.ts";

/** Shape of a·b. Throws SHAPE. */
function sizesOf(a: TensorBase, b: TensorBase): Sizes {
  if (a.rank < 2 || b.rank < 2) {
    throw new CenoteError(
      "SHAPE",
      `matmul: wanted matrices, found ${a.described} and ${b.described}`,
      {
        mend: "A vector becomes a row by expandDims(0), a column by expandDims(1).",
      },
    );
  }
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [rows, n] = b.shape.slice(-2) as [number, number];
  if (k !== rows) {
    throw new CenoteError(
      "SHAPE",
      `matmul: wanted ${k} rows in the second operand, as many as the first has columns, found ${rows}: ${shown(a.shape)} and ${shown(b.shape)}`,
      { mend: "a.T exchanges the last two axes, without a copy." },
    );
  }
  return { batch: broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2), "matmul"), m, n, k };
}

/** a·b as f32, i32 or u32 in the order of the rows, with its shape. `scales`: of quantised weights b, a row for so many of its rows. */
export function product(
  a: TensorBase,
  b: TensorBase,
  scales?: { readonly scale: TensorBase; readonly size: number },
): { result: Leaf; shape: number[]; dtype: Dtype } {
  const sizes = sizesOf(a, b);
  const dtype = scales ? a.dtype : promote(a.dtype, b.dtype, "matmul");
  const out = reducedIn(dtype === "bool" || DTYPES[dtype].bits < 16 ? "i32" : dtype);
  const shape = [...sizes.batch, sizes.m, sizes.n];
  b.expression(a.gpu);
  const result = written(a.gpu, shape, out, "matmul", (to) => {
    if (sizeOf(shape) === 0) return;
    multiply({
      gpu: a.gpu,
      sizes,
      a: sideOf(a, sizes, "rows"),
      b: sideOf(b, sizes, "columns"),
      scales: scales && { leaf: scales.scale.stored(), size: scales.size },
      result: to,
    });
  });
  return { result, shape, dtype: isFloatDtype(dtype) ? dtype : out };
}

/** An operand whose rows, or columns, the result has. */
function sideOf(x: TensorBase, { batch }: Sizes, keeps: "rows" | "columns"): Side {
  const stored = x.stored();
  const [row, column] = stored.strides.slice(-2) as [number, number];
  const strides = broadcastStrides(
    x.shape.slice(0, -2),
    stored.strides.slice(0, -2),
    batch,
    "matmul",
  );
  const [outer, common] = keeps === "rows" ? [row, column] : [column, row];
  return { leaf: stored, batch: strides, outer, common };
}

/** Records the product's kernel, of this plan or of the one that suits it. */
export function multiply(product: Product, plan: Plan = planFor(product)): void {
  const { sizes, a, b, scales, result } = product;
  const signature = new Signature(plan).add(sizes.batch, sizes.m, sizes.n, sizes.k);
  for (const { leaf: one, batch, outer, common } of [a, b])
    signature.add(one.dtype, one.offset, batch, outer, common).bind(one.storage);
  if (scales) signature.add(...placeOf(scales)).bind(scales.leaf.storage);
  signature.add(result.dtype).bind(result.storage);
  launch(product.gpu, signature, (kernel) => build(kernel, product, plan));
}

const placeOf = ({ size, leaf: { dtype, offset, strides } }: Scales) =>
  [size, dtype, offset, strides] as const;
