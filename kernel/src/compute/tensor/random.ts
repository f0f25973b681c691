// Random numbers by counter: the one at index i of a stream is Threefry-2x32-20 of (seed, stream) and i, so that it
// is the same on every adapter and in whatever order it is computed. Uniform and normal numbers come of integers
// alone, or of arithmetic that WGSL rounds in one way only.
import { CenoteError } from "../../base/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import { optionsOf, tensorOf, told } from "./arguments.ts";
import { checkedDtype, type Dtype } from "./dtypes.ts";
import { call, type Expr } from "./expr.ts";
import { castTo, constant } from "./operands.ts";
import { checkedShape, rowMajor, type Shape, shown, sizeOf } from "./shape.ts";
import { GpuTensor } from "./tensor.ts";
import { tidy } from "./tidy.ts";

/** A number as a constant. Throws RANGE. */
function real(value: unknown, where: string): Expr {
  if (typeof value === "number") return constant(value, "f32", where);
  throw new CenoteError("RANGE", `${where}: wanted a number, found ${told(value)}`);
}

const word = (value: number): Expr => ({ kind: "constant", dtype: "u32", word: value >>> 0 });

/** The normal distribution's part below x, for x from −5 to 0: Simpson's rule over the density. */
function below(x: number): number {
  const steps = 1000;
  const width = -x / steps;
  const density = (at: number) => Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(x) + density(0);
  for (let i = 1; i < steps; i++) sum += density(x + i * width) * (i % 2 === 1 ? 4 : 2);
  return 0.5 - (sum * width) / 3;
}

/** A source of random numbers: each call takes the next stream of its seed. */
export class RandomStream {
  readonly #gpu: () => Gpu;
  readonly seed: number;
  #stream = 0;

  /** `seed`: a whole number of 32 bits. Throws SEED. */
  constructor(gpu: () => Gpu, seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new CenoteError(
        "SEED",
        `random: wanted a seed from 0 to ${2 ** 32 - 1}, found ${told(seed)}`,
      );
    }
    this.#gpu = gpu;
    this.seed = seed;
  }

  #bits(shape: Shape): Expr {
    if (sizeOf(shape) > 2 ** 32) {
      throw new CenoteError(
        "RANGE",
        `random: wanted at most 2³² numbers of a stream, found ${shown(shape)}`,
        { mend: "Take several calls: each has a stream of its own." },
      );
    }
    const index: Expr = { kind: "ramp", dtype: "u32", strides: rowMajor(shape), offset: 0 };
    return call("threefry", "u32", [word(this.seed), word(0), index, word(this.#stream++)]);
  }

  #tensor(shape: Shape, expr: Expr, dtype: Dtype, name: string): GpuTensor {
    return new GpuTensor(this.#gpu(), shape, castTo(expr, checkedDtype(dtype, name)), name);
  }

  /** 32 random bits an element, u32. */
  bits(shape: number | Shape): GpuTensor {
    const sizes = checkedShape(shape, "random.bits");
    return this.#tensor(sizes, this.#bits(sizes), "u32", "random bits");
  }

  /** Uniform from `low` to below `high`, in steps of 2⁻²⁴ of the range; rounding may give `high`. Throws RANGE. */
  uniform(shape: number | Shape, low = 0, high = 1, dtype: Dtype = "f32"): GpuTensor {
    const sizes = checkedShape(shape, "random.uniform");
    const [from] = [real(low, "random.uniform"), real(high, "random.uniform")];
    if (!Number.isFinite(Math.fround(high - low))) {
      throw new CenoteError(
        "RANGE",
        `random.uniform: wanted bounds whose distance is an f32, found ${told(low)}, ${told(high)}`,
      );
    }
    const unit = call("unit", "f32", [this.#bits(sizes)]);
    const scaled = call("mul", "f32", [unit, real(high - low, "random.uniform")]);
    return this.#tensor(sizes, call("add", "f32", [scaled, from]), dtype, "uniform");
  }

  /** Normal of this mean and standard deviation: the inverse of the distribution, right to 3e-5 of a deviation. */
  normal(shape: number | Shape, mean = 0, deviation = 1, dtype: Dtype = "f32"): GpuTensor {
    const sizes = checkedShape(shape, "random.normal");
    const standard = call("normal", "f32", [this.#bits(sizes)]);
    const scaled = call("mul", "f32", [standard, real(deviation, "random.normal")]);
    const moved = call("add", "f32", [scaled, real(mean, "random.normal")]);
    return this.#tensor(sizes, moved, dtype, "normal");
  }

  /** Whole numbers from `low` to below `high`, i32; uneven by at most (high − low) ÷ 2³². */
  integers(shape: number | Shape, low: number, high: number): GpuTensor {
    const sizes = checkedShape(shape, "random.integers");
    const fits =
      [low, high].every(Number.isInteger) && low < high && low >= -(2 ** 31) && high <= 2 ** 31;
    if (!fits)
      throw new CenoteError(
        "RANGE",
        `random.integers: wanted whole numbers low < high of 32 bits, found ${told(low)}, ${told(high)}`,
      );
    const bits = this.#bits(sizes);
    const all = high - low === 2 ** 32; // as a word it were 0
    const scaled = all ? bits : call("mulHigh", "u32", [bits, word(high - low)]);
    const from = call("add", "i32", [
      call("cast", "i32", [scaled]),
      constant(low, "i32", "random.integers"),
    ]);
    return this.#tensor(sizes, from, "i32", "integers");
  }

  /**
   * Normal as above, of numbers within `bounds` deviations of the mean, by default two. They are not drawn again but
   * taken from that part of the distribution. Throws RANGE.
   */
  truncatedNormal(
    shape: number | Shape,
    mean = 0,
    deviation = 1,
    options: { bounds?: number; dtype?: Dtype } = {},
  ): GpuTensor {
    const where = "random.truncatedNormal";
    const { bounds = 2, dtype = "f32" } = optionsOf(options, where);
    const sizes = checkedShape(shape, where);
    if (!(bounds >= 0.1 && bounds <= 5)) {
      throw new CenoteError(
        "RANGE",
        `${where}: wanted bounds from 0.1 to 5, found ${told(bounds)}`,
      );
    }
    // The first bit of a normal number is its sign, the others the tail's probability, of which the least are left out.
    const tail = Math.ceil(2 ** 32 * below(-bounds));
    const bits = this.#bits(sizes);
    const sign = call("bitAnd", "u32", [bits, word(2 ** 31)]);
    const rest = call("mul", "u32", [bits, word(2)]);
    const held = call("mulHigh", "u32", [rest, word(2 ** 31 - tail)]);
    const chosen = call("add", "u32", [call("add", "u32", [held, word(tail)]), sign]);
    const standard = call("normal", "f32", [chosen]);
    const scaled = call("mul", "f32", [standard, real(deviation, where)]);
    const moved = call("add", "f32", [scaled, real(mean, where)]);
    return this.#tensor(sizes, moved, dtype, "truncatedNormal");
  }

  /** Exponential with this rate: −log(1 − u) ÷ rate. Throws RANGE. */
  exponential(shape: number | Shape, rate = 1, dtype: Dtype = "f32"): GpuTensor {
    const where = "random.exponential";
    if (!(rate > 0)) {
      throw new CenoteError("RANGE", `${where}: wanted a rate above 0, found ${told(rate)}`);
    }
    const unit = this.uniform(shape);
    return tidy(() => unit.neg().log1p().neg().div(rate).cast(checkedDtype(dtype, where)));
  }

  /**
   * `count` classes for each row of logits (…, classes), i32 (…, count): the greatest of the logits with Gumbel's noise
   * added. Throws SHAPE.
   */
  categorical(logits: GpuTensor, count = 1): GpuTensor {
    const where = "random.categorical";
    const { shape, rank } = tensorOf(logits, where, "logits");
    const [many] = checkedShape([count], where);
    if (rank < 1) {
      throw new CenoteError("SHAPE", `${where}: wanted logits (…, classes), found ${shown(shape)}`);
    }
    const wide = checkedShape([...shape.slice(0, -1), many!, shape.at(-1)!], where);
    const unit = this.uniform(wide);
    return tidy(() => {
      const noise = unit
        .add(2 ** -25)
        .log()
        .neg()
        .log()
        .neg();
      return noise.add(logits.expandDims(rank - 1)).argMax(-1);
    });
  }

  /** The numbers from 0 to below `count` in random order, i32. */
  permutation(count: number): GpuTensor {
    const bits = this.bits(checkedShape([count], "random.permutation"));
    return tidy(() => bits.argSort());
  }

  /** x with elements set to 0 with probability `rate`, the others ÷ (1 − rate). Derivative: what was kept. Throws RANGE. */
  dropout(x: GpuTensor, rate = 0.5): GpuTensor {
    const where = "random.dropout";
    tensorOf(x, where, "x");
    if (!(rate >= 0 && rate < 1)) {
      throw new CenoteError(
        "RANGE",
        `${where}: wanted a rate from 0 to below 1, found ${told(rate)}`,
      );
    }
    const kept = this.bernoulli(x.shape, 1 - rate);
    return tidy(() => kept.where(x.div(1 - rate), 0));
  }

  /** true with this probability. */
  bernoulli(shape: number | Shape, probability = 0.5): GpuTensor {
    const sizes = checkedShape(shape, "random.bernoulli");
    const unit = call("unit", "f32", [this.#bits(sizes)]);
    const chosen = call("lt", "bool", [unit, real(probability, "random.bernoulli")]);
    return this.#tensor(sizes, chosen, "bool", "bernoulli");
  }
}
