// How the rows of an aggregate find their groups; the three ways are described in wgsl/group.ts.
import type { ColumnStore } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import type { Digit, Slots } from "../wgsl/group.ts";

/** Slots that are addressed directly, at most, and how many a table of few rows is given. */
const DIRECT_SLOTS = 1 << 17;
const FEW_SLOTS = 4096;

/** Direct where all keys have few possible values, for the rows that there are; else by hash. */
export function slotsFor(store: ColumnStore, keys: readonly Typed[]): Slots {
  if (keys.length === 0) return { by: "one" };
  const digits = keys.map((key) => digitOf(store, key));
  if (digits.some((digit) => digit === undefined)) return { by: "hash" };
  const known = digits as Digit[];
  const size = known.reduce((product, digit) => product * (digit.size + 1), 1);
  const most = Math.min(DIRECT_SLOTS, Math.max(FEW_SLOTS, store.rows * 2));
  return size <= most ? { by: "direct", digits: known, size } : { by: "hash" };
}

function digitOf(store: ColumnStore, key: Typed): Digit | undefined {
  if (key.type.kind === "code")
    return { low: 0, size: store.column(key.column!).dictionary!.length };
  const range = rangeOf(store, key);
  return range && { low: range[0], size: range[1] - range[0] + 1 };
}

/** Between which all values of an integer or bool are that are not null, where that is known. */
export function rangeOf(
  store: ColumnStore,
  { op, type: { kind, bits }, range, column }: Typed,
): readonly [number, number] | undefined {
  if (range) return range;
  if (kind === "bool") return [0, 1];
  const bounds = op === "column" ? store.column(column!).bounds : undefined;
  if (bounds) return [bounds.low, bounds.high];
  if (bits > 16) return undefined;
  if (kind === "u32") return [0, 2 ** bits - 1];
  return kind === "i32" ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : undefined;
}
