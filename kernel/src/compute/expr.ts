// Expressions as people write them: `col("delay").gt(15).and(col("origin").eq("LAX"))`. Building one
// computes nothing and checks nothing; rules.ts gives it types against a table's columns.
import { CenoteError } from "../base/index.ts";
import type { TypeName } from "../columns/index.ts";

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
  | "fillNull";
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
  | DatePart;
export type DatePart = "year" | "month" | "day" | "weekday" | "hour" | "minute" | "second";

export type ExprNode =
  | { readonly op: "column"; readonly name: string }
  | { readonly op: "literal"; readonly value: Value }
  | { readonly op: BinaryOp; readonly args: readonly [Expr, Expr] }
  | { readonly op: UnaryOp; readonly args: readonly [Expr] }
  | { readonly op: "cast"; readonly args: readonly [Expr]; readonly to: TypeName }
  | { readonly op: "isIn"; readonly args: readonly [Expr]; readonly values: readonly Value[] };

/** An operand: an expression, or a value that stands for a literal. Text is a literal, not a column. */
export type Operand = Expr | Value;

/**
 * A computation on each row. Immutable. Null in, null out, except for `and` and `or` (Kleene's logic, as
 * Arrow has it), `isNull`, `isNotNull` and `fillNull`.
 */
export class Expr {
  readonly node: ExprNode;

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
      const found = typeof values === "string" ? JSON.stringify(values) : String(values);
      throw new CenoteError(
        "NOT_A_LIST",
        `${this}.isIn(…): wanted a list of values, found ${found}`,
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

  /** The value as another type; null where it does not fit (floats are cut towards 0, then must fit). */
  cast(to: TypeName): Expr {
    return new Expr({ op: "cast", args: [this], to });
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

  /** As it was written. */
  toString(): string {
    const { node } = this;
    if (node.op === "column") return node.name;
    if (node.op === "literal") return showValue(node.value);
    if (node.op === "cast") return `${node.args[0]}.cast(${node.to})`;
    if (node.op === "isIn") return `${node.args[0]}.isIn(${node.values.map(showValue).join(", ")})`;
    const [first, ...others] = node.args;
    return `${first}.${node.op}(${others.join(", ")})`;
  }
}

function showValue(value: Value): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** An expression as it is; anything else as a literal. */
export function operand(value: Operand): Expr {
  return value instanceof Expr ? value : lit(value);
}

/** The column of this name. */
export function col(name: string): Expr {
  return new Expr({ op: "column", name });
}

/** A constant; it takes the type of what it meets. */
export function lit(value: Value): Expr {
  return new Expr({ op: "literal", value });
}

export type AggregateFunction = "count" | "sum" | "mean" | "min" | "max";

export const FUNCTIONS: ReadonlySet<string> = new Set(["count", "sum", "mean", "min", "max"]);

/** A figure over many rows; see count, sum, mean, min and max. */
export interface Aggregate {
  readonly fn: AggregateFunction;
  /** Absent for count() of rows. */
  readonly of?: Expr;
}

const aggregate =
  (fn: AggregateFunction) =>
  (of: string | Expr): Aggregate => ({
    fn,
    of: typeof of === "string" ? col(of) : of,
  });

/** Rows, or the values of a column that are not null; uint32. */
export function count(of?: string | Expr): Aggregate {
  return of === undefined ? { fn: "count" } : aggregate("count")(of);
}
/**
 * Sum of the values that are not null, 0 when there are none. Integers: exact, int64 or uint64, an error
 * when it does not fit. Floats: the exact sum rounded once to float64, whatever the order of the rows.
 */
export const sum: (of: string | Expr) => Aggregate = aggregate("sum");
/** The exact sum divided by the count, as float64; null when there are no values. */
export const mean: (of: string | Expr) => Aggregate = aggregate("mean");
/** Least value, of the column's type; null when there are none. NaN only when there is nothing else. */
export const min: (of: string | Expr) => Aggregate = aggregate("min");
/** Greatest value, of the column's type; null when there are none. NaN only when there is nothing else. */
export const max: (of: string | Expr) => Aggregate = aggregate("max");
