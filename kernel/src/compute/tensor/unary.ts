// Element-wise operations of one operand. They only make expressions, which are computed in one kernel with what
// uses them. What each one's derivative is made of is in ops.ts.
import { checkedDtype, type Dtype } from "./dtypes.ts";
import { call } from "./expr.ts";
import { castTo, operandDtype, resultDtype } from "./operands.ts";
import { type OpName, opNamed } from "./ops.ts";
import { TensorViews } from "./views.ts";

export abstract class UnaryMethods extends TensorViews {
  #unary(op: OpName): this {
    const spec = opNamed(op);
    const at = operandDtype(spec, this.dtype, op);
    return this.make(
      this.shape,
      call(op, resultDtype(spec, at), [castTo(this.expression(), at)]),
      op,
    );
  }

  /**
   * As another dtype: towards zero and held within its bounds from floats, NaN as 0; wrapped from wider integers.
   * Derivative: nothing. Throws DTYPE.
   */
  cast(dtype: Dtype): this {
    const to = checkedDtype(dtype, "cast");
    return this.make(
      this.shape,
      castTo(this.expression(), to),
      to === this.dtype ? this.name : "cast",
    );
  }

  /** −x. */
  neg(): this {
    return this.#unary("neg");
  }

  /** Size of each element. */
  abs(): this {
    return this.#unary("abs");
  }

  /** −1, 0 or 1; NaN of NaN. */
  sign(): this {
    return this.#unary("sign");
  }

  /** x·x. */
  square(): this {
    return this.#unary("square");
  }

  /** Down to whole numbers. */
  floor(): this {
    return this.#unary("floor");
  }

  /** Up to whole numbers. */
  ceil(): this {
    return this.#unary("ceil");
  }

  /** To the nearest whole number, halves to the even one. */
  round(): this {
    return this.#unary("round");
  }

  /** Towards zero. */
  trunc(): this {
    return this.#unary("trunc");
  }

  /** max(x, 0); NaN stays. */
  relu(): this {
    return this.#unary("relu");
  }

  /** eˣ. */
  exp(): this {
    return this.#unary("exp");
  }

  /** 2ˣ. */
  exp2(): this {
    return this.#unary("exp2");
  }

  /** eˣ − 1, right near 0. */
  expm1(): this {
    return this.#unary("expm1");
  }

  /** Natural logarithm. */
  log(): this {
    return this.#unary("log");
  }

  /** Logarithm to 2. */
  log2(): this {
    return this.#unary("log2");
  }

  /** Logarithm to 10. */
  log10(): this {
    return this.#unary("log10");
  }

  /** log(1 + x), right near 0. */
  log1p(): this {
    return this.#unary("log1p");
  }

  /** Square root. */
  sqrt(): this {
    return this.#unary("sqrt");
  }

  /** 1 ÷ √x. */
  rsqrt(): this {
    return this.#unary("rsqrt");
  }

  /** 1 ÷ x. */
  reciprocal(): this {
    return this.#unary("reciprocal");
  }

  /** Sine. */
  sin(): this {
    return this.#unary("sin");
  }

  /** Cosine. */
  cos(): this {
    return this.#unary("cos");
  }

  /** Tangent. */
  tan(): this {
    return this.#unary("tan");
  }

  /** Inverse sine. */
  asin(): this {
    return this.#unary("asin");
  }

  /** Inverse cosine. */
  acos(): this {
    return this.#unary("acos");
  }

  /** Inverse tangent. */
  atan(): this {
    return this.#unary("atan");
  }

  /** Hyperbolic sine. */
  sinh(): this {
    return this.#unary("sinh");
  }

  /** Hyperbolic cosine. */
  cosh(): this {
    return this.#unary("cosh");
  }

  /** Hyperbolic tangent. */
  tanh(): this {
    return this.#unary("tanh");
  }

  /** Inverse hyperbolic sine. */
  asinh(): this {
    return this.#unary("asinh");
  }

  /** Inverse hyperbolic cosine. */
  acosh(): this {
    return this.#unary("acosh");
  }

  /** Inverse hyperbolic tangent. */
  atanh(): this {
    return this.#unary("atanh");
  }

  /** Error function. */
  erf(): this {
    return this.#unary("erf");
  }

  /** 1 ÷ (1 + e⁻ˣ). */
  sigmoid(): this {
    return this.#unary("sigmoid");
  }

  /** log(1 + eˣ). */
  softplus(): this {
    return this.#unary("softplus");
  }

  /** x·sigmoid(x). */
  silu(): this {
    return this.#unary("silu");
  }

  /** x·Φ(x), with the error function. */
  gelu(): this {
    return this.#unary("gelu");
  }

  /** x above 0, else eˣ − 1. */
  elu(): this {
    return this.#unary("elu");
  }

  /** Whether it is NaN. */
  isNan(): this {
    return this.#unary("isNan");
  }

  /** Whether it is neither NaN nor infinite. */
  isFinite(): this {
    return this.#unary("isFinite");
  }

  /** Whether it is infinite. */
  isInf(): this {
    return this.#unary("isInf");
  }

  /** Not, of bools. */
  not(): this {
    return this.#unary("not");
  }

  /** Each bit turned. */
  bitNot(): this {
    return this.#unary("bitNot");
  }
}
