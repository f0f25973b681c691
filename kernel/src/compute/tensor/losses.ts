// Losses: means over all elements.
import type { TensorBase } from "./base.ts";
import { floatOf } from "./dtypes.ts";
import { indicesOf } from "./gather.ts";
import type { Operand } from "./operands.ts";
import { Ordering } from "./ordering.ts";
import { tidy } from "./tidy.ts";

export abstract class Losses extends Ordering {
  /** Mean, over all, of the squares of differences. Derivative: x, target. */
  mseLoss(target: Operand): this {
    return tidy(() => this.sub(target).square().mean());
  }

  /** Mean, over all, of the sizes of differences. Derivative: x, target. */
  l1Loss(target: Operand): this {
    return tidy(() => this.sub(target).abs().mean());
  }

  /** Mean of Huber's losses: squares up to `delta`, lines beyond. Derivative: x, target. */
  huberLoss(target: Operand, delta = 1): this {
    return tidy(() => {
      const size = this.sub(target).abs();
      return size
        .le(delta)
        .where(size.square().mul(0.5), size.sub(delta / 2).mul(delta))
        .mean();
    });
  }

  /** Mean cross-entropy of logits (…, classes) against class indices (…). Derivative: softmax(x), target. Throws SHAPE. */
  crossEntropy(target: TensorBase): this {
    return tidy(() => {
      const found = indicesOf(target, "crossEntropy", this);
      const index = this.make(target.shape, found, "crossEntropy");
      return this.logSoftmax().takeAlong(index.expandDims(index.rank)).mean().neg();
    });
  }

  /** Mean cross-entropy of logits against probabilities of true. Derivative: sigmoid(x), target. */
  binaryCrossEntropy(target: Operand): this {
    return tidy(() => this.cast(floatOf(this.dtype)).softplus().sub(this.mul(target)).mean());
  }
}
