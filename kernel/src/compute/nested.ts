// Structs and lists: what is in them.
import { type Side, typedSide, wrongType } from "./kinds.ts";
import type { Typed } from "./typed.ts";

/** A field of a struct. Throws WRONG_TYPE and UNKNOWN_FIELD. */
export function field(a: Typed, name: string, where: string): Typed {
  throw wrongType(
    where,
    a,
    `a struct with the field ${JSON.stringify(name)}`,
    "Only structs have fields.",
  );
}

/** An element of a list. Throws WRONG_TYPE. */
export function element(left: Side, _index: Side, where: string): Typed {
  throw wrongType(where, typedSide(left, where), "a list", "Only lists have elements.");
}
