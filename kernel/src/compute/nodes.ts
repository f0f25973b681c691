// The nodes that expressions are made of, before they have types. expr.ts makes them, rules.ts reads them.

/** An expression, as far as nodes know it: expr.ts has what people call. */
export interface Term {
  readonly node: ExprNode;
  /** As it was written. */
  toString(): string;
}

/** What a literal may be. A Date or an ISO text stands for a moment where a date or timestamp is met. */
export type Value = number | bigint | boolean | string | Date | null;

export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "floorDiv"
  | "mod"
  | "gt"
  | "ge"
  | "lt"
  | "le"
  | "eq"
  | "ne"
  | "and"
  | "or"
  | "fillNull"
  | TextTest
  | "concat"
  | "element";
/** Tests of a text by another one. */
export type TextTest = "contains" | "startsWith" | "endsWith";
export type UnaryOp =
  | "neg"
  | "abs"
  | "floor"
  | "ceil"
  | "round"
  | "sqrt"
  | "not"
  | "isNull"
  | "isNotNull"
  | "length"
  | "byteLength"
  | "upper"
  | "lower"
  | DatePart;
export type DatePart = "year" | "month" | "day" | "weekday" | "hour" | "minute" | "second";

export type ExprNode =
  | { readonly op: "column"; readonly name: string }
  | { readonly op: "literal"; readonly value: Value }
  | { readonly op: BinaryOp; readonly args: readonly [Term, Term] }
  | { readonly op: UnaryOp; readonly args: readonly [Term] }
  | { readonly op: "cast"; readonly args: readonly [Term]; readonly to: string }
  | {
      readonly op: "slice";
      readonly args: readonly [Term];
      /** Offset, and length or null for all that follows, in code points. */
      readonly span: readonly [number, number | null];
    }
  | { readonly op: "if"; readonly args: readonly [test: Term, then: Term, otherwise: Term] }
  | { readonly op: "field"; readonly args: readonly [Term]; readonly name: string }
  | { readonly op: "isIn"; readonly args: readonly [Term]; readonly values: readonly Value[] };

/** What a term is made of. */
export const termsOf = ({ node }: Term): readonly Term[] => ("args" in node ? node.args : []);
