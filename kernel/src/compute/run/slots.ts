// How the rows of an aggregate find their groups; the three ways are described in wgsl/group.ts.
import type { ColumnStore } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import type { Digit, Slots } from "../wgsl/group.ts";

/** Slots that are addressed directly, at most. */
const DIRECT_SLOTS = 1 << 17;

/** Direct where all keys have few possible values, else by hash. */
export function slotsFor(store: ColumnStore, keys: readonly Typed[]): Slots {
  if (keys.length === 0) return { by: "one" };
  const digits = keys.map((key) => digitOf(store, key));
  if (digits.some((digit) => digit === undefined)) return { by: "hash" };
  const known = digits as Digit[];
  const size = known.reduce((product, digit) => product * (digit.size + 1), 1);
  return size <= DIRECT_SLOTS ? { by: "direct", digits: known, size } : { by: "hash" };
}

function digitOf(store: ColumnStore, key: Typed): Digit | undefined {
  const { kind, bits } = key.type;
  if (key.range) return { low: key.range[0], size: key.range[1] - key.range[0] + 1 };
  if (kind === "bool") return { low: 0, size: 2 };
  if (kind === "code") return { low: 0, size: store.column(key.column!).dictionary!.length };
  if (kind === "u32" && bits <= 16) return { low: 0, size: 2 ** bits };
  if (kind === "i32" && bits <= 16) return { low: -(2 ** (bits - 1)), size: 2 ** bits };
  return undefined;
}
