// Operations that put the elements of a tensor elsewhere: parts, borders, repetitions, triangles, blocks and windows.
import { CenoteError } from "../../base/index.ts";
import { told } from "./arguments.ts";
import { forReads } from "./base.ts";
import { type Expr, place } from "./expr.ts";
import { Indexing } from "./indexing.ts";
import { castTo, constant } from "./operands.ts";
import { checkedAxis, checkedShape, type Shape, shown, sizeOf } from "./shape.ts";
import { tidy } from "./tidy.ts";
import type { Sides } from "./windows.ts";

/** What a border shows: the elements mirrored, without or with those at the edge, or the one at the edge. */
export type Border = "reflect" | "symmetric" | "edge";
const BORDERS = ["reflect", "symmetric", "edge"];

export abstract class Rearranging extends Indexing {
  /** Parts along an axis: that many of one size, or parts of these sizes. Views. Derivative: the parts' gradients joined. Throws SHAPE, AXIS. */
  split(parts: number | readonly number[], axis = 0): this[] {
    const over = checkedAxis(axis, this.rank, "split");
    const length = this.shape[over]!;
    const even = typeof parts === "number";
    const sizes = even
      ? new Array(partsOf(parts, length)).fill(length / parts)
      : [...asSizes(parts)];
    const whole = sizes.every((size) => Number.isSafeInteger(size) && size >= 0);
    const sum = sizes.reduce((total, size) => total + size, 0);
    if (!whole || sum !== length || (even && sizes.length === 0)) {
      throw new CenoteError(
        "SHAPE",
        `split: wanted a number that divides ${length}, or sizes whose sum that is, for axis ${over} of ${this.described}; found ${told(parts)}`,
      );
    }
    let from = 0;
    return sizes.map((size) => {
      const start = from;
      from += size;
      return this.slice(
        ...this.shape.map((_, i) => (i === over ? ([start, start + size] as const) : null)),
      );
    });
  }

  /** Each element of an axis as a tensor without it. Views. Derivative: their gradients stacked. Throws AXIS. */
  unstack(axis = 0): this[] {
    const over = checkedAxis(axis, this.rank, "unstack");
    const length = this.shape[over]!;
    return Array.from({ length }, (_, at) =>
      this.slice(...this.shape.map((_, i) => (i === over ? at : null))),
    );
  }

  #view(
    shape: Shape,
    strides: (of: readonly number[]) => number[],
    offset: number[],
    name: string,
  ): this {
    const expr: Expr = place(forReads(this, sizeOf(shape)).expression(), (one) => ({
      ...one,
      strides: strides(one.strides),
      offset: one.offset + offset.reduce((sum, at, i) => sum + at * one.strides[i]!, 0),
    }));
    return this.make(shape, expr, name);
  }

  /** The k-th diagonal of the last two axes, as the last axis. A view. Derivative: diag of the gradient. Throws AXIS, RANGE. */
  diagonal(k = 0): this {
    const [rows, columns] = this.#matrix("diagonal", k);
    const [down, right] = k < 0 ? [-k, 0] : [0, k];
    const length = Math.max(0, Math.min(rows - down, columns - right));
    const lead = this.shape.slice(0, -2);
    const start = length === 0 ? [] : [...lead.map(() => 0), down, right];
    const strides = (of: readonly number[]) => [...of.slice(0, -2), of.at(-2)! + of.at(-1)!];
    return this.#view([...lead, length], strides, start, "diagonal");
  }

  /** The last axis as the k-th diagonal of square matrices, zeros elsewhere. Derivative: diagonal(k) of the gradient. Throws AXIS, RANGE. */
  diag(k = 0): this {
    const length = this.shape[checkedAxis(-1, this.rank, "diag")]!;
    wholeOf(k, "diag");
    const size = length + Math.abs(k);
    const wide = checkedShape([...this.shape.slice(0, -1), size, size], "diag");
    return tidy(() => {
      const row = k < 0 ? -k : 0;
      const sides = wide.slice(0, -2).map((): Sides => [0, 0]);
      const padded = this.pad([...sides, [row, size - length - row]]).expandDims(this.rank);
      return this.#ramp(wide, 2, k)
        .eq(this.#ramp(wide, 1, 0))
        .where(padded, 0)
        .cast(this.dtype);
    });
  }

  /**
   * Windows of `size` elements along an axis, `step` apart, as a new last axis: NumPy's sliding_window_view. A view, which
   * takes no memory. Derivative: the gradients of windows added up where they overlap. Throws SHAPE, AXIS.
   */
  unfold(axis: number, size: number, step = 1): this {
    const over = checkedAxis(axis, this.rank, "unfold");
    const length = this.shape[over]!;
    const whole = [size, step].every((one) => Number.isSafeInteger(one) && one > 0);
    if (!whole || size > length) {
      throw new CenoteError(
        "SHAPE",
        `unfold: wanted a size from 1 to ${length} and a step from 1 up for axis ${over} of ${this.described}, found ${told(size)} and ${told(step)}`,
      );
    }
    const count = Math.floor((length - size) / step) + 1;
    const shape = checkedShape([...this.shape.with(over, count), size], "unfold");
    const strides = (of: readonly number[]) => [...of.with(over, of[over]! * step), of[over]!];
    return this.#view(shape, strides, [], "unfold");
  }

  /**
   * With so many elements added before and after each axis: `value`, or what a border of that kind shows. Derivative:
   * the widths. Throws SHAPE, OPERAND.
   */
  pad(widths: readonly Sides[], value: number | boolean | Border = 0): this {
    this.#checkWidths(widths);
    if (typeof value === "string" && !BORDERS.includes(value)) {
      throw new CenoteError(
        "OPERAND",
        `pad: wanted a number or one of ${BORDERS.join(", ")}, found ${told(value)}`,
      );
    }
    return tidy(() => {
      let padded = this.make(this.shape, this.expression(), "pad");
      for (const [axis, [before, after]] of widths.entries()) {
        if (before + after === 0) continue;
        const [first, last] = [before, after].map((size, i) =>
          typeof value === "string"
            ? padded.#border(axis, size, i === 1, value)
            : padded.#filled(padded.shape.with(axis, size), value),
        ) as [this, this];
        padded = first.concat([padded, last], axis);
      }
      return padded;
    });
  }

  #checkWidths(widths: unknown): void {
    const isSides = (sides: unknown) =>
      Array.isArray(sides) &&
      sides.length === 2 &&
      Array.from(sides).every((width) => Number.isSafeInteger(width) && width >= 0);
    if (Array.isArray(widths) && widths.length === this.rank && Array.from(widths).every(isSides))
      return;
    throw new CenoteError(
      "SHAPE",
      `pad: wanted [before, after] from 0 up for each of ${this.rank} axes, found ${told(widths)}`,
    );
  }

  #border(axis: number, size: number, atEnd: boolean, how: Border): this {
    const length = this.shape[axis]!;
    const cut = (from: number, to: number) =>
      this.slice(...this.shape.map((_, i) => (i === axis ? ([from, to] as const) : null)));
    const skip = how === "reflect" ? 1 : 0;
    const most = how === "edge" ? (length > 0 ? Number.POSITIVE_INFINITY : 0) : length - skip;
    if (size > most) {
      throw new CenoteError(
        "SHAPE",
        `pad: wanted at most ${Math.max(0, most)} elements of the kind ${how} beside axis ${axis} of ${this.described}, found ${size}`,
      );
    }
    if (how === "edge") {
      const one = atEnd ? cut(length - 1, length) : cut(0, 1);
      return one.broadcastTo(this.shape.with(axis, size));
    }
    return (atEnd ? cut(length - skip - size, length - skip) : cut(skip, skip + size)).flip(axis);
  }

  #filled(shape: Shape, value: number | boolean): this {
    return this.make(shape, castTo(constant(value, this.dtype, "pad"), this.dtype), "pad");
  }

  /** The tensor repeated that often along each axis. Derivative: the counts. */
  tile(...given: (number | Shape)[]): this {
    const counts = given.length === 1 && Array.isArray(given[0]) ? given[0] : (given as number[]);
    if (counts.length !== this.rank) {
      throw new CenoteError(
        "SHAPE",
        `tile: wanted a count for each of ${this.rank} axes, found ${shown(counts)}`,
      );
    }
    checkedShape(counts, "tile");
    return tidy(() => this.#tiled(counts));
  }

  /** Up to two axes are repeated at once, each as an axis more; the sizes between them are taken together. */
  #tiled(counts: readonly number[]): this {
    const repeated = counts.flatMap((count, axis) => (count === 1 ? [] : axis)).slice(0, 2);
    if (repeated.length === 0) return this.make(this.shape, this.expression(), "tile");
    const [first = 0, second = first] = repeated;
    const between = (from: number, to: number) => sizeOf(this.shape.slice(from, to));
    const apart = (many: (axis: number) => number) => [
      between(0, first),
      ...[many(first), this.shape[first]!],
      ...(second > first ? [between(first + 1, second), many(second), this.shape[second]!] : []),
      between(second + 1, this.rank),
    ];
    const wide = this.reshape(apart(() => 1)).broadcastTo(apart((axis) => counts[axis]!));
    const sizes = this.shape.map((size, i) => (repeated.includes(i) ? size * counts[i]! : size));
    const rest = counts.map((count, i) => (repeated.includes(i) ? 1 : count));
    return wide.reshape(sizes).#tiled(rest);
  }

  /** Elements below the k-th diagonal of the last two axes as 0. Derivative: k. */
  triu(k = 0): this {
    return this.#triangle(k, "le");
  }

  /** Elements above the k-th diagonal of the last two axes as 0. Derivative: k. */
  tril(k = 0): this {
    return this.#triangle(k, "ge");
  }

  #triangle(k: number, test: "le" | "ge"): this {
    this.#matrix("triu, tril", k);
    return tidy(() =>
      this.#ramp(this.shape, 2, k)
        [test](this.#ramp(this.shape, 1, 0))
        .where(this, 0)
        .cast(this.dtype),
    );
  }

  /** offset + the coordinate along the last axis but `last` − 1. */
  #ramp(shape: Shape, last: number, offset: number): this {
    const strides = shape.map((_, i) => Number(i === shape.length - last));
    return this.make(shape, { kind: "ramp", dtype: "i32", strides, offset }, "triangle");
  }

  /** Sizes of the last two axes. Throws AXIS, RANGE where the diagonal is no whole number. */
  #matrix(where: string, k: number): [rows: number, columns: number] {
    if (this.rank < 2) {
      throw new CenoteError(
        "AXIS",
        `${where}: wanted two axes or more, found ${shown(this.shape)}`,
      );
    }
    wholeOf(k, where);
    return [this.shape.at(-2)!, this.shape.at(-1)!];
  }

  #blocks(block: unknown, where: string): number {
    if (this.rank === 4 && Number.isSafeInteger(block) && (block as number) > 0)
      return block as number;
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted (batch, height, width, channels) and a block from 1 up, found ${this.described} and ${told(block)}`,
    );
  }

  /** Of images with channels last: channels laid out as blocks of that height and width. Derivative: spaceToDepth of the gradient. Throws SHAPE. */
  depthToSpace(block: number): this {
    const size = this.#blocks(block, "depthToSpace");
    const [batch, height, width, channels] = this.shape as [number, number, number, number];
    if (channels % size ** 2 !== 0) throw unfit("depthToSpace", this.described, size ** 2);
    return tidy(() =>
      this.reshape(batch, height, width, size, size, channels / size ** 2)
        .transpose(0, 1, 3, 2, 4, 5)
        .reshape(batch, height * size, width * size, channels / size ** 2),
    );
  }

  /** The way back: blocks of that height and width as channels. Derivative: depthToSpace of the gradient. Throws SHAPE. */
  spaceToDepth(block: number): this {
    const size = this.#blocks(block, "spaceToDepth");
    const [batch, height, width, channels] = this.shape as [number, number, number, number];
    if (height % size !== 0 || width % size !== 0)
      throw unfit("spaceToDepth", this.described, size);
    return tidy(() =>
      this.reshape(batch, height / size, size, width / size, size, channels)
        .transpose(0, 1, 3, 2, 4, 5)
        .reshape(batch, height / size, width / size, channels * size ** 2),
    );
  }
}

function unfit(where: string, found: string, by: number): CenoteError {
  return new CenoteError("SHAPE", `${where}: wanted sizes that ${by} divides, found ${found}`);
}

function wholeOf(k: unknown, where: string): void {
  if (Number.isSafeInteger(k)) return;
  throw new CenoteError("RANGE", `${where}: wanted a diagonal as a whole number, found ${told(k)}`);
}

/** How many parts there are; none where the number does not fit. */
const partsOf = (parts: number, length: number): number =>
  Number.isSafeInteger(parts) && parts > 0 && length % parts === 0 ? parts : 0;

const asSizes = (parts: unknown): number[] => (Array.isArray(parts) ? Array.from(parts) : [-1]);
