// Pairs of rows with equal keys on the host: the rows of the right table by their keys, looked up by each row of
// the left one.
import type { How } from "../join/keys.ts";
import { NO_ROW } from "../run/across.ts";
import { columnOf, NULL_RANK, ranksOf, rowCount } from "./order.ts";
import type { HostRows } from "./side.ts";

export interface HostPairs {
  /** NO_ROW where there is none. */
  readonly left: Uint32Array;
  /** NO_ROW where there is none. */
  readonly right: Uint32Array;
}

/** In the order of the left rows, then of the right ones, then those that match none; nulls match nothing. */
export function pairsOf(
  left: HostRows,
  right: HostRows,
  keys: readonly (readonly [left: string, right: string])[],
  how: How,
): HostPairs {
  const ids = keysOf(left, right, keys);
  const found = new Map<number, number[]>();
  ids.right.forEach((id, row) => {
    if (id === NULL_RANK) return;
    const rows = found.get(id);
    if (rows) rows.push(row);
    else found.set(id, [row]);
  });
  const [lefts, rights]: [number[], number[]] = [[], []];
  const add = (a: number, b: number) => {
    lefts.push(a);
    rights.push(b);
  };
  ids.left.forEach((id, row) => {
    const matches = id === NULL_RANK ? undefined : found.get(id);
    if (how === "semi" || how === "anti") {
      if ((matches !== undefined) === (how === "semi")) add(row, NO_ROW);
    } else if (matches) for (const match of matches) add(row, match);
    else if (how !== "inner") add(row, NO_ROW);
  });
  if (how === "full") {
    const matched = new Set(rights);
    for (const row of ids.right.keys()) if (!matched.has(row)) add(NO_ROW, row);
  }
  return { left: Uint32Array.from(lefts), right: Uint32Array.from(rights) };
}

// One number for all keys of a row, the same for equal keys of both tables; NULL_RANK where one is null.
function keysOf(
  left: HostRows,
  right: HostRows,
  keys: readonly (readonly [left: string, right: string])[],
): { left: Uint32Array; right: Uint32Array } {
  const ids = { left: new Uint32Array(rowCount(left)), right: new Uint32Array(rowCount(right)) };
  for (const [a, b] of keys) {
    const [x, y] = ranksOf([columnOf(left, a), columnOf(right, b)]) as [Uint32Array, Uint32Array];
    const pairs = new Map<string, number>();
    const joint = (id: number, rank: number) => {
      if (id === NULL_RANK || rank === NULL_RANK) return NULL_RANK;
      const key = `${id} ${rank}`;
      const known = pairs.get(key) ?? pairs.size;
      pairs.set(key, known);
      return known;
    };
    ids.left = ids.left.map((id, row) => joint(id, x[row]!));
    ids.right = ids.right.map((id, row) => joint(id, y[row]!));
  }
  return ids;
}
