// Views: other shapes and orders of the same elements. Nothing is copied but where a reshape needs it.
import { CenoteError } from "../../base/index.ts";
import { told } from "./arguments.ts";
import { forReads, TensorBase } from "./base.ts";
import { leaf, type Placed, place, placedOf } from "./expr.ts";
import { computed } from "./fuse.ts";
import {
  broadcastStrides,
  checkedAxes,
  checkedAxis,
  checkedShape,
  reshapeStrides,
  resolveShape,
  type Shape,
  shown,
  sizeOf,
} from "./shape.ts";

/** What a slice takes of an axis: an index (the axis goes), [start, stop, step?], or null for all of it. */
export type Slice = number | null | readonly [number | null, (number | null)?, number?];

export abstract class TensorViews extends TensorBase {
  #view(shape: Shape, move: (placed: Placed) => Placed, name: string): this {
    return this.make(shape, place(forReads(this, sizeOf(shape)).expression(), move), name);
  }

  /**
   * Part of the tensor, axis by axis as in NumPy: negative indices count from the end, a negative step runs
   * backwards, and bounds beyond the axis are those of the axis. A view. Throws SLICE.
   * Derivative: the gradient scattered back into zeros of this shape.
   */
  slice(...wanted: Slice[]): this {
    if (wanted.length > this.rank) {
      throw new CenoteError(
        "SLICE",
        `slice: wanted at most ${this.rank} parts for ${shown(this.shape)}, found ${wanted.length}`,
      );
    }
    const parts = this.shape.map((size, axis) => partOf(wanted[axis] ?? null, size, axis));
    const kept = parts.filter(({ index }) => !index);
    return this.#view(
      kept.map(({ count }) => count),
      (one) => ({
        ...one,
        offset: parts.reduce((sum, { start }, i) => sum + start * one.strides[i]!, one.offset),
        strides: parts.flatMap(({ index, step }, i) => (index ? [] : one.strides[i]! * step)),
      }),
      "slice",
    );
  }

  /** The axes in another order; without one reversed. A view. Derivative: the gradient in the inverse order. Throws AXIS. */
  transpose(...order: (number | Shape)[]): this {
    const given = order.length === 1 && Array.isArray(order[0]) ? order[0] : (order as number[]);
    const wanted = order.length === 0 ? this.shape.map((_, i) => this.rank - 1 - i) : given;
    const axes = wanted.map((axis) => checkedAxis(axis, this.rank, "transpose"));
    if (axes.length !== this.rank || new Set(axes).size !== axes.length) {
      throw new CenoteError(
        "AXIS",
        `transpose: wanted each of ${this.rank} axes once, found ${shown(wanted)}`,
      );
    }
    const move = (one: Placed) => ({ ...one, strides: axes.map((axis) => one.strides[axis]!) });
    return this.#view(
      axes.map((axis) => this.shape[axis]!),
      move,
      "transpose",
    );
  }

  /** The last two axes exchanged. A view. Throws AXIS with fewer than two. */
  get T(): this {
    if (this.rank < 2)
      throw new CenoteError("AXIS", `T: wanted two axes or more, found shape ${shown(this.shape)}`);
    const axes = this.shape.map((_, i) => i);
    axes.push(...axes.splice(-2).reverse());
    return this.transpose(...axes);
  }

  /** Other sizes for the same elements in the order of the rows; one may be −1. A view where strides allow it. Throws SHAPE. */
  reshape(...sizes: (number | Shape)[]): this {
    const wanted = sizes.length === 1 && Array.isArray(sizes[0]) ? sizes[0] : (sizes as number[]);
    const shape = resolveShape(this.shape, wanted, "reshape");
    const expr = this.expression();
    const strides = new Map<Placed, number[]>();
    for (const one of placedOf(expr)) {
      const found = reshapeStrides(this.shape, one.strides, shape);
      if (!found) return this.#copiedTo(shape);
      strides.set(one, found);
    }
    return this.#view(shape, (one) => ({ ...one, strides: strides.get(one)! }), "reshape");
  }

  #copiedTo(shape: number[]): this {
    const { storage, dtype } = computed(this.gpu, this.expression(), this.shape, "reshape");
    const strides = reshapeStrides([this.size], [1], shape) ?? [];
    return this.make(shape, leaf(storage, dtype, strides), "reshape");
  }

  /** One axis. */
  flatten(): this {
    return this.reshape(-1);
  }

  /** The elements repeated to this shape by NumPy's rule. A view. Derivative: the gradient summed over what was repeated. Throws SHAPE. */
  broadcastTo(...sizes: (number | Shape)[]): this {
    const wanted = sizes.length === 1 && Array.isArray(sizes[0]) ? sizes[0] : (sizes as number[]);
    const shape = checkedShape(wanted, "broadcastTo");
    broadcastStrides(this.shape, this.shape, shape, "broadcastTo");
    const move = (one: Placed) => ({
      ...one,
      strides: broadcastStrides(this.shape, one.strides, shape, "broadcastTo"),
    });
    return this.#view(shape, move, "broadcast");
  }

  /** A new axis of size 1 before `axis`. A view. Throws AXIS. */
  expandDims(axis = 0): this {
    const at = checkedAxis(axis, this.rank + 1, "expandDims");
    return this.reshape(this.shape.toSpliced(at, 0, 1));
  }

  /** Without the axes of size 1, or without these of them. A view. Throws AXIS. */
  squeeze(axes?: number | readonly number[]): this {
    const all = this.shape.flatMap((size, i) => (size === 1 ? i : []));
    const gone = axes === undefined ? all : checkedAxes(axes, this.rank, "squeeze");
    const wrong = gone.find((axis) => this.shape[axis] !== 1);
    if (wrong !== undefined) {
      throw new CenoteError(
        "AXIS",
        `squeeze: wanted axes of size 1, found size ${this.shape[wrong]} in axis ${wrong}`,
      );
    }
    return this.reshape(this.shape.filter((_, i) => !gone.includes(i)));
  }

  /** The elements of these axes backwards. A view. */
  flip(axes?: number | readonly number[]): this {
    const turned = checkedAxes(axes, this.rank, "flip");
    return this.slice(
      ...this.shape.map((_, i) => (turned.includes(i) ? ([null, null, -1] as const) : null)),
    );
  }
}

interface Part {
  start: number;
  count: number;
  step: number;
  index: boolean;
}

function partOf(wanted: Slice, size: number, axis: number): Part {
  if (typeof wanted === "number") {
    const start = wanted < 0 ? wanted + size : wanted;
    if (Number.isInteger(start) && start >= 0 && start < size)
      return { start, count: 1, step: 1, index: true };
    throw new CenoteError(
      "SLICE",
      `slice: wanted an index from ${-size} to ${size - 1} in axis ${axis}, found ${wanted}`,
    );
  }
  const parts: unknown = wanted ?? [];
  const [from = null, to = null, step = 1] = Array.isArray(parts) ? parts : [Number.NaN];
  if (
    !Number.isInteger(step) ||
    step === 0 ||
    ![from, to].every((at) => at === null || Number.isInteger(at))
  ) {
    throw new CenoteError(
      "SLICE",
      `slice: wanted [start, stop, step] of whole numbers, step not 0, found ${told(wanted)} in axis ${axis}`,
    );
  }
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const bound = (at: number | null, none: number) =>
    at === null ? none : Math.min(high, Math.max(low, at < 0 ? at + size : at));
  const start = bound(from, step > 0 ? 0 : size - 1);
  const stop = bound(to, step > 0 ? size : -1);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  return { start: count === 0 ? 0 : start, count, step, index: false };
}
