// Element-wise operations of several operands, which broadcast by NumPy's rule; a plain number takes the tensor's
// dtype where that holds it. What each one's derivative is made of is in ops.ts.
import { TensorBase } from "./base.ts";
import type { Dtype } from "./dtypes.ts";
import { promote } from "./dtypes.ts";
import { call, type Expr } from "./expr.ts";
import {
  castTo,
  constant,
  type Operand,
  operandDtype,
  resultDtype,
  spread,
  together,
} from "./operands.ts";
import { type OpName, opNamed } from "./ops.ts";
import { broadcastShape } from "./shape.ts";
import { tidy } from "./tidy.ts";
import { UnaryMethods } from "./unary.ts";

export abstract class ElementWise extends UnaryMethods {
  #binary(op: OpName, other: Operand): this {
    const spec = opNamed(op);
    const [shape, a, b] = together(this, other, op);
    const at = operandDtype(spec, promote(a.dtype, b.dtype, op), op);
    return this.make(shape, call(op, resultDtype(spec, at), [castTo(a, at), castTo(b, at)]), op);
  }

  /** x + y; integers wrap. */
  add(y: Operand): this {
    return this.#binary("add", y);
  }

  /** x − y; integers wrap. */
  sub(y: Operand): this {
    return this.#binary("sub", y);
  }

  /** x·y; integers wrap. */
  mul(y: Operand): this {
    return this.#binary("mul", y);
  }

  /** x ÷ y as floats. */
  div(y: Operand): this {
    return this.#binary("div", y);
  }

  /** x ÷ y rounded down; an integer divided by 0 gives 0. */
  floorDiv(y: Operand): this {
    return this.#binary("floorDiv", y);
  }

  /** What floorDiv leaves, with the sign of y; 0 where an integer is divided by 0. */
  mod(y: Operand): this {
    return this.#binary("mod", y);
  }

  /** x to the power y; of integers, negative powers give 0 (but of 1 and −1). */
  pow(y: Operand): this {
    return this.#binary("pow", y);
  }

  /** The lesser; NaN where either is. */
  minimum(y: Operand): this {
    return this.#binary("minimum", y);
  }

  /** The greater; NaN where either is. */
  maximum(y: Operand): this {
    return this.#binary("maximum", y);
  }

  /** Angle of the point (y, x). */
  atan2(y: Operand): this {
    return this.#binary("atan2", y);
  }

  /** Whether they are equal; NaN equals nothing. */
  eq(y: Operand): this {
    return this.#binary("eq", y);
  }

  /** Whether they differ. */
  ne(y: Operand): this {
    return this.#binary("ne", y);
  }

  /** Whether x < y. */
  lt(y: Operand): this {
    return this.#binary("lt", y);
  }

  /** Whether x ≤ y. */
  le(y: Operand): this {
    return this.#binary("le", y);
  }

  /** Whether x > y. */
  gt(y: Operand): this {
    return this.#binary("gt", y);
  }

  /** Whether x ≥ y. */
  ge(y: Operand): this {
    return this.#binary("ge", y);
  }

  /** And, of bools. */
  and(y: Operand): this {
    return this.#binary("and", y);
  }

  /** Or, of bools. */
  or(y: Operand): this {
    return this.#binary("or", y);
  }

  /** Either but not both, of bools. */
  xor(y: Operand): this {
    return this.#binary("xor", y);
  }

  /** And of the bits of integers. */
  bitAnd(y: Operand): this {
    return this.#binary("bitAnd", y);
  }

  /** Or of the bits of integers. */
  bitOr(y: Operand): this {
    return this.#binary("bitOr", y);
  }

  /** Exclusive or of the bits of integers. */
  bitXor(y: Operand): this {
    return this.#binary("bitXor", y);
  }

  /** Elements of `a` where this is true (not 0), else of `b`. Derivative: this. */
  where(a: Operand, b: Operand): this {
    const tensors = [a, b].filter((one) => one instanceof TensorBase);
    const shape = tensors.reduce(
      (found, one) => broadcastShape(found, one.shape, "where"),
      this.shape,
    );
    const beside = tensors[0]?.dtype ?? besideNumbers(a, b);
    const [x, y] = [a, b].map((one) =>
      one instanceof TensorBase
        ? spread(one, shape, "where", this.gpu)
        : constant(one, beside, "where"),
    ) as [Expr, Expr];
    const dtype = promote(x.dtype, y.dtype, "where");
    const test = castTo(spread(this, shape, "where"), "bool");
    return this.make(
      shape,
      call("where", dtype, [test, castTo(x, dtype), castTo(y, dtype)]),
      "where",
    );
  }

  /** Held within bounds; NaN stays. Derivative: x, low, high. */
  clamp(low: Operand, high: Operand): this {
    return tidy(() => this.maximum(low).minimum(high), "clamp");
  }
}

const besideNumbers = (...numbers: unknown[]): Dtype =>
  numbers.every((one) => typeof one === "boolean")
    ? "bool"
    : numbers.every(Number.isInteger)
      ? "i32"
      : "f32";
