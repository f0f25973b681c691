// Comparisons and membership: what may be compared with what.
import type { CenoteError } from "../base/index.ts";
import { isPlain, isUtf8, TYPES, UTF8 } from "../columns/index.ts";
import { sameUnit } from "./casts.ts";
import { compareDecimals } from "./decimals.ts";
import { common, convert, isNumber, type Side, typedSide, wrongType } from "./kinds.ts";
import { compareLiteral, literal } from "./literals.ts";
import type { Value } from "./nodes.ts";
import { told } from "./told.ts";
import { node, type Typed } from "./typed.ts";

export type Comparison = "gt" | "ge" | "lt" | "le" | "eq" | "ne";
const MIRROR = { gt: "lt", ge: "le", lt: "gt", le: "ge", eq: "eq", ne: "ne" } as const;

/** `left op right`. Throws WRONG_TYPE and LITERAL_TYPE. */
export function comparison(op: Comparison, left: Side, right: Side, where: string): Typed {
  if ("value" in left && "at" in right) return comparison(MIRROR[op], right, left, where);
  const a = typedSide(left, where);
  if ("value" in right) return withLiteral(op, a, right.value, where);
  const b = right.at;
  if (isTextual(a) && isTextual(b)) return textComparison(op, a, b, where);
  if (a.type.kind === "bool" && b.type.kind === "bool") {
    equalityOnly(op, a, where);
    return node(op, TYPES.bool, [a, b]);
  }
  if (a.type.temporal || b.type.temporal) return node(op, TYPES.bool, sameTemporal(a, b, where));
  if (a.type.kind === "decimal" || b.type.kind === "decimal")
    return compareDecimals(op, a, b, where);
  for (const side of [a, b]) if (!isNumber(side.type)) throw incomparable(where, side);
  const type = common(a, b, where);
  return node(op, TYPES.bool, [convert(a, type), convert(b, type)]);
}

function withLiteral(op: Comparison, a: Typed, value: Value, where: string): Typed {
  if (isTextual(a)) return textWithLiteral(op, a, value, where);
  if (!isPlain(a.type) && a.type.kind !== "decimal") throw incomparable(where, a);
  if (a.type.kind === "bool") equalityOnly(op, a, where);
  return compareLiteral(op, a, value, where);
}

/** Whether values are text, in full or as codes. */
export const isTextual = (at: Typed) => at.type.kind === "text" || at.type.kind === "code";

function incomparable(where: string, at: Typed): CenoteError {
  return wrongType(
    where,
    at,
    isTextual(at) ? "text on both sides" : "a type that can be compared",
    isTextual(at) ? "Compare it with a text." : "Such columns are carried, but not computed with.",
  );
}

function equalityOnly(op: Comparison, at: Typed, where: string): void {
  if (op === "eq" || op === "ne") return;
  throw wrongType(where, at, "a type with an order", "Use .eq or .ne.");
}

// Texts have the order of their UTF-8 bytes, which is that of their code points.
function textComparison(op: Comparison, a: Typed, b: Typed, where: string): Typed {
  for (const side of [a, b]) {
    if (side.type.kind === "code" && !isUtf8(side.type)) throw incomparable(where, side);
  }
  if (op === "ne") return node("not", TYPES.bool, [node("eq", TYPES.bool, [a, b])]);
  return node(op, TYPES.bool, [a, b]);
}

function textWithLiteral(op: Comparison, a: Typed, value: Value, where: string): Typed {
  if (value === null) return node("literal", TYPES.bool, [], { value: null });
  if (op !== "eq" && op !== "ne")
    return textComparison(op, a, literal(textValue(a, value, where), UTF8, where), where);
  const found = among(a, [value], where);
  return op === "eq" ? found : node("not", TYPES.bool, [found]);
}

function textValue(a: Typed, value: Value, where: string): string {
  if (typeof value === "string") return value;
  throw wrongType(where, a, `text to compare with, not ${told(value)}`, "Write a text in quotes.");
}

function among(a: Typed, values: readonly Value[], where: string): Typed {
  const texts = values.filter((value) => value !== null);
  return node("among", TYPES.bool, [a], { values: texts.map((v) => textValue(a, v, where)) });
}

/** Values of a list that are compared one by one; longer lists are searched. */
const FEW_VALUES = 16;

/** Whether a is one of `values`; nulls among them match nothing. */
export function isIn(a: Typed, values: readonly Value[], where: string): Typed {
  if (isTextual(a)) return among(a, values, where);
  if (!isPlain(a.type) && a.type.kind !== "decimal") throw incomparable(where, a);
  // A value that a's type cannot have is known to be unequal.
  const tests = values
    .filter((v) => v !== null)
    .map((value) => compareLiteral("eq", a, value, where))
    .filter(({ op }) => op === "eq");
  if (tests.length > FEW_VALUES && a.type.kind !== "bool" && a.type.kind !== "decimal") {
    const found = tests
      .map(({ args }) => args[1]!.value as number | bigint)
      .filter((value) => !Number.isNaN(value));
    return node("among", TYPES.bool, [a], { values: found });
  }
  return tests.reduce(
    (found, test) => node("or", TYPES.bool, [found, test]),
    tests.shift() ?? node("known", TYPES.bool, [a], { value: false }),
  );
}

function sameTemporal(a: Typed, b: Typed, where: string): [Typed, Typed] {
  const same = sameUnit(a, b);
  if (same) return same;
  throw wrongType(where, b, `${a.type.name} as on the other side`, 'Cast both: .cast("int64").');
}
