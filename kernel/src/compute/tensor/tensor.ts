// GpuTensor: what people hold.
import { DISPLAY, formatBytes, type MimeBundle } from "../../base/index.ts";
import type { GpuTable } from "../table.ts";
import { Linear } from "./linear.ts";
import { shown } from "./shape.ts";
import { tidy } from "./tidy.ts";
import { tensorToTable } from "./to-table.ts";

/** Elements of an axis that are shown; of longer ones the first and last three. */
const SHOWN = 6;

/**
 * An n-dimensional array in the pool, or an expression of such. Immutable; operations return new tensors.
 * Element-wise operations and views wait, and are computed in one kernel with what uses them.
 */
export class GpuTensor extends Linear {
  /** This matrix as a table of float32 columns of these names (c0, c1 … by default). Dispose it when done. Throws SHAPE. */
  toTable(names?: readonly string[]): GpuTable {
    return tensorToTable(this, names);
  }

  /** For Jupyter: shape, dtype, bytes, and the elements at the ends of each axis. */
  async [DISPLAY](): Promise<MimeBundle> {
    const memory = this.computed ? formatBytes(this.bytes) : "not computed yet";
    const head = `${this.dtype}${shown(this.shape)} (${memory})`;
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
        return cut(0, 3).concat([cut(-3, null)], axis);
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
