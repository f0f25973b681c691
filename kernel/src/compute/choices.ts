// Values that are chosen from two: fillNull, coalesce and when. Both take one type, and a literal takes the
// other's.
import { type ColumnType, isPlain, TYPES } from "../columns/index.ts";
import { isTextual } from "./comparison.ts";
import { common, convert, isNumber, logical, type Side, typedSide, wrongType } from "./kinds.ts";
import { literal } from "./literals.ts";
import type { Value } from "./nodes.ts";
import { textType } from "./texts.ts";
import { node, type Typed } from "./typed.ts";

/** left where it is not null, else right. Throws WRONG_TYPE and LITERAL_TYPE. */
export function fillNull(left: Side, right: Side, where: string): Typed {
  const [a, b, type] = alike(left, right, where);
  return node("fillNull", type, [a, b]);
}

/** `then` where the test is true, else (false or null) `otherwise`. */
export function choose(test: Side, then: Side, otherwise: Side, where: string): Typed {
  const by = "value" in test ? literal(test.value, TYPES.bool, where) : logical(test.at, where);
  const [a, b, type] = alike(then, otherwise, where);
  return node("if", type, [by, a, b]);
}

function alike(left: Side, right: Side, where: string): [Typed, Typed, ColumnType] {
  if ("value" in left && "at" in right) {
    const [b, a, type] = alike(right, left, where);
    return [a, b, type];
  }
  const a = choosable(
    "value" in left && left.value === null ? nothing() : typedSide(left, where),
    where,
  );
  // A text beside codes stays text; a literal beside anything else takes its type.
  const b = "at" in right ? choosable(right.at, where) : besides(a, right, where);
  if (isTextual(a) && isTextual(b)) return [a, b, textType(a, b)];
  if (a.type.name === b.type.name) return [a, b, a.type];
  if (a.type.kind === "decimal" && b.type.kind === "decimal" && a.type.scale === b.type.scale)
    return [a, b, a.type.precision! > b.type.precision! ? a.type : b.type];
  if (a.op === "literal" && a.value === null) return [convert(a, b.type), b, b.type];
  for (const side of [a, b]) {
    if (!isNumber(side.type))
      throw wrongType(
        where,
        side,
        `${(side === a ? b : a).type.name} as in the other value`,
        "Cast one of them.",
      );
  }
  const type = common(a, b, where);
  return [convert(a, type), convert(b, type), type];
}

const nothing = () => node("literal", TYPES.bool, [], { value: null });

function besides(a: Typed, right: Side & { readonly value: Value }, where: string): Typed {
  if (a.op === "literal" && right.value !== null) return typedSide(right, where);
  return literal(right.value, isTextual(a) ? textType(a) : a.type, where);
}

function choosable(at: Typed, where: string): Typed {
  if (isPlain(at.type) || at.type.kind === "decimal") return at;
  throw wrongType(
    where,
    at,
    "numbers, bools, texts, dates or times",
    "Such columns are only carried.",
  );
}
