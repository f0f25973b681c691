// Exact sums of floats in as few words as the exponents of their column need.
import type { ColumnStore } from "../../columns/index.ts";
import type { Part } from "../wgsl/parts.ts";

/** The part, or that of a column without NaN and infinities with the limbs that its sums can reach. */
export function trimmed(store: ColumnStore, part: Part): Part {
  if (part.kind !== "floats" || part.of.op !== "column") return part;
  const { exponents } = store.column(part.of.column!);
  if (!exponents?.finite) return part;
  const { low, high } = exponents;
  const base = (low - 1) >>> 5;
  const significand = part.of.type.kind === "f32" ? 24 : 53;
  // The greatest value's bits above the base, as many more as the rows may add, and the sign.
  const bits = high - 1 - 32 * base + significand + Math.ceil(Math.log2(store.rows + 1)) + 1;
  // Of few sizes, so that columns with other exponents have the same kernel.
  const limbs = SIZES.find((size) => size * 32 >= bits && size < part.limbs);
  return limbs === undefined ? part : { ...part, base, limbs };
}

const SIZES = [4, 8];
