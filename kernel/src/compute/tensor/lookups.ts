// Elements by value and by several indices: gathering and scattering in n dimensions, sums of segments, counts, sorted
// sequences, and what is unique. What depends on how many there are waits for that number.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, tensorOf, told } from "./arguments.ts";
import { TensorBase } from "./base.ts";
import { type Dtype, floatOf, isFloatDtype, promote } from "./dtypes.ts";
import { indicesOf } from "./gather.ts";
import { Losses } from "./losses.ts";
import { castTo, constant, type Operand } from "./operands.ts";
import { type Side, searched, searchedRange } from "./search.ts";
import { checkedShape, type Shape, shown, sizeOf } from "./shape.ts";
import { tidy } from "./tidy.ts";

/** An index that lies beyond every axis. */
const NOWHERE = 2 ** 31 - 1;

export interface Unique<T> {
  /** The elements, each once, in order; NaN once, and last. */
  readonly values: T;
  /** For each element of the flattened tensor the index of its value, i32. */
  readonly inverse: T;
  /** How often each value is there, i32. */
  readonly counts: T;
}

export abstract class Lookups extends Losses {
  #of(x: TensorBase, where: string): this {
    return this.make(x.shape, x.expression(this.gpu), where);
  }

  #filled(shape: Shape, value: number, dtype: Dtype): this {
    return this.make(shape, castTo(constant(value, dtype, "full"), dtype), "full");
  }

  /** Indices (…, k) of the first k axes as indices of those axes joined; beyond any axis: nowhere. */
  #joined(indices: TensorBase, where: string) {
    const expr = indicesOf(indices, where, this);
    const own = this.make(indices.shape, expr, where);
    const depth = own.shape.at(-1) ?? 0;
    if (own.rank < 1 || depth < 1 || depth > this.rank) {
      throw new CenoteError(
        "SHAPE",
        `${where}: wanted indices (…, k) with k from 1 to ${this.rank} for ${this.described}, found ${indices.described}`,
      );
    }
    const sizes = this.shape.slice(0, depth);
    let index: this | undefined;
    let inside: this | undefined;
    for (const [axis, size] of sizes.entries()) {
      const one = own.slice(...own.shape.slice(0, -1).map(() => null), axis);
      const counted = one.lt(0).where(one.add(size), one);
      const here = counted.ge(0).and(counted.lt(size));
      index = index ? index.mul(size).add(counted) : counted;
      inside = inside ? inside.and(here) : here;
    }
    return { index: inside!.where(index!, NOWHERE), depth, rows: sizeOf(sizes) };
  }

  /**
   * Elements at indices (…, k) of the first k axes: the result is (…, the other axes). One below 0 counts from its axis's
   * end; one beyond reads as NaN, of integers and bools as 0. Derivative: the indices. Throws DTYPE, SHAPE.
   */
  gatherND(indices: TensorBase): this {
    return tidy(() => {
      const { index, depth, rows } = this.#joined(indices, "gatherND");
      return this.reshape(rows, ...this.shape.slice(depth)).take(index);
    });
  }

  #scatterND(how: "scatter" | "scatterAdd", indices: TensorBase, updates: TensorBase): this {
    const where = `${how}ND`;
    tensorOf(updates, where, "updates");
    return tidy(() => {
      const { index, depth, rows } = this.#joined(indices, where);
      const rest = this.shape.slice(depth);
      const wanted = [...index.shape, ...rest];
      if (shown(updates.shape) !== shown(wanted)) {
        throw new CenoteError(
          "SHAPE",
          `${where}: wanted updates ${shown(wanted)}, one for each index, found ${updates.described}`,
        );
      }
      const given = this.#of(updates, where).reshape(index.size, ...rest);
      return this.reshape(rows, ...rest)
        [how](index.flatten(), given)
        .reshape(this.shape);
    });
  }

  /** With `updates` (…, the other axes) in place of what is at indices (…, k); of several for one place the last stays. Derivative: the indices. */
  scatterND(indices: TensorBase, updates: TensorBase): this {
    return this.#scatterND("scatter", indices, updates);
  }

  /** With `updates` added to what is at indices (…, k), in their order; those beyond are dropped. Derivative: the indices. */
  scatterAddND(indices: TensorBase, updates: TensorBase): this {
    return this.#scatterND("scatterAdd", indices, updates);
  }

  /**
   * Sums of the rows of each segment: row i is added to row `ids[i]` of `count`. Ids need no order; those beyond are
   * dropped. Derivative: the ids. Throws SHAPE, DTYPE.
   */
  segmentSum(ids: TensorBase, count: number): this {
    const [size] = checkedShape([count], "segmentSum");
    const { shape } = tensorOf(ids, "segmentSum", "ids");
    if (shape.length !== 1 || shape[0] !== this.shape[0]) {
      throw new CenoteError(
        "SHAPE",
        `segmentSum: wanted an id for each of ${this.shape[0] ?? 0} rows of ${this.described}, found ${ids.described}`,
      );
    }
    return tidy(() => {
      const none = this.#filled([size!, ...this.shape.slice(1)], 0, this.dtype);
      return none.scatterAdd(ids, this);
    });
  }

  /**
   * How often each number from 0 to below `size` is among these integers, i32; or the sums of their `weights`, f32.
   * Others are not counted. Derivative, of the weights: the integers. Throws DTYPE, SHAPE.
   */
  bincount(size: number, weights?: TensorBase): this {
    const [length] = checkedShape([size], "bincount");
    const found = indicesOf(this, "bincount", this);
    if (weights !== undefined) {
      tensorOf(weights, "bincount", "weights");
      if (shown(weights.shape) !== shown(this.shape)) {
        throw new CenoteError(
          "SHAPE",
          `bincount: wanted a weight for each element of ${this.described}, found ${weights.described}`,
        );
      }
    }
    return tidy(() => {
      const index = this.make(this.shape, found, "bincount");
      const counted = index.lt(0).where(NOWHERE, index).flatten();
      const each = weights
        ? this.#of(weights, "bincount").cast("f32").flatten()
        : this.#filled([this.size], 1, "i32");
      return this.#filled([length!], 0, each.dtype).scatterAdd(counted, each);
    });
  }

  /**
   * Where each of `values` (…, m) would stand in this sorted sequence (…, n): how many are less, or on the "right" not
   * greater, as i32. NaN is the greatest. Throws SHAPE, OPTIONS.
   */
  searchSorted(values: Operand, options: { side?: Side } = {}): this {
    const where = "searchSorted";
    const { side = "left" } = optionsOf(options, where);
    if (side !== "left" && side !== "right") {
      throw new CenoteError(
        "OPTIONS",
        `${where}: wanted the side left or right, found ${told(side)}`,
      );
    }
    const isTensor = values instanceof TensorBase;
    const wanted = isTensor ? values.expression(this.gpu) : constant(values, this.dtype, where);
    const shape = isTensor ? values.shape : [];
    const same = shown(shape.slice(0, -1)) === shown(this.shape.slice(0, -1));
    const alone = this.rank === 1;
    if (!alone && (this.rank !== shape.length || !same)) {
      throw new CenoteError(
        "SHAPE",
        `${where}: wanted values ${shown([...this.shape.slice(0, -1), 1])} with any last size for ${this.described}, found ${shown(shape)}`,
      );
    }
    return tidy(() => {
      const dtype = promote(this.dtype, wanted.dtype, where);
      const flat = this.make(shape, castTo(wanted, dtype), where);
      const given = alone ? flat.flatten() : flat;
      const found = searched(this.cast(dtype), given.expression(), given.shape, side);
      return this.make(given.shape, found, where).reshape(shape);
    });
  }

  /** Whether each row's element at its target (…) is among the k greatest of (…, classes); of equals all are. Throws SHAPE, COUNT. */
  inTopK(targets: TensorBase, k: number): this {
    if (!Number.isSafeInteger(k) || k < 0) {
      throw new CenoteError("COUNT", `inTopK: wanted a whole number from 0 up, found ${told(k)}`);
    }
    const index = indicesOf(targets, "inTopK", this);
    return tidy(() => {
      const at = this.make(targets.shape, index, "inTopK").expandDims(targets.rank);
      const x = this.cast(floatOf(this.dtype));
      const own = x.takeAlong(at);
      return x.gt(own).sum(-1).lt(k).and(own.isFinite().squeeze(-1));
    });
  }

  /** Indices of the elements that are not 0, in the order of the rows: i32 (n, axes). One read-back, of their number. */
  async nonZero(): Promise<this> {
    using at = await this.#places("nonZero");
    return tidy(() => {
      if (this.rank === 0) return at.reshape(at.size, 1).slice(null, [0, 0]);
      let rest = at;
      const columns: this[] = [];
      for (const size of this.shape.toReversed()) {
        columns.unshift(rest.mod(Math.max(1, size)));
        rest = rest.floorDiv(Math.max(1, size));
      }
      return columns[0]!.stack(columns.slice(1), 1);
    });
  }

  /** The elements where `mask`, of this shape or of its first axes, is not 0: (n, the other axes). One read-back, of their number. Derivative: the mask. Rejects with SHAPE. */
  async select(mask: TensorBase): Promise<this> {
    const { rank, shape } = tensorOf(mask, "select", "a mask");
    if (rank < 1 || shown(shape) !== shown(this.shape.slice(0, rank))) {
      throw new CenoteError(
        "SHAPE",
        `select: wanted a mask of the first axes of ${this.described}, found ${mask.described}`,
      );
    }
    using own = this.#of(mask, "select");
    using kept = this.slice(); // while the number is read
    using at = await own.#places("select");
    return tidy(() => kept.reshape(own.size, ...this.shape.slice(rank)).take(at));
  }

  /** Where the flattened elements are not 0. */
  async #places(where: string): Promise<this> {
    using running = tidy(() => this.flatten().cast("bool").cumSum().compute());
    const count = running.size === 0 ? 0 : await running.#last();
    return this.make([count], searchedRange(running, 1, count), where);
  }

  async #last(): Promise<number> {
    using last = this.slice([-1, null]);
    return Number((await last.read())[0]);
  }

  /** The elements of the flattened tensor, each value once and in order. One read-back, of their number. Derivative: the inverse. Dispose all three when done. */
  async unique(): Promise<Unique<this>> {
    const [order, group] = tidy(() => {
      const flat = this.flatten();
      const by = flat.argSort();
      const sorted = flat.take(by);
      const [here, before] = [sorted.slice([1, null]), sorted.slice([0, -1])];
      const both = isFloatDtype(this.dtype) ? here.isNan().and(before.isNan()) : undefined;
      const differs = here.ne(before);
      const isNew = both ? differs.and(both.not()) : differs;
      return [
        by.compute(),
        isNew
          .cast("i32")
          .cumSum()
          .pad([[Math.min(1, this.size), 0]])
          .compute(),
      ];
    });
    using _order = order;
    using _group = group;
    using kept = this.slice();
    const count = this.size === 0 ? 0 : (await group!.#last()) + 1;
    const [values, inverse, counts] = tidy(() => {
      const first = this.make([count], searchedRange(group!, 0, count), "unique");
      const last = this.make([count], searchedRange(group!, 0, count, "right"), "unique");
      return [
        kept.flatten().take(order!.take(first)),
        this.#filled([this.size], 0, "i32").scatter(order!, group!),
        last.sub(first).compute(),
      ];
    });
    return { values: values!, inverse: inverse!, counts: counts! };
  }
}
