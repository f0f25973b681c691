// Objects of many inner parts say what they are in one line: to console.log, within others and in templates.
// JavaScript's operators don't work on them, and would quietly give nonsense.
import { CenoteError } from "./errors.ts";

/** The method by which Node's `inspect` asks an object for its text. */
export const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** What a promise is called where a value is wanted. */
export const A_PROMISE = "a promise: write await before it";

/** For `Symbol.toPrimitive`: the text in a template. Throws OPERATOR for `+`, `<`, `==` and their like. */
export function textOnly(value: object, hint: string, mend: string): string {
  if (hint === "string") return value.toString();
  throw new CenoteError(
    "OPERATOR",
    `${value.toString()}: JavaScript's operators, such as + > ==, don't work here`,
    { mend },
  );
}
