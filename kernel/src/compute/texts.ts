// Texts: what may be tested, cut and joined with what.
import { isUtf8, LARGE_UTF8, TYPES, UTF8 } from "../columns/index.ts";
import { type Side, typedSide, wrongType } from "./kinds.ts";
import type { TextTest } from "./nodes.ts";
import { node, type Typed } from "./typed.ts";

/** A side that is text: a column, a computed one or a literal. Throws WRONG_TYPE. */
export function text(side: Side, where: string): Typed {
  if ("value" in side && side.value === null) return node("literal", UTF8, [], { value: null });
  const at = typedSide(side, where);
  if (isUtf8(at.type)) return at;
  throw wrongType(
    where,
    at,
    "text (utf8, or a dictionary of it)",
    "Only texts have text operations.",
  );
}

/** The type of a text that is computed from these. */
export function textType(...from: readonly Typed[]): typeof UTF8 {
  return from.some(({ type }) => type.name.includes("large_")) ? LARGE_UTF8 : UTF8;
}

/** Whether the left text contains, starts or ends with the right one. */
export function textTest(op: TextTest, left: Side, right: Side, where: string): Typed {
  return node(op, TYPES.bool, [text(left, where), text(right, where)]);
}

/** One text after the other. */
export function concat(left: Side, right: Side, where: string): Typed {
  const [a, b] = [text(left, where), text(right, where)];
  return node("concat", textType(a, b), [a, b]);
}

/** Bytes, or code points, of a text. */
export function textLength(op: "length" | "byteLength", a: Typed, where: string): Typed {
  return node(op, TYPES.int32, [text({ at: a }, where)]);
}

/** The text in capitals or small letters (ASCII). */
export function letters(op: "upper" | "lower", a: Typed, where: string): Typed {
  return node(op, textType(a), [text({ at: a }, where)]);
}

/** Some code points of a text. */
export function slice(a: Typed, span: readonly [number, number | null], where: string): Typed {
  return node("slice", textType(a), [text({ at: a }, where)], { span });
}
