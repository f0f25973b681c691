// Operations that go along an axis in order: running reductions, sorting, the greatest.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, told } from "./arguments.ts";
import { forReads } from "./base.ts";
import { type Dtype, sumDtype } from "./dtypes.ts";
import { castTo } from "./operands.ts";
import type { Reducer } from "./ops.ts";
import { Rearranging } from "./rearranging.ts";
import { scanned, scanReads } from "./scan.ts";
import { checkedAxis, rowMajor } from "./shape.ts";
import { sortedIndices } from "./sort.ts";
import { tidy } from "./tidy.ts";

export interface SortOptions {
  axis?: number;
  descending?: boolean;
}

export interface RunningOptions {
  /** Without each element itself: the first is 0, of products 1. Default false. */
  exclusive?: boolean;
  /** From the end on. Default false. */
  reverse?: boolean;
}

export abstract class Ordering extends Rearranging {
  #scan(how: Reducer, axis: number, dtype: Dtype): this {
    const over = checkedAxis(axis, this.rank, `running ${how}`);
    const expr = forReads(this, this.size * scanReads(this.shape[over]!)).expression();
    const found = scanned(this.gpu, expr, this.shape, over, how);
    return this.make(this.shape, castTo(found, dtype), `running ${how}`);
  }

  #running(how: "sum" | "prod", axis: number, given: RunningOptions): this {
    const where = how === "sum" ? "cumSum" : "cumProd";
    const { exclusive = false, reverse = false } = optionsOf(given, where);
    const over = checkedAxis(axis, this.rank, where);
    return tidy(() => {
      const turned = reverse ? this.flip(over) : this;
      const found = turned.#scan(how, over, sumDtype(this.dtype));
      const moved = exclusive ? found.#shifted(over, how === "sum" ? 0 : 1) : found;
      return reverse ? moved.flip(over) : moved;
    });
  }

  /** Without the last element of an axis, and with `first` before the others. */
  #shifted(axis: number, first: number): this {
    if (this.shape[axis] === 0) return this;
    const part = this.slice(...this.shape.map((_, i) => (i === axis ? ([0, -1] as const) : null)));
    return part.pad(
      this.shape.map((_, i) => [Number(i === axis), 0] as const),
      first,
    );
  }

  /** Running sums along an axis, in the types of sum(). Derivative: nothing. */
  cumSum(axis = -1, options: RunningOptions = {}): this {
    return this.#running("sum", axis, options);
  }

  /** Running products along an axis. Derivative: x, z. */
  cumProd(axis = -1, options: RunningOptions = {}): this {
    return this.#running("prod", axis, options);
  }

  /** The greatest so far along an axis. Derivative: x, z. */
  cumMax(axis = -1): this {
    return this.#scan("max", axis, this.dtype);
  }

  /** The least so far along an axis. Derivative: x, z. */
  cumMin(axis = -1): this {
    return this.#scan("min", axis, this.dtype);
  }

  /** Indices (i32) that sort along an axis. Stable; −0 is 0, and NaN comes last either way. */
  argSort(options: SortOptions = {}): this {
    const { axis = -1, descending = false } = optionsOf(options, "argSort");
    const over = checkedAxis(axis, this.rank, "argSort");
    const axes = this.shape.map((_, i) => i).filter((i) => i !== over);
    return tidy(() => {
      const rows = this.transpose(...axes, over);
      const { leaf: packed, copied } = rows.packed();
      const length = this.shape[over]!;
      try {
        const found = sortedIndices(
          this.gpu,
          packed,
          length === 0 ? 0 : this.size / length,
          length,
          descending,
        );
        const sorted = this.make(
          rows.shape,
          { ...found, strides: rowMajor(rows.shape) },
          "argSort",
        );
        const back = this.shape.map((_, i) => (i === over ? this.rank - 1 : axes.indexOf(i)));
        return sorted.transpose(...back);
      } finally {
        if (copied) packed.storage.block.dispose();
      }
    });
  }

  /** The elements in order along an axis. Derivative: the order. */
  sort(options: SortOptions = {}): this {
    const { axis = -1 } = optionsOf(options, "sort");
    return tidy(() => this.takeAlong(this.argSort(options), axis), "sort");
  }

  /** The k greatest (or least) along an axis in order, and their indices. Throws COUNT. Derivative: the indices. */
  topK(k: number, options: SortOptions = {}): [values: this, indices: this] {
    const { axis = -1, descending = true } = optionsOf(options, "topK");
    const over = checkedAxis(axis, this.rank, "topK");
    if (!Number.isInteger(k) || k < 0 || k > this.shape[over]!) {
      throw new CenoteError(
        "COUNT",
        `topK: wanted 0 to ${this.shape[over]} of axis ${over}, found ${told(k)}`,
      );
    }
    return tidy(() => {
      const first = this.shape.map((_, i) => (i === over ? ([0, k] as const) : null));
      const indices = this.argSort({ axis: over, descending })
        .slice(...first)
        .copy();
      return [this.takeAlong(indices, over), indices];
    });
  }
}
