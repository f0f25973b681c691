// How a workgroup brings a block of one operand into its shared memory: by vectors along the axis in which elements
// follow each other, turned on the way where that is the common one, or one by one. What lies beyond the matrix is 0.
import type { Kernel } from "../wgsl/kernel.ts";
import { type Product, type Reader, scaleReader, suitsVectors, times, typeOf } from "./operands.ts";

/** By vectors along an axis, or single elements, which neighbours take along the nearer axis. */
type Way = "outer" | "common" | "single";

function wayOf(product: Product, name: "a" | "b"): Way {
  const { m, n, k } = product.sizes;
  const side = product[name];
  if (suitsVectors(side, "outer", name === "a" ? m : n)) return "outer";
  // A scale may change from one element to the next along the common axis.
  const scaled = name === "b" && product.scales !== undefined;
  return !scaled && suitsVectors(side, "common", k) ? "common" : "single";
}

export const readsVectors = (product: Product, name: "a" | "b"): boolean =>
  wayOf(product, name) !== "single";

/** Whether both operands lie in the same memory, which is bound once. */
export const isShared = ({ a, b }: Product): boolean =>
  a.leaf.storage.block === b.leaf.storage.block;

interface FillOf {
  readonly product: Product;
  readonly name: "a" | "b";
  /** Elements of the axis that the result keeps, and of the common one: where the matrix ends. */
  readonly size: string;
  readonly whole: string;
  /** Fours of the first that are brought, and with what divides them from the next. */
  readonly fours: number;
  readonly padded: number;
  /** Elements of the common axis, or words of four bytes. */
  readonly depth: number;
  readonly dots: boolean;
}

export class Fill {
  readonly #of: FillOf;
  readonly #reader: Reader;
  readonly #way: Way;
  readonly #type: string;
  readonly #scale: ReturnType<typeof scaleReader> | undefined;

  constructor(kernel: Kernel, reader: Reader, of: FillOf) {
    const { product, name, dots, depth, padded } = of;
    this.#of = of;
    this.#reader = reader;
    this.#way = dots ? "single" : wayOf(product, name);
    this.#type = dots ? "u32" : typeOf(product);
    if (name === "b" && product.scales) this.#scale = scaleReader(kernel, product.scales);
    kernel.share(`tile_${name}`, `vec4<${this.#type}>`, padded * depth);
  }

  /** Statements by which so many invocations fill the tile. */
  text(invocations: number): string[] {
    const { name, fours, depth } = this.#of;
    const steps = this.#way === "common" ? depth / 4 : depth;
    const along = name === "a" ? "row" : "column";
    const isNear =
      this.#way === "common" || (this.#way === "single" && this.#of.product[name].common === 1);
    const [four, step] = isNear
      ? [`unit / ${steps}u`, `unit % ${steps}u`]
      : [`unit % ${fours}u`, `unit / ${fours}u`];
    return [
      `for (var unit = lane; unit < ${fours * steps}u; unit += ${invocations}u) {`,
      `let four = ${four};`,
      `let step = ${step};`,
      `let o = ${along} + four * 4u;`,
      ...{ outer: this.#outer(), common: this.#turned(), single: this.#single() }[this.#way],
      "}",
    ];
  }

  #index(outer: string, common: string): string {
    return `${this.#of.name}0 + (${outer}) * ${this.#reader.outer} + (${common}) * ${this.#reader.common}`;
  }

  #put(step: string, value: string): string {
    return `tile_${this.#of.name}[(${step}) * ${this.#of.padded}u + four] = ${value};`;
  }

  /** A value where it lies within the matrix, 0 beyond: what is read there is some other element. */
  #within(type: string, value: string, outer: string): string {
    return `select(${type}(0), ${value}, k < ${this.#of.whole} && ${outer} < ${this.#of.size})`;
  }

  #outer(): string[] {
    const scales = this.#scale && times(4, (c) => this.#scaleAt(`o + ${c}u`)).join(", ");
    const loaded = `${this.#reader.four(this.#index("o", "k"))}${scales ? ` * vec4f(${scales})` : ""}`;
    return [
      "let k = begin + step;",
      this.#put("step", this.#within(`vec4<${this.#type}>`, loaded, "o")),
    ];
  }

  #scaleAt(outer: string): string {
    return this.#scale!.at(`k / ${this.#scale!.size}`, outer);
  }

  #turned(): string[] {
    const vector = `vec4<${this.#type}>`;
    return [
      "let k = begin + step * 4u;",
      ...times(4, (c) => {
        const loaded = this.#reader.four(this.#index(`o + ${c}u`, "k"));
        return `let v${c} = ${this.#within(vector, loaded, `o + ${c}u`)};`;
      }),
      ...times(4, (s) => {
        const turned = times(4, (c) => `v${c}[${s}]`).join(", ");
        return this.#put(`step * 4u + ${s}u`, `${vector}(${turned})`);
      }),
    ];
  }

  #single(): string[] {
    const { dots } = this.#of;
    const parts = times(4, (c) => {
      const index = this.#index(`o + ${c}u`, dots ? "k * 4u" : "k");
      const loaded = dots ? this.#reader.word(index) : this.#reader.at(index);
      const scaled = this.#scale ? `${loaded} * ${this.#scaleAt(`o + ${c}u`)}` : loaded;
      return this.#within(this.#type, scaled, `o + ${c}u`);
    });
    return ["let k = begin + step;", this.#put("step", `vec4<${this.#type}>(${parts.join(", ")})`)];
  }
}
