// Activations and other element-wise operations that are made of those in ops.ts: they too are one kernel with what
// uses them.
import { CenoteError } from "../../base/index.ts";
import { told } from "./arguments.ts";
import { TensorBase } from "./base.ts";
import { floatOf } from "./dtypes.ts";
import { ElementWise } from "./elementwise.ts";
import { constant, type Operand } from "./operands.ts";
import { tidy } from "./tidy.ts";

/** SELU's scale and its factor below 0 (Klambauer et al., Self-normalizing neural networks, 2017). */
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

export abstract class Activations extends ElementWise {
  /** An operand as a tensor of this one's class; of a number one without axes. Throws OPERAND. */
  protected asTensor(value: Operand, where: string): this {
    const isTensor = value instanceof TensorBase;
    const expr = isTensor ? value.expression(this.gpu) : constant(value, "f32", where);
    return this.make(isTensor ? value.shape : [], expr, where);
  }

  /** x above 0, else slope·x; a tensor of slopes makes it PReLU. Derivative: x, slope. */
  leakyRelu(slope: Operand = 0.2): this {
    return tidy(() => this.gt(0).where(this, this.mul(slope)), "leakyRelu");
  }

  /** x held within 0 and 6; NaN stays. Derivative: z. */
  relu6(): this {
    return this.clamp(0, 6);
  }

  /** scale·x above 0, else scale·alpha·(eˣ − 1). Derivative: x, z. */
  selu(): this {
    return tidy(() => {
      const x = this.cast(floatOf(this.dtype));
      return x.gt(0).where(x, x.elu().mul(SELU_ALPHA)).mul(SELU_SCALE);
    });
  }

  /** log sigmoid(x), right where sigmoid is near 0. Derivative: x. */
  logSigmoid(): this {
    return tidy(() => this.neg().softplus().neg());
  }

  /** x ÷ 6 + ½ held within 0 and 1. Derivative: z. */
  hardSigmoid(): this {
    return tidy(() => this.div(6).add(0.5).clamp(0, 1));
  }

  /** x·hardSigmoid(x). Derivative: x. */
  hardSilu(): this {
    return tidy(() => this.mul(this.hardSigmoid()));
  }

  /** x·tanh(softplus(x)). Derivative: x. */
  mish(): this {
    return tidy(() => this.mul(this.softplus().tanh()));
  }

  /** 1 above 0, else `below`; NaN stays. Derivative: 0. */
  step(below = 0): this {
    if (typeof below !== "number") {
      throw new CenoteError("OPERAND", `step: wanted a number below 0, found ${told(below)}`);
    }
    return tidy(() => this.isNan().where(this, this.gt(0).where(1, below).cast(this.dtype)));
  }

  /** (x − y)². Derivative: x, y. */
  squaredDifference(y: Operand): this {
    return tidy(() => this.sub(y).square(), "squaredDifference");
  }

  /** x ÷ y as floats, and 0 where y is 0. Derivative: y, z. */
  divNoNan(y: Operand): this {
    return tidy(() => {
      const by = this.asTensor(y, "divNoNan");
      return by.eq(0).where(0, this.div(by));
    }, "divNoNan");
  }
}
