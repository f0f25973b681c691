// Shapes and strides: what views and broadcasts make of them. Strides are in elements, as NumPy's are in bytes.
import { CenoteError } from "../../base/index.ts";
import { told } from "../told.ts";

export type Shape = readonly number[];
/** Dimensions of a tensor, at most. */
export const MAX_RANK = 8;

export function sizeOf(shape: Shape): number {
  let product = 1;
  for (let i = 0; i < shape.length; i++) product *= shape[i]!;
  return product;
}
/** The shape as text; each size as it is, where it is none too. */
export function shown(shape: Shape): string {
  let text = "";
  for (const size of shape) text += text === "" ? String(size) : `, ${String(size)}`;
  return `[${text}]`;
}
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** The shape, checked. Throws SHAPE. */
export function checkedShape(shape: unknown, where: string): number[] {
  const sizes = typeof shape === "number" ? [shape] : shape;
  const fits =
    Array.isArray(sizes) &&
    sizes.length <= MAX_RANK &&
    Array.from(sizes).every((size) => Number.isSafeInteger(size) && size >= 0); // holes too
  if (fits && Number.isSafeInteger(sizeOf(sizes))) return [...(sizes as number[])];
  throw new CenoteError(
    "SHAPE",
    `${where}: wanted a shape of at most ${MAX_RANK} sizes from 0 up${fits ? ", of fewer than 2⁵³ elements" : ""}, found ${Array.isArray(sizes) ? shown(sizes) : String(sizes)}`,
  );
}

/** Strides of elements that follow each other in the order of the rows (C order). */
export function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Whether elements of these strides follow each other in the order of the rows. */
export function isRowMajor(shape: Shape, strides: Shape): boolean {
  const plain = rowMajor(shape);
  return sizeOf(shape) === 0 || shape.every((size, i) => size === 1 || strides[i] === plain[i]);
}

/** The shape that both broadcast to, by NumPy's rule. Throws SHAPE. */
export function broadcastShape(a: Shape, b: Shape, where: string): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new CenoteError(
      "SHAPE",
      `${where}: shapes ${shown(a)} and ${shown(b)} don't broadcast: size ${x} against ${y} in axis ${i - rank}`,
      { mend: "Sizes must be equal, or 1, counted from the last axis." },
    );
  });
}

/** Strides by which elements of `shape` are repeated to fill `to`. Throws SHAPE. */
export function broadcastStrides(shape: Shape, strides: Shape, to: Shape, where: string): number[] {
  const added = to.length - shape.length;
  const fits = added >= 0 && shape.every((size, i) => size === to[added + i] || size === 1);
  if (!fits)
    throw new CenoteError("SHAPE", `${where}: ${shown(shape)} can't be repeated to ${shown(to)}`);
  return to.map((size, i) => (i < added || shape[i - added] !== size ? 0 : strides[i - added]!));
}

/** The axis counted from 0. Throws AXIS. */
export function checkedAxis(axis: unknown, rank: number, where: string): number {
  if (Number.isInteger(axis)) {
    const from0 = (axis as number) < 0 ? (axis as number) + rank : (axis as number);
    if (from0 >= 0 && from0 < rank) return from0;
  }
  throw new CenoteError(
    "AXIS",
    `${where}: wanted an axis from ${-rank} to ${rank - 1}, found ${told(axis)}`,
    rank === 0
      ? { mend: "The tensor has no axes: its shape is []." }
      : typeof axis === "object"
        ? { mend: "Axes come first: x.mean(1, { keepDims: true })." }
        : {},
  );
}

/** Axes counted from 0, in order; all when none are given. Throws AXIS. */
export function checkedAxes(
  axes: number | readonly number[] | undefined,
  rank: number,
  where: string,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const found = (Array.isArray(axes) ? axes : [axes]).map((axis) => checkedAxis(axis, rank, where));
  if (new Set(found).size === found.length) return found.sort((a, b) => a - b);
  throw new CenoteError(
    "AXIS",
    `${where}: wanted each axis once, found ${shown(axes as number[])}`,
  );
}

/** The new shape with a size of −1 worked out. Throws SHAPE. */
export function resolveShape(shape: Shape, wanted: unknown, where: string): number[] {
  const given = Array.isArray(wanted) ? [...(wanted as number[])] : [wanted as number];
  const open = given.indexOf(-1);
  const others = given.filter((_, i) => i !== open);
  const whole = (size: number) => Number.isSafeInteger(size) && size >= 0;
  const known = others.every(whole) ? sizeOf(others) : Number.NaN;
  if (open >= 0) given[open] = known === 0 ? 0 : sizeOf(shape) / known;
  const bad = !given.every(whole) || given.length > MAX_RANK;
  if (!bad && sizeOf(given) === sizeOf(shape)) return given;
  throw new CenoteError(
    "SHAPE",
    given.length > MAX_RANK
      ? `${where}: wanted at most ${MAX_RANK} sizes, found ${shown(given)}`
      : `${where}: ${shown(shape)} has ${sizeOf(shape)} elements, which ${shown(Array.isArray(wanted) ? wanted : [wanted as number])} does not hold`,
  );
}

/** Strides of a reshaped view; undefined where the elements would have to move. */
export function reshapeStrides(shape: Shape, strides: Shape, to: Shape): number[] | undefined {
  if (sizeOf(shape) === 0) return rowMajor(to);
  const from = shape
    .map((size, i) => ({ size, stride: strides[i]! }))
    .filter(({ size }) => size !== 1);
  const found = new Array<number>(to.length).fill(0);
  let axis = 0;
  for (let i = 0; i < from.length; ) {
    let size = from[i]!.size;
    let { stride } = from[i]!;
    const first = axis;
    let wanted = 1;
    while (axis < to.length && (wanted < size || to[axis] === 1)) wanted *= to[axis++]!;
    let next = i + 1;
    while (wanted > size && next < from.length) {
      if (stride !== from[next]!.stride * from[next]!.size) return undefined;
      size *= from[next]!.size;
      stride = from[next++]!.stride;
      while (axis < to.length && wanted < size) wanted *= to[axis++]!;
    }
    if (wanted !== size) return undefined;
    for (let at = axis - 1; at >= first; at--) {
      found[at] = stride;
      stride *= to[at]!;
    }
    i = next;
  }
  return found;
}

/** Adjacent axes joined where every one of `all` strides allows it; axes of size 1 go. */
export function collapse(
  shape: Shape,
  all: readonly Shape[],
): { shape: number[]; strides: number[][] } {
  const sizes: number[] = [];
  const strides: number[][] = all.map(() => []);
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue;
    const last = sizes.length - 1;
    const joins = last >= 0 && all.every((of, k) => strides[k]![last] === of[i]! * shape[i]!);
    if (joins) {
      sizes[last]! *= shape[i]!;
      for (const [k, of] of all.entries()) strides[k]![last] = of[i]!;
    } else {
      sizes.push(shape[i]!);
      for (const [k, of] of all.entries()) strides[k]!.push(of[i]!);
    }
  }
  return { shape: sizes, strides };
}
