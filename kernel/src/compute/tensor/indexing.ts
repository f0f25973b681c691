// Operations that move elements: elements by index, tensors beside each other.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, tensorOf, tensorsOf } from "./arguments.ts";
import { scattered } from "./assemble.ts";
import type { TensorBase } from "./base.ts";
import { type Dtype, promote } from "./dtypes.ts";
import { type Expr, place } from "./expr.ts";
import { checkAlong, gathered, indicesOf } from "./gather.ts";
import { joined } from "./join.ts";
import { castTo } from "./operands.ts";
import { Reductions } from "./reductions.ts";
import { checkedAxis, checkedShape, rowMajor, shown, sizeOf } from "./shape.ts";
import { tidy } from "./tidy.ts";

export interface OneHotOptions {
  /** Default 1. */
  on?: number;
  /** Default 0. */
  off?: number;
  /** Default f32. */
  dtype?: Dtype;
}

export abstract class Indexing extends Reductions {
  /** The elements in memory of their own, in the order of the rows. Derivative: nothing. */
  copy(): this {
    const { leaf: packed, copied } = this.packed();
    if (copied) return this.make(this.shape, packed, this.name);
    const line: Expr = { ...packed, strides: [1] };
    const fresh = joined(this.gpu, [{ expr: line, shape: [this.size] }], this.dtype, 0);
    return this.make(
      this.shape,
      castTo({ ...fresh, strides: rowMajor(this.shape) }, this.dtype),
      this.name,
    );
  }

  /**
   * Elements at these indices of an axis: its place takes the indices' shape. One below 0 counts from the end; one
   * beyond the axis reads as NaN, of integers and bools as 0. Derivative: the indices. Throws DTYPE, AXIS.
   */
  take(indices: TensorBase, axis = 0): this {
    const over = checkedAxis(axis, this.rank, "take");
    tensorOf(indices, "take", "indices");
    const shape = checkedShape(this.shape.toSpliced(over, 1, ...indices.shape), "take");
    const index = indicesOf(indices, "take", this, sizeOf(shape));
    const after = indices.rank - 1;
    const position = this.shape.map((_, i) => (i === over ? undefined : i < over ? i : i + after));
    const spread = place(index, (one) => ({
      ...one,
      strides: shape.map((_, i) => (i >= over && i <= over + after ? one.strides[i - over]! : 0)),
    }));
    return this.make(shape, gathered(this, over, spread, shape, position, "take"), "take");
  }

  /** Rows of this table at the indices: take(indices, 0). Derivative: the indices. */
  embedding(indices: TensorBase): this {
    return this.take(indices, 0);
  }

  /** For each element of `indices` the element at that index of the axis, as NumPy's take_along_axis. Derivative: the indices. */
  takeAlong(indices: TensorBase, axis = -1): this {
    const over = checkedAxis(axis, this.rank, "takeAlong");
    const index = indicesOf(indices, "takeAlong", this);
    checkAlong(this.shape, indices.shape, over, "takeAlong");
    const position = this.shape.map((_, i) => (i === over ? undefined : i));
    return this.make(
      indices.shape,
      gathered(this, over, index, indices.shape, position, "takeAlong"),
      "takeAlong",
    );
  }

  #scatter(how: "add" | "set", indices: TensorBase, updates: TensorBase, axis: number): this {
    const name = how === "add" ? "scatterAdd" : "scatter";
    const over = checkedAxis(axis, this.rank, name);
    tensorOf(updates, name, "updates");
    const index = indicesOf(indices, name, this, updates.size);
    if (indices.rank !== 1)
      throw new CenoteError(
        "SHAPE",
        `${name}: wanted indices of one axis, found ${indices.described}`,
      );
    const wanted = this.shape.with(over, indices.size);
    checkAlong(wanted, updates.shape, over, name);
    if (updates.shape[over] !== indices.size) {
      throw new CenoteError(
        "SHAPE",
        `${name}: wanted updates ${shown(wanted)}, one for each index, found ${shown(updates.shape)}`,
      );
    }
    if (indices.size === 0 || this.size === 0)
      return this.make(this.shape, this.expression(), name);
    return tidy(() => {
      const given = castTo(updates.expression(this.gpu), this.dtype);
      const found = scattered(this, over, indices, index, given, how);
      return this.make(this.shape, castTo(found, this.dtype), name);
    });
  }

  /** With `updates` in place of what is at `indices` of an axis; of several for one index the last stays. Derivative: the indices. */
  scatter(indices: TensorBase, updates: TensorBase, axis = 0): this {
    return this.#scatter("set", indices, updates, axis);
  }

  /** With `updates` added to what is at `indices` of an axis, in their order. Derivative: the indices. */
  scatterAdd(indices: TensorBase, updates: TensorBase, axis = 0): this {
    return this.#scatter("add", indices, updates, axis);
  }

  /** A last axis of `depth` with `on` where it is the element and `off` elsewhere. Throws DTYPE. */
  oneHot(depth: number, options: OneHotOptions = {}): this {
    const { on = 1, off = 0, dtype = "f32" } = optionsOf(options, "oneHot");
    const [size] = checkedShape([depth], "oneHot");
    return tidy(() => {
      const index = this.make(this.shape, indicesOf(this, "oneHot", this), "oneHot").expandDims(
        this.rank,
      );
      const ramp: Expr = { kind: "ramp", dtype: "i32", strides: [1], offset: 0 };
      return index
        .eq(this.make([size!], ramp, "oneHot"))
        .where(on, off)
        .cast(dtype);
    });
  }

  /** Tensors one beside the other along an axis; dtypes as in arithmetic. Derivative: the sizes. Throws SHAPE. */
  concat(others: readonly TensorBase[], axis = 0): this {
    const over = checkedAxis(axis, this.rank, "concat");
    const given = tensorsOf(others, "concat");
    const all = [this, ...given];
    for (const one of given) checkAlong(this.shape, one.shape, over, "concat");
    const dtype = all.reduce((found, one) => promote(found, one.dtype, "concat"), this.dtype);
    const parts = all.map((one) => ({ expr: one.expression(this.gpu), shape: one.shape }));
    const found = joined(this.gpu, parts, dtype, over);
    const shape = this.shape.with(
      over,
      all.reduce((sum, one) => sum + one.shape[over]!, 0),
    );
    return this.make(shape, castTo(found, dtype), "concat");
  }

  /** Tensors of one shape along a new axis. Derivative: nothing. Throws SHAPE. */
  stack(others: readonly TensorBase[], axis = 0): this {
    return tidy(() => {
      const at = checkedAxis(axis, this.rank + 1, "stack");
      const wide = tensorsOf(others, "stack").map((one) =>
        this.make(one.shape, one.expression(this.gpu), "stack").expandDims(at),
      );
      return this.expandDims(at).concat(wide, at);
    }, "stack");
  }
}
