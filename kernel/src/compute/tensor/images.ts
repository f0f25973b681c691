// Images of other sizes: (batch, height, width, channels).
import { CenoteError } from "../../base/index.ts";
import { optionsOf, told } from "./arguments.ts";
import { floatOf } from "./dtypes.ts";
import { Linear } from "./linear.ts";
import { castTo } from "./operands.ts";
import { resized } from "./resize.ts";
import { tidy } from "./tidy.ts";
import type { Places, Resizing } from "./windows.ts";

export interface ResizeOptions {
  /**
   * What lies at the same place in both images: the "corners" of the first elements (the default, as in TF.js), the
   * "centers" of elements as areas, or the centers of the first and of the last elements ("ends": alignCorners).
   */
  align?: "corners" | "centers" | "ends";
}

/** Where elements lie that are mixed of two. */
function placesOf(from: number, to: number, align: string): Places {
  if (align === "centers") return { times: 2 * from, plus: from - to, over: 2 * to };
  if (align === "corners" || to === 1) return { times: from, plus: 0, over: to };
  return { times: from - 1, plus: 0, over: to - 1 };
}

/** Where nearest elements lie: centers in the area that holds them; ends rounded, halves up; corners rounded down. */
function nearestOf(from: number, to: number, align: string): Places {
  if (align === "centers") return { times: 2 * from, plus: from, over: 2 * to };
  const { times, plus, over } = placesOf(from, to, align);
  return align === "ends" && to > 1
    ? { times: 2 * times, plus: over, over: 2 * over }
    : { times, plus, over };
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

  #resized(
    height: number,
    width: number,
    how: Resizing,
    options: ResizeOptions,
    where: string,
  ): this {
    const align = this.#sizes(height, width, options, where);
    const along = how === "nearest" ? nearestOf : placesOf;
    const [rows, columns] = this.shape.slice(1) as [number, number];
    const places = [along(rows, height, align), along(columns, width, align)] as const;
    const { result, shape } = resized(this, [height, width], places, how, where);
    const dtype = how === "nearest" ? this.dtype : floatOf(this.dtype);
    return tidy(() => this.make(shape, castTo(result, dtype), where));
  }

  /** Each element that of the image nearest to its place. Derivative: the sizes. Throws SHAPE, OPTIONS. */
  resizeNearest(height: number, width: number, options: ResizeOptions = {}): this {
    return this.#resized(height, width, "nearest", options, "resizeNearest");
  }

  /** Each element made of the four of the image around its place, by their distances. As floats. Derivative: the sizes. Throws SHAPE, OPTIONS. */
  resizeBilinear(height: number, width: number, options: ResizeOptions = {}): this {
    return this.#resized(height, width, "bilinear", options, "resizeBilinear");
  }
}
