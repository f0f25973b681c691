// Expressions as people write them: `col("delay").gt(15).and(col("origin").eq("LAX"))`. Building one
// computes nothing and checks nothing; rules.ts gives it types against a table's columns.
import { CenoteError, INSPECT, textOnly } from "../base/index.ts";
import {
  type BinaryOp,
  type ExprNode,
  type Term,
  termsOf,
  type UnaryOp,
  type Value,
} from "./nodes.ts";
import { told } from "./told.ts";
import { clipped, walked } from "./walk.ts";

export type { BinaryOp, DatePart, ExprNode, UnaryOp, Value } from "./nodes.ts";

/** An operand: an expression, or a value that stands for a literal. Text is a literal, not a column. */
export type Operand = Expr | Value;

/**
 * A computation on each row. Immutable. Null in, null out, except for `and` and `or` (Kleene's logic, as
 * Arrow has it), `isNull`, `isNotNull`, `fillNull`, coalesce() and when().
 */
export class Expr {
  readonly node: ExprNode;
  #text: string | undefined;

  constructor(node: ExprNode) {
    this.node = node;
  }

  #binary(op: BinaryOp, other: Operand): Expr {
    return new Expr({ op, args: [this, operand(other)] });
  }

  #unary(op: UnaryOp): Expr {
    return new Expr({ op, args: [this] });
  }

  /** Sum. Integers wrap at the width of the result's type. */
  add(other: Operand): Expr {
    return this.#binary("add", other);
  }
  /** Difference; of two timestamps a duration. */
  sub(other: Operand): Expr {
    return this.#binary("sub", other);
  }
  mul(other: Operand): Expr {
    return this.#binary("mul", other);
  }
  /** True division: of float32 by float32 a float32, else a float64. */
  div(other: Operand): Expr {
    return this.#binary("div", other);
  }
  /** Integer division rounded towards −∞; null when divided by 0. */
  floorDiv(other: Operand): Expr {
    return this.#binary("floorDiv", other);
  }
  /** What `floorDiv` leaves, with the divisor's sign; null when divided by 0. */
  mod(other: Operand): Expr {
    return this.#binary("mod", other);
  }
  neg(): Expr {
    return this.#unary("neg");
  }
  abs(): Expr {
    return this.#unary("abs");
  }
  floor(): Expr {
    return this.#unary("floor");
  }
  ceil(): Expr {
    return this.#unary("ceil");
  }
  /** To the nearest whole number, halves to the even one. */
  round(): Expr {
    return this.#unary("round");
  }
  sqrt(): Expr {
    return this.#unary("sqrt");
  }

  /** Comparisons are IEEE's for floats: NaN is unequal to everything, −0 equals 0. */
  gt(other: Operand): Expr {
    return this.#binary("gt", other);
  }
  ge(other: Operand): Expr {
    return this.#binary("ge", other);
  }
  lt(other: Operand): Expr {
    return this.#binary("lt", other);
  }
  le(other: Operand): Expr {
    return this.#binary("le", other);
  }
  eq(other: Operand): Expr {
    return this.#binary("eq", other);
  }
  ne(other: Operand): Expr {
    return this.#binary("ne", other);
  }
  /** True where the value is one of `values`; null where it is null. */
  isIn(values: Iterable<Value>): Expr {
    if (typeof values === "string" || typeof values?.[Symbol.iterator] !== "function") {
      throw new CenoteError(
        "NOT_A_LIST",
        `${this}.isIn(…): wanted a list of values, found ${told(values)}`,
        {
          mend: 'Write them in brackets: .isIn(["LAX", "SFO"]).',
        },
      );
    }
    return new Expr({ op: "isIn", args: [this], values: [...values] });
  }

  /** Kleene's: false and null is false. */
  and(other: Operand): Expr {
    return this.#binary("and", other);
  }
  /** Kleene's: true or null is true. */
  or(other: Operand): Expr {
    return this.#binary("or", other);
  }
  not(): Expr {
    return this.#unary("not");
  }

  isNull(): Expr {
    return this.#unary("isNull");
  }
  isNotNull(): Expr {
    return this.#unary("isNotNull");
  }
  /** `other` where this is null. */
  fillNull(other: Operand): Expr {
    return this.#binary("fillNull", other);
  }

  /**
   * The value as another type, "float32" or "f32", say; null where it does not fit (floats are cut towards 0, then
   * must fit).
   */
  cast(to: string): Expr {
    checkName(to, "cast(to)", "the name of a type");
    return new Expr({ op: "cast", args: [this], to });
  }

  /** Whether the text holds `other`, compared by its UTF-8 bytes. */
  contains(other: Operand): Expr {
    return this.#binary("contains", other);
  }
  startsWith(other: Operand): Expr {
    return this.#binary("startsWith", other);
  }
  endsWith(other: Operand): Expr {
    return this.#binary("endsWith", other);
  }
  /** This text and then `other`. */
  concat(other: Operand): Expr {
    return this.#binary("concat", other);
  }
  /** Code points of a text; elements of a list. int32. */
  length(): Expr {
    return this.#unary("length");
  }
  /** Bytes of a text in UTF-8; int32. */
  byteLength(): Expr {
    return this.#unary("byteLength");
  }
  /** `a` to `z` as capitals; all else, beyond ASCII too, stays. */
  upper(): Expr {
    return this.#unary("upper");
  }
  /** `A` to `Z` as small letters; all else, beyond ASCII too, stays. */
  lower(): Expr {
    return this.#unary("lower");
  }
  /**
   * The code points from `offset` (counted from the end where negative) up to `offset + length`, or to the
   * end; what lies outside the text is left out. Throws BAD_COUNT.
   */
  slice(offset: number, length?: number): Expr {
    checkWhole("offset", offset, -(2 ** 31));
    if (length !== undefined) checkWhole("length", length, 0);
    return new Expr({ op: "slice", args: [this], span: [offset, length ?? null] });
  }

  /** The same as cast(). */
  astype(to: string): Expr {
    return this.cast(to);
  }

  /** The value as float32: faster than float64, with 24 bits of precision. */
  approx(): Expr {
    return this.cast("float32");
  }

  /** The field of this name of a struct. */
  field(name: string): Expr {
    checkName(name, "field(name)", "a name");
    return new Expr({ op: "field", args: [this], name });
  }
  /** The element at `index` of a list, from the end where negative; null where there is none. */
  at(index: Operand): Expr {
    return this.#binary("element", index);
  }

  /** Year of a date or timestamp (proleptic Gregorian, UTC). */
  year(): Expr {
    return this.#unary("year");
  }
  /** 1 to 12. */
  month(): Expr {
    return this.#unary("month");
  }
  /** Day of the month, 1 to 31. */
  day(): Expr {
    return this.#unary("day");
  }
  /** ISO: Monday is 1, Sunday 7. */
  weekday(): Expr {
    return this.#unary("weekday");
  }
  /** 0 to 23. */
  hour(): Expr {
    return this.#unary("hour");
  }
  minute(): Expr {
    return this.#unary("minute");
  }
  second(): Expr {
    return this.#unary("second");
  }

  /** As it was written; of a very long one the beginning and the end. */
  toString(): string {
    if (this.#text !== undefined) return this.#text;
    const unknown = (term: Term) => ((term as Expr).#text === undefined ? termsOf(term) : []);
    for (const term of walked<Term>([this], unknown)) {
      const expr = term as Expr;
      expr.#text ??= clipped(shown(expr.node));
    }
    return this.#text!;
  }
  [INSPECT](): string {
    return `${this}`;
  }
  [Symbol.toPrimitive](hint: string): string {
    return textOnly(this, hint, 'Its methods stand for them: col("a").add(1), .gt(4), .eq("LAX").');
  }
}

function shown(node: ExprNode): string {
  if (node.op === "column") return node.name;
  if (node.op === "literal") return showValue(node.value);
  if (node.op === "cast") return `${node.args[0]}.cast(${node.to})`;
  if (node.op === "field") return `${node.args[0]}.field(${JSON.stringify(node.name)})`;
  if (node.op === "if") return `when(${node.args[0]}, ${node.args[1]}, ${node.args[2]})`;
  if (node.op === "slice")
    return `${node.args[0]}.slice(${node.span.filter((x) => x !== null).join(", ")})`;
  if (node.op === "isIn") return `${node.args[0]}.isIn([${node.values.map(showValue).join(", ")}])`;
  const [first, ...others] = node.args;
  const method = node.op === "element" ? "at" : node.op;
  return `${first}.${method}(${others.join(", ")})`;
}

function checkWhole(what: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least && value < 2 ** 31) return;
  throw new CenoteError(
    "BAD_COUNT",
    `slice(offset, length): wanted a whole number from ${least} to ${2 ** 31 - 1} for ${what}, found ${told(value)}`,
  );
}

const isMoment = (value: unknown) => value === null || value instanceof Date;

function checkName(name: unknown, where: string, wanted: string): void {
  if (typeof name === "string") return;
  throw new CenoteError("NOT_A_NAME", `${where}: wanted ${wanted}, found ${told(name)}`);
}

function showValue(value: Value): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  return typeof value === "object" && value !== null ? told(value) : written(value);
}

const written = (value: Exclude<Value, Date>) =>
  typeof value === "string" ? JSON.stringify(value) : String(value);

/** An expression as it is; anything else as a literal. */
export function operand(value: Operand): Expr {
  return value instanceof Expr ? value : lit(value);
}

/** The column of this name. */
export function col(name: string): Expr {
  checkName(name, "col(name)", "the name of a column");
  return new Expr({ op: "column", name });
}

/** A constant; it takes the type of what it meets. */
export function lit(value: Value): Expr {
  const kind = typeof value;
  if (kind === "symbol" || kind === "function" || (kind === "object" && !isMoment(value))) {
    throw new CenoteError(
      "LITERAL_TYPE",
      `wanted a number, a text, a boolean, a Date or null for a constant, found ${told(value)}`,
    );
  }
  return new Expr({ op: "literal", value });
}

/** The first of these that is not null. */
export function coalesce(first: Operand, ...others: Operand[]): Expr {
  return others.reduce((found: Expr, other) => found.fillNull(other), operand(first));
}
