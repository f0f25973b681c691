// What tables are joined by, as people write it.
import { CenoteError } from "../../base/index.ts";
import { isTextual } from "../comparison.ts";
import { sameScale } from "../decimals.ts";
import { col, type Expr } from "../expr.ts";
import { expression, optionsOf } from "../given.ts";
import { common, convert, isNumber } from "../kinds.ts";
import type { Plan } from "../plan.ts";
import { resolve } from "../rules.ts";
import { checkOrdered } from "../run/order.ts";
import { told } from "../told.ts";
import type { Typed } from "../typed.ts";
import { type JoinKind, KINDS } from "../wgsl/join.ts";

/** A key of both tables: a name that both have, or one for each side. */
export type JoinKey = string | { readonly left: string | Expr; readonly right: string | Expr };

export interface JoinOptions {
  readonly on: JoinKey | readonly JoinKey[];
  /** Default "inner". */
  readonly how?: How;
  /** What is put behind the name of a right column that the left table has too. Default "_right". */
  readonly suffix?: string;
}

/** What becomes of rows: "full" is a left join, and then the right rows that matched none. */
export type How = JoinKind | "full";

export interface TypedJoinKey {
  readonly left: Typed;
  readonly right: Typed;
  /** Of a column that both tables have: its name. */
  readonly name?: string;
  /** Whether the type that both compare as cannot hold every value of either. */
  readonly narrower?: boolean;
}

/** The keys with their types, the same on both sides. Throws NO_KEYS, BAD_JOIN, KEY_TYPES and NO_ORDER. */
export function joinKeys(left: Plan, right: Plan, options: JoinOptions): TypedJoinKey[] {
  const { on, how = "inner", suffix = "" } = optionsOf(options, "join(other, options)");
  if (typeof suffix !== "string")
    throw new CenoteError(
      "NOT_A_NAME",
      `join(…, { suffix }): wanted a text, found ${told(suffix)}`,
    );
  const hows = [...Object.keys(KINDS), "full"];
  if (!hows.includes(how)) {
    throw new CenoteError(
      "BAD_JOIN",
      `join(…, { how }): wanted ${hows.join(", ")}, found ${told(how)}`,
    );
  }
  const keys = (Array.isArray(on) ? on : on === undefined ? [] : [on]) as JoinKey[];
  if (keys.length === 0) {
    throw new CenoteError("NO_KEYS", "join(…, { on }): wanted a key or more, found none", {
      mend: 'For example { on: "id" }, or { on: { left: "id", right: "user" } }.',
    });
  }
  return keys.map((key) => typedKey(key, left, right));
}

function typedKey(key: JoinKey, left: Plan, right: Plan): TypedJoinKey {
  const sides = typeof key === "string" ? { left: key, right: key } : key;
  const exprOf = (side: string | Expr, name: string) =>
    typeof side === "string" ? col(side) : expression(side, `join(…, { on: { ${name} } })`);
  const [a, b] = [exprOf(sides?.left, "left"), exprOf(sides?.right, "right")];
  const where = `join on ${a} = ${b}`;
  const x = resolve(a, left.columns, `${where}, left table`);
  const y = resolve(b, right.columns, `${where}, right table`);
  for (const at of [x, y]) checkOrdered(at, where);
  const same = sides.left === sides.right && typeof sides.left === "string";
  const named = same ? { name: sides.left as string } : {};
  if (x.type.name === y.type.name || alike(x, y)) return { left: x, right: y, ...named };
  if (isNumber(x.type) && isNumber(y.type)) {
    const type = common(x, y, where);
    return { left: convert(x, type), right: convert(y, type), ...named };
  }
  const isDecimal = ({ type }: Typed) => type.kind === "decimal";
  if ((isDecimal(x) || isNumber(x.type)) && (isDecimal(y) || isNumber(y.type))) {
    const { sides, exact } = sameScale(x, y, where);
    return { left: sides[0], right: sides[1], narrower: !exact, ...named };
  }
  throw new CenoteError(
    "KEY_TYPES",
    `${where}: the left key is ${x.type.name}, the right one ${y.type.name}; wanted the same type`,
    { mend: "Make them alike with .cast(…)." },
  );
}

// Texts of any layout, in full or as codes.
const alike = (x: Typed, y: Typed) =>
  isTextual(x) && isTextual(y) && [x, y].every(({ type }) => /utf8/.test(type.name));
