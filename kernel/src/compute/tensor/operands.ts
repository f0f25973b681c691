// Operands of element-wise operations: brought to one shape and one dtype.
import { CenoteError } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import { told } from "./arguments.ts";
import { forReads, TensorBase } from "./base.ts";
import { type Dtype, floatOf, isFloatDtype, isIntegerDtype, wordOf } from "./dtypes.ts";
import { call, type Expr, place } from "./expr.ts";
import type { ElementOp } from "./ops.ts";
import { broadcastShape, broadcastStrides, type Shape, sameShape, sizeOf } from "./shape.ts";

/** A tensor, or the same number everywhere. */
export type Operand = TensorBase | number | boolean;

/** The dtype that operands are brought to. Throws DTYPE. */
export function operandDtype(spec: ElementOp, dtype: Dtype, op: string): Dtype {
  if (spec.takes === "bool") return "bool";
  if (spec.takes === "float") return floatOf(dtype);
  if (spec.takes === "number" && dtype === "bool") return "i32";
  if (spec.takes === "integer" && isFloatDtype(dtype)) {
    throw new CenoteError("DTYPE", `${op}: wanted integers or bools, found ${dtype}`, {
      mend: 'Cast first, as in x.cast("i32").',
    });
  }
  return spec.takes === "integer" && dtype === "bool" ? "u8" : dtype;
}

export const resultDtype = (spec: ElementOp, at: Dtype): Dtype =>
  spec.rule === "bool" ? "bool" : at;

export function castTo(expr: Expr, dtype: Dtype): Expr {
  return expr.dtype === dtype ? expr : call("cast", dtype, [expr]);
}

/** A number as a constant beside elements of `beside`; f32 where that is an integer dtype and the number is none. */
export function constant(value: number | boolean, beside: Dtype, where: string): Expr {
  if (typeof value === "boolean") return { kind: "constant", dtype: "bool", word: Number(value) };
  if (typeof value !== "number") {
    throw new CenoteError(
      "OPERAND",
      `${where}: wanted a tensor, a number or a boolean, found ${told(value)}`,
    );
  }
  const dtype = isFloatDtype(beside)
    ? beside
    : !Number.isInteger(value)
      ? "f32"
      : isIntegerDtype(beside)
        ? beside
        : "i32";
  return { kind: "constant", dtype, word: wordOf(value, dtype, where) };
}

/** The expression of `x` with the strides of `shape`. */
export function spread(x: TensorBase, shape: Shape, where: string, gpu: Gpu = x.gpu): Expr {
  const expr = x.expression(gpu);
  if (sameShape(x.shape, shape)) return expr;
  return place(forReads(x, sizeOf(shape)).expression(), (one) => ({
    ...one,
    strides: broadcastStrides(x.shape, one.strides, shape, where),
  }));
}

/** Both operands with the strides of the shape that they broadcast to. */
export function together(a: TensorBase, b: Operand, where: string): [Shape, Expr, Expr] {
  if (!(b instanceof TensorBase)) return [a.shape, a.expression(), constant(b, a.dtype, where)];
  const shape = broadcastShape(a.shape, b.shape, where);
  return [shape, spread(a, shape, where), spread(b, shape, where, a.gpu)];
}
