// Images of other sizes: (batch, height, width, channels). Where elements come from is found in whole numbers, so that
// it is the same on every adapter.
import { CenoteError } from "../../base/index.ts";
import { optionsOf, told } from "./arguments.ts";
import { floatOf } from "./dtypes.ts";
import { Linear } from "./linear.ts";
import { tidy } from "./tidy.ts";

export interface ResizeOptions {
  /**
   * What lies at the same place in both images: the "corners" of the first elements (the default, as in TF.js), the
   * "centers" of elements as areas, or the centers of the first and of the last elements ("ends": alignCorners).
   */
  align?: "corners" | "centers" | "ends";
}

/** The place of element i is (i · times + plus) ÷ over, in elements of the source. */
interface Places {
  readonly times: number;
  readonly plus: number;
  readonly over: number;
}

function placesOf(from: number, to: number, align: string): Places {
  if (align === "centers") return { times: 2 * from, plus: from - to, over: 2 * to };
  if (align === "corners" || to === 1) return { times: from, plus: 0, over: to };
  return { times: from - 1, plus: 0, over: to - 1 };
}

export abstract class Images extends Linear {
  #sizes(height: number, width: number, given: ResizeOptions, where: string): string {
    const { align = "corners" } = optionsOf(given, where);
    const named = align === "corners" || align === "centers" || align === "ends";
    if (!named) {
      throw new CenoteError(
        "OPTIONS",
        `${where}: wanted align as corners, centers or ends, found ${told(align)}`,
      );
    }
    const [rows = 0, columns = 0] = this.shape.slice(1);
    // i · times and its like must be whole numbers of 32 bits.
    const fits = (size: unknown, from: number) =>
      Number.isSafeInteger(size) &&
      (size as number) > 0 &&
      (from + 1) * ((size as number) + 1) < 2 ** 30;
    if (this.rank === 4 && rows > 0 && columns > 0 && fits(height, rows) && fits(width, columns))
      return align;
    throw new CenoteError(
      "SHAPE",
      `${where}: wanted (batch, height, width, channels) with elements, and sizes from 1 up whose products with the image's are below 2³⁰; found ${this.described} and ${told([height, width])}`,
    );
  }

  #ramp(count: number): this {
    return this.make([count], { kind: "ramp", dtype: "i32", strides: [1], offset: 0 }, "resize");
  }

  /** Each element that of the image nearest to its place. Derivative: the sizes. Throws SHAPE, OPTIONS. */
  resizeNearest(height: number, width: number, options: ResizeOptions = {}): this {
    const align = this.#sizes(height, width, options, "resizeNearest");
    return tidy(() => this.#nearest(1, height, align).#nearest(2, width, align));
  }

  #nearest(axis: number, to: number, align: string): this {
    const from = this.shape[axis]!;
    // Centers: the element whose area holds the place; ends: rounded, halves up; corners: rounded down.
    const { times, plus, over } =
      align === "centers"
        ? { times: 2 * from, plus: from, over: 2 * to }
        : placesOf(from, to, align);
    const half = align === "ends" && to > 1;
    const place = half
      ? this.#ramp(to)
          .mul(2 * times)
          .add(over)
          .floorDiv(2 * over)
      : this.#ramp(to).mul(times).add(plus).floorDiv(over);
    return this.take(place.minimum(from - 1), axis);
  }

  /** Each element made of the four of the image around its place, by their distances. As floats. Derivative: the sizes. Throws SHAPE, OPTIONS. */
  resizeBilinear(height: number, width: number, options: ResizeOptions = {}): this {
    const align = this.#sizes(height, width, options, "resizeBilinear");
    const dtype = floatOf(this.dtype);
    return tidy(() =>
      this.cast("f32").#between(1, height, align).#between(2, width, align).cast(dtype),
    );
  }

  #between(axis: number, to: number, align: string): this {
    const from = this.shape[axis]!;
    const { times, plus, over } = placesOf(from, to, align);
    const place = this.#ramp(to)
      .mul(times)
      .add(plus)
      .clamp(0, (from - 1) * over);
    const first = place.floorDiv(over);
    const share = place.sub(first.mul(over)).cast("f32").div(over);
    const weight = share.reshape(to, ...this.shape.slice(axis + 1).map(() => 1));
    const [near, far] = [first, first.add(1).minimum(from - 1)].map((at) => this.take(at, axis));
    return near!.add(far!.sub(near!).mul(weight));
  }
}
