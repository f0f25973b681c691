// Losses: means over all elements, as floats.
import { CenoteError } from "../../base/index.ts";
import { tensorOf } from "./arguments.ts";
import type { TensorBase } from "./base.ts";
import { floatOf } from "./dtypes.ts";
import { indicesOf } from "./gather.ts";
import type { Operand } from "./operands.ts";
import { Ordering } from "./ordering.ts";
import { sameShape } from "./shape.ts";
import { tidy } from "./tidy.ts";

export abstract class Losses extends Ordering {
  /** As floats: integers would wrap. */
  #floats(): this {
    return this.cast(floatOf(this.dtype));
  }

  /** Mean, over all, of the squares of differences. Derivative: x, target. */
  mseLoss(target: Operand): this {
    return tidy(() => this.#floats().sub(target).square().mean(), "mseLoss");
  }

  /** Mean, over all, of the sizes of differences. Derivative: x, target. */
  l1Loss(target: Operand): this {
    return tidy(() => this.#floats().sub(target).abs().mean(), "l1Loss");
  }

  /** Mean of Huber's losses: squares up to `delta`, lines beyond. Derivative: x, target. */
  huberLoss(target: Operand, delta = 1): this {
    return tidy(() => {
      const size = this.#floats().sub(target).abs();
      return size
        .le(delta)
        .where(size.square().mul(0.5), size.sub(delta / 2).mul(delta))
        .mean();
    }, "huberLoss");
  }

  /** Mean cross-entropy of logits (…, classes) against class indices (…). Derivative: softmax(x), target. Throws SHAPE. */
  crossEntropy(target: TensorBase): this {
    return tidy(() => {
      const found = indicesOf(target, "crossEntropy", this);
      const index = this.make(target.shape, found, "crossEntropy");
      return this.logSoftmax().takeAlong(index.expandDims(index.rank)).mean().neg();
    }, "crossEntropy");
  }

  /** Mean cross-entropy of logits (…, classes) against probabilities of the same shape. Derivative: softmax(x), target. Throws SHAPE. */
  softCrossEntropy(target: TensorBase): this {
    sameShapes(this, tensorOf(target, "softCrossEntropy", "the target"), "softCrossEntropy");
    return tidy(() => this.logSoftmax().mul(target).sum(-1).mean().neg());
  }

  /** Mean of max(0, 1 − x·target), targets being −1 or 1. Derivative: x, target. */
  hingeLoss(target: Operand): this {
    return tidy(() => this.#floats().mul(target).neg().add(1).relu().mean(), "hingeLoss");
  }

  /** Mean of −target·log(x + epsilon) − (1 − target)·log(1 − x + epsilon), x being probabilities. Derivative: x, target. */
  logLoss(target: Operand, epsilon = 1e-7): this {
    return tidy(() => {
      const x = this.#floats();
      const [right, wrong] = [
        x.add(epsilon).log(),
        x
          .neg()
          .add(1 + epsilon)
          .log(),
      ];
      return right.sub(wrong).mul(target).add(wrong).mean().neg();
    }, "logLoss");
  }

  /** Mean of 1 − the sum of products along an axis, of vectors of length 1. Derivative: x, target. Throws SHAPE, AXIS. */
  cosineLoss(target: TensorBase, axis = -1): this {
    sameShapes(this, tensorOf(target, "cosineLoss", "the target"), "cosineLoss");
    return tidy(() => this.#floats().mul(target).sum(axis).neg().add(1).mean());
  }

  /** Mean cross-entropy of logits against probabilities of true. Derivative: sigmoid(x), target. */
  binaryCrossEntropy(target: Operand): this {
    return tidy(
      () => this.#floats().softplus().sub(this.#floats().mul(target)).mean(),
      "binaryCrossEntropy",
    );
  }
}

function sameShapes(x: TensorBase, target: TensorBase, where: string): void {
  if (sameShape(x.shape, target.shape)) return;
  throw new CenoteError(
    "SHAPE",
    `${where}: wanted a target of the shape of ${x.described}, found ${target.described}`,
  );
}
