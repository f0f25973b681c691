// GpuTensor: what people hold.
import {
  CenoteError,
  DISPLAY,
  formatBytes,
  INSPECT,
  type MimeBundle,
  textOnly,
} from "../../base/index.ts";
import type { GpuTable } from "../table.ts";
import { Images } from "./images.ts";
import { shown } from "./shape.ts";
import { tidy } from "./tidy.ts";
import { tensorToTable } from "./to-table.ts";

/** Numbers in arrays of arrays. */
export type Nested = number | Nested[];

/** Elements of an axis that are shown; of longer ones the first and last three. */
const SHOWN = 6;

/**
 * An n-dimensional array in the pool, or an expression of such. Immutable; operations return new tensors.
 * Element-wise operations and views wait, and are computed in one kernel with what uses them.
 */
export class GpuTensor extends Images {
  /** This matrix as a table of float32 columns of these names (c0, c1 … by default). Dispose it when done. Throws SHAPE. */
  toTable(names?: readonly string[]): GpuTable {
    return tensorToTable(this, names);
  }

  /** The only element, as a number; of bools 0 or 1. One read-back. Rejects with SHAPE. */
  async item(): Promise<number> {
    if (this.size === 1) return Number((await this.read())[0]);
    throw new CenoteError("SHAPE", `item(): wanted one element, found ${this.described}`, {
      mend: "read() gives all, slice and sum() one.",
    });
  }

  /** The elements as numbers in nested arrays; of a tensor of shape [] the number. One read-back. */
  async toArray(): Promise<Nested> {
    const values = await this.read();
    let next = 0;
    const part = (axis: number): Nested =>
      axis === this.rank
        ? Number(values[next++])
        : Array.from({ length: this.shape[axis]! }, () => part(axis + 1));
    return part(0);
  }

  /** dtype, shape and memory, as in "f32[2, 3] (32 B)". Computes nothing. */
  override toString(): string {
    const memory = this.computed ? formatBytes(this.bytes) : "not computed yet";
    return `${this.dtype}${shown(this.shape)} (${this.disposed ? "disposed" : memory})`;
  }

  [INSPECT](): string {
    return `GpuTensor ${this}`;
  }

  [Symbol.toPrimitive](hint: string): string {
    return textOnly(this, hint, "Its methods stand for them: x.add(1), x.gt(0), x.eq(y).");
  }

  /** For Jupyter: dtype, shape, bytes, and the elements at the ends of each axis. */
  async [DISPLAY](): Promise<MimeBundle> {
    const head = `${this}`;
    return { "text/plain": `${head}\n${await this.#text()}` };
  }

  async #text(): Promise<string> {
    const ends = this.shape.map((size) =>
      size > SHOWN ? [0, 1, 2, size - 3, size - 2, size - 1] : undefined,
    );
    using parts = tidy(() =>
      ends.reduce<GpuTensor>((found, at, axis) => {
        if (!at) return found;
        const cut = (from: number, to: number | null) =>
          found.slice(...ends.map((_, i) => (i === axis ? ([from, to] as const) : null)));
        // Else what waits would be in the kernel as often as there are ends.
        return cut(0, 3)
          .concat([cut(-3, null)], axis)
          .compute();
      }, this.slice()),
    );
    const values = Array.from(await parts.read(), (value) => this.#element(Number(value)));
    const width = Math.max(0, ...values.map((value) => value.length));
    let next = 0;
    const nested = (axis: number): string => {
      if (axis === this.rank) return values[next++]!.padStart(width);
      const size = parts.shape[axis]!;
      const items = Array.from({ length: size }, () => nested(axis + 1));
      if (ends[axis]) items.splice(3, 0, "…");
      return `[${items.join(axis === this.rank - 1 ? ", " : `,\n${" ".repeat(axis + 1)}`)}]`;
    };
    return nested(0);
  }

  #element(value: number): string {
    if (this.dtype === "bool") return value ? "true" : "false";
    return Number.isInteger(value) && Math.abs(value) < 1e15
      ? String(value)
      : String(Number(value.toPrecision(6)));
  }
}
