// Products of matrices and attention as methods. Floats are added up in f32, whatever the
// operands' dtype, and bytes in i32.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, tensorOf, told } from "./arguments.ts";
import { type AttentionOptions, attended } from "./attention.ts";
import { TensorBase } from "./base.ts";
import { Convolutions } from "./convolutions.ts";
import { floatOf } from "./dtypes.ts";
import { product } from "./matmul.ts";
import { castTo } from "./operands.ts";
import { shown } from "./shape.ts";
import { tidy } from "./tidy.ts";

/** Weights as small integers, with a scale for each column and group of rows: weight = value · scale. */
export interface Quantized<T extends TensorBase = TensorBase> {
  /** i8 or i4, (rows, columns). */
  readonly values: T;
  /** f32, (groups, columns). */
  readonly scale: T;
  /** Rows that share a scale. */
  readonly group: number;
  dispose(): void;
}

export abstract class Linear extends Convolutions {
  /**
   * Product of the last two axes; those before broadcast. f16 gives f16 and adds up in f32; integers of less than 32
   * bits give i32. Transposes are read in place. Derivative: x, y. Throws SHAPE, DTYPE.
   */
  matmul(y: TensorBase): this {
    return tidy(() => {
      const other = tensorOf(y, "matmul", "the second operand");
      const { result, shape, dtype } = product(this, other);
      return this.make(shape, castTo(result, dtype), "matmul");
    });
  }

  /** matmul with quantised weights, which are never written out as floats. Derivative: x, the weights. Throws SHAPE, DTYPE. */
  matmulQuantized(weights: Quantized): this {
    const { values, scale, group = 0 } = optionsOf(weights, "matmulQuantized");
    if (!(values instanceof TensorBase && scale instanceof TensorBase && group > 0)) {
      throw new CenoteError(
        "OPERAND",
        `matmulQuantized: wanted { values, scale, group }, found ${told(weights)}`,
        { mend: "weights.quantize() gives them." },
      );
    }
    const [rows, columns] = values.shape;
    const groups = Math.ceil((rows ?? 0) / group);
    if (
      values.rank !== 2 ||
      scale.rank !== 2 ||
      scale.shape[0] !== groups ||
      scale.shape[1] !== columns
    ) {
      throw new CenoteError(
        "SHAPE",
        `matmulQuantized: wanted values (rows, columns) and scales ${shown([groups, columns ?? 0])}, found ${shown(values.shape)} and ${shown(scale.shape)}`,
      );
    }
    return tidy(() => {
      const floats = this.cast(floatOf(this.dtype));
      const { result, shape } = product(floats, values, { scale, size: group });
      return this.make(shape, castTo(result, floats.dtype), "matmul");
    });
  }

  /**
   * These weights (rows, columns) as i8 or i4, with the scale that holds the greatest of each `group` of rows in each
   * column. Dispose both, or the result, when done. Throws SHAPE.
   */
  quantize(options: { dtype?: "i8" | "i4"; group?: number } = {}): Quantized<this> {
    const { dtype = "i8", group = this.shape[0] ?? 1 } = optionsOf(options, "quantize");
    if (dtype !== "i8" && dtype !== "i4") {
      throw new CenoteError("DTYPE", `quantize: wanted i8 or i4, found ${told(dtype)}`);
    }
    const [rows, columns] = this.shape as [number, number];
    if (this.rank !== 2 || !Number.isInteger(group) || group < 1 || rows % group !== 0) {
      throw new CenoteError(
        "SHAPE",
        `quantize: wanted a matrix whose rows fall into groups of ${told(group)}, found ${shown(this.shape)}`,
      );
    }
    const most = dtype === "i8" ? 127 : 7;
    const [values, scale] = tidy(() => {
      const parts = this.cast("f32").reshape(rows / group, group, columns);
      const top = parts.abs().max(1, { keepDims: true }).div(most);
      const safe = top.gt(0).where(top, 1);
      const whole = parts.div(safe).round().clamp(-most, most).cast(dtype).compute();
      return [whole.reshape(rows, columns), safe.reshape(rows / group, columns).compute()];
    });
    const dispose = () => {
      values!.dispose();
      scale!.dispose();
    };
    return { values: values!, scale: scale!, group, dispose };
  }

  /**
   * softmax(q·kᵀ·scale + mask)·v, this being q, without the matrix of scores in memory. A query that sees no key
   * gives zeros. Derivative: q, k, v, mask, z. Throws SHAPE.
   */
  attention(k: TensorBase, v: TensorBase, options: AttentionOptions = {}): this {
    return tidy(() => {
      const { mask, ...rest } = optionsOf(options, "attention");
      const { result, shape } = attended(
        this,
        tensorOf(k, "attention", "the keys"),
        tensorOf(v, "attention", "the values"),
        mask === undefined ? rest : { ...rest, mask: tensorOf(mask, "attention", "the mask") },
      );
      return this.make(shape, castTo(result, floatOf(this.dtype)), "attention");
    });
  }
}
