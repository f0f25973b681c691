// What rows are sorted by, as people write it.

import { CenoteError } from "../../base/index.ts";
import { col, Expr } from "../expr.ts";
import { expression } from "../given.ts";
import { resolve, type Scope } from "../rules.ts";
import { checkOrdered } from "../run/order.ts";
import { told } from "../told.ts";
import type { Typed } from "../typed.ts";

/** A key with its direction. Nulls are last unless it says otherwise, whatever the direction. */
export interface Direction {
  readonly by: string | Expr;
  readonly descending?: boolean;
  readonly nulls?: "first" | "last";
}

/** A column, an expression, or one with a direction; ascending by default. */
export type SortKey = string | Expr | Direction;

export interface TypedSortKey {
  readonly at: Typed;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** The key from the greatest value to the least: sort(desc("delay")). */
export function desc(by: string | Expr, nulls: "first" | "last" = "last"): Direction {
  return { by, descending: true, nulls };
}

/** Types of the keys. Throws NO_KEYS, NOT_AN_EXPRESSION, BAD_DIRECTION, UNKNOWN_COLUMN and NO_ORDER. */
export function sortKeys(
  keys: readonly (SortKey | readonly SortKey[])[],
  scope: Scope,
  where: string,
): TypedSortKey[] {
  const all = keys.flat() as SortKey[];
  if (all.length === 0) {
    throw new CenoteError(
      "NO_KEYS",
      `${where}(): wanted a column or more to order by, found none`,
      {
        mend: `For example ${where}("delay", desc("distance")).`,
      },
    );
  }
  return all.map((key) => typedKey(key, scope, where));
}

function typedKey(key: SortKey, scope: Scope, where: string): TypedSortKey {
  const direction: Direction = isDirection(key) ? key : { by: key };
  const { by, descending = false, nulls = "last" } = direction;
  if (typeof descending !== "boolean" || (nulls !== "first" && nulls !== "last")) {
    throw new CenoteError(
      "BAD_DIRECTION",
      `${where}: wanted { by, descending: true or false, nulls: "first" or "last" }, found descending: ${told(descending)}, nulls: ${told(nulls)}`,
    );
  }
  const expr = typeof by === "string" ? col(by) : expression(by, where);
  const place = `${where}(${expr})`;
  const at = resolve(expr, scope, place);
  checkOrdered(at, place);
  return { at, descending, nullsFirst: nulls === "first" };
}

const isDirection = (key: SortKey): key is Direction =>
  typeof key === "object" && key !== null && !(key instanceof Expr) && "by" in key;
