// Types for expressions: what may be combined with what, what comes out, and the errors for the rest.
// Integers of 8 and 16 bits compute as int32; int32 with uint32 as int64; 64 bits stay exact. Nothing is
// narrowed without a cast. Leaves literals to literals.ts and dates to dates.ts.
import { CenoteError } from "../base/index.ts";
import { type ColumnType, isFloat, isInteger, TYPES } from "../columns/index.ts";
import { datePart } from "./dates.ts";
import type { BinaryOp, DatePart, Expr, ExprNode, Value } from "./expr.ts";
import { compareLiteral, limits, literal } from "./literals.ts";
import { node, type Typed } from "./typed.ts";

/** The columns that an expression may name; each may itself be computed. */
export type Scope = ReadonlyMap<string, Typed>;

/** Gives an expression its types. Throws UNKNOWN_COLUMN, WRONG_TYPE and LITERAL_TYPE. */
export function resolve(expr: Expr, scope: Scope): Typed {
  const { node: at } = expr;
  switch (at.op) {
    case "column":
      return lookUp(at.name, scope);
    case "literal":
      return bareLiteral(at.value, String(expr));
    case "cast":
      return cast(resolve(at.args[0], scope), at.to, String(expr));
    case "isIn":
      return isIn(resolve(at.args[0], scope), at.values, String(expr));
    case "neg":
    case "abs":
    case "floor":
    case "ceil":
    case "round":
    case "sqrt":
      return unaryNumber(at.op, resolve(at.args[0], scope), String(expr));
    case "not":
      return node("not", TYPES.bool, [logical(resolve(at.args[0], scope), String(expr))]);
    case "isNull":
    case "isNotNull": {
      const isNull = node("isNull", TYPES.bool, [resolve(at.args[0], scope)]);
      return at.op === "isNull" ? isNull : node("not", TYPES.bool, [isNull]);
    }
    case "year":
    case "month":
    case "day":
    case "weekday":
    case "hour":
    case "minute":
    case "second":
      return datePart(at.op as DatePart, resolve(at.args[0], scope), String(expr));
    default:
      return binary(at, scope, String(expr));
  }
}

function lookUp(name: string, scope: Scope): Typed {
  const found = scope.get(name);
  if (found) return found;
  throw new CenoteError("UNKNOWN_COLUMN", `there is no column "${name}"`, {
    mend: `The columns are: ${[...scope.keys()].join(", ") || "none"}.`,
  });
}

/** A literal that meets no column: int32 or int64, float32, bool. */
function bareLiteral(value: Value, where: string): Typed {
  if (typeof value === "boolean") return literal(value, TYPES.bool, where);
  if (typeof value === "bigint") return literal(value, TYPES.int64, where);
  if (typeof value === "number") {
    const type = !Number.isInteger(value)
      ? TYPES.float32
      : Math.abs(value) < 2 ** 31
        ? TYPES.int32
        : TYPES.int64;
    return literal(value, type, where);
  }
  throw new CenoteError(
    "LITERAL_TYPE",
    `${where}: wanted a number or a boolean where no column gives the type`,
    {
      mend: "Compare it with a column, e.g. col(name).eq(value).",
    },
  );
}

export function wrongType(where: string, at: Typed, wanted: string, mend: string): CenoteError {
  const what =
    at.op === "column" ? `column "${at.column}" is ${at.type.name}` : `found ${at.type.name}`;
  return new CenoteError("WRONG_TYPE", `${where}: ${what}; wanted ${wanted}`, { mend });
}

function logical(at: Typed, where: string): Typed {
  if (at.type.kind === "bool") return at;
  throw wrongType(where, at, "bool", "Compare it first, e.g. .ne(0).");
}

const isNumber = (type: ColumnType) => (isInteger(type) || isFloat(type)) && !type.temporal;

function number(at: Typed, where: string): Typed {
  if (isNumber(at.type)) return at;
  const mend = at.type.temporal
    ? 'Cast it first: .cast("int64").'
    : "Only numbers can be computed with.";
  throw wrongType(where, at, "a number", mend);
}

/** Refuses float64 arithmetic, which the GPU lacks, rather than compute it in fewer bits. */
function computable(at: Typed, where: string): Typed {
  if (at.type.kind !== "f64") return at;
  throw wrongType(
    where,
    at,
    "a type that arithmetic is there for (integers, float32)",
    'Cast it, at the price of precision: .cast("float32").',
  );
}

const IS_FLOAT_OP = new Set(["floor", "ceil", "round", "sqrt"]);

function unaryNumber(
  op: "neg" | "abs" | "floor" | "ceil" | "round" | "sqrt",
  a: Typed,
  where: string,
): Typed {
  number(a, where);
  if (IS_FLOAT_OP.has(op)) {
    if (isInteger(a.type) && op !== "sqrt") return a;
    if (isInteger(a.type) && a.type.bits > 16) {
      throw wrongType(
        where,
        a,
        "float32, or an integer of 16 bits at most",
        'Cast it first: .cast("float32").',
      );
    }
    return node(op, TYPES.float32, [convert(computable(a, where), TYPES.float32)]);
  }
  if (a.type.kind === "f64") return node(op, a.type, [a]);
  if (op === "abs" && (a.type.kind === "u32" || a.type.kind === "u64")) return a;
  if (op === "neg" && (a.type.kind === "u64" || a.type.name === "uint32")) {
    throw wrongType(where, a, "a signed number", 'Cast it first: .cast("int64").');
  }
  const type = isFloat(a.type) ? TYPES.float32 : a.type.bits < 32 ? TYPES.int32 : a.type;
  return node(op, type, [convert(a, type)]);
}

/** The same value as another type; only where none can be lost, or where the user has asked. */
export function convert(at: Typed, to: ColumnType): Typed {
  if (at.type.name === to.name) return at;
  if (at.op === "literal" && at.value === null) return node("literal", to, [], { value: null });
  return node("cast", to, [at], keptRange(at, to));
}

function keptRange({ range }: Typed, to: ColumnType): { range?: readonly [number, number] } {
  if (!range || !isInteger(to)) return {};
  const [least, most] = limits(to);
  return BigInt(range[0]) >= least && BigInt(range[1]) <= most ? { range } : {};
}

/** The type that two numbers compute in. Throws WRONG_TYPE where it would lose digits. */
function common(a: Typed, b: Typed, where: string): ColumnType {
  if (isFloat(a.type) || isFloat(b.type)) return commonFloat(a, b, where);
  if (a.type.bits < 32 && b.type.bits < 32) return TYPES.int32;
  const unsigned = (t: ColumnType) => t.kind === "u32" || t.kind === "u64";
  if (unsigned(a.type) && unsigned(b.type)) {
    return a.type.bits === 64 || b.type.bits === 64 ? TYPES.uint64 : TYPES.uint32;
  }
  if (a.type.kind === "u64" || b.type.kind === "u64") {
    const signed = a.type.kind === "u64" ? b : a;
    throw wrongType(
      where,
      signed,
      "an unsigned integer beside uint64",
      'Cast one side: .cast("int64") or .cast("uint64").',
    );
  }
  const wide = [a, b].some((x) => x.type.bits === 64 || x.type.name === "uint32");
  return wide ? TYPES.int64 : TYPES.int32;
}

function commonFloat(a: Typed, b: Typed, where: string): ColumnType {
  if (a.type.kind === "f64" && b.type.kind === "f64") return TYPES.float64;
  const exactInFloat64 = (t: ColumnType) => isFloat(t) || t.bits <= 32;
  if (a.type.kind === "f64" || b.type.kind === "f64") {
    const other = a.type.kind === "f64" ? b : a;
    if (exactInFloat64(other.type)) return TYPES.float64;
    throw wrongType(
      where,
      other,
      "a type that float64 holds exactly",
      'Cast it first: .cast("float64").',
    );
  }
  const integer = isFloat(a.type) ? b : a;
  if (isFloat(integer.type) || integer.type.bits <= 16) return TYPES.float32;
  throw wrongType(
    where,
    integer,
    "a type that float32 holds exactly",
    'Cast it first: .cast("float32").',
  );
}

type Both = ExprNode & { op: BinaryOp };

function binary(at: Both, scope: Scope, where: string): Typed {
  const [left, right] = at.args;
  switch (at.op) {
    case "and":
    case "or": {
      const both = [left, right].map((side) => {
        const constant = side.node.op === "literal" && side.node.value === null;
        return constant ? literal(null, TYPES.bool, where) : logical(resolve(side, scope), where);
      });
      return node(at.op, TYPES.bool, both);
    }
    case "gt":
    case "ge":
    case "lt":
    case "le":
    case "eq":
    case "ne":
      return comparison(at.op, left, right, scope, where);
    case "fillNull":
      return fillNull(left, right, scope, where);
    default:
      return arithmetic(at.op, left, right, scope, where);
  }
}

type Comparison = "gt" | "ge" | "lt" | "le" | "eq" | "ne";
const MIRROR = { gt: "lt", ge: "le", lt: "gt", le: "ge", eq: "eq", ne: "ne" } as const;

function comparison(op: Comparison, left: Expr, right: Expr, scope: Scope, where: string): Typed {
  if (left.node.op === "literal" && right.node.op !== "literal") {
    return comparison(MIRROR[op], right, left, scope, where);
  }
  const a = resolve(left, scope);
  if (right.node.op === "literal") {
    const { value } = right.node;
    if (isTextual(a)) return textComparison(op, a, value, where);
    if (a.type.kind === "opaque" || a.type.kind === "null") throw incomparable(where, a);
    if (a.type.kind === "bool") equalityOnly(op, a, where);
    return compareLiteral(op, a, value, where);
  }
  const b = resolve(right, scope);
  if (a.type.kind === "bool" && b.type.kind === "bool") {
    equalityOnly(op, a, where);
    return node(op, TYPES.bool, [a, b]);
  }
  if (a.type.temporal || b.type.temporal) return node(op, TYPES.bool, sameTemporal(a, b, where));
  for (const side of [a, b]) if (!isNumber(side.type)) throw incomparable(where, side);
  const type = comparableAs(a, b, where);
  return node(op, TYPES.bool, [convert(a, type), convert(b, type)]);
}

// Comparing may widen to float64 where computing may not: 32-bit integers and float32 both fit it.
function comparableAs(a: Typed, b: Typed, where: string): ColumnType {
  const small = (t: Typed) => t.type.bits <= 32;
  if (isFloat(a.type) !== isFloat(b.type) && small(a) && small(b)) return TYPES.float64;
  return common(a, b, where);
}

const isTextual = (at: Typed) => at.type.kind === "text" || at.type.kind === "code";

function incomparable(where: string, at: Typed): CenoteError {
  return isTextual(at)
    ? wrongType(
        where,
        at,
        "a comparison of text with a literal",
        "Two text columns cannot be compared on the GPU yet.",
      )
    : wrongType(
        where,
        at,
        "a type that can be compared",
        "Such columns are carried, but not computed with.",
      );
}

function equalityOnly(op: Comparison, at: Typed, where: string): void {
  if (op === "eq" || op === "ne") return;
  throw wrongType(where, at, "a type with an order", "Use .eq or .ne.");
}

function textComparison(op: Comparison, a: Typed, value: Value, where: string): Typed {
  equalityOnly(op, a, where);
  if (value === null) return node("literal", TYPES.bool, [], { value: null });
  const found = among(a, [value], where);
  return op === "eq" ? found : node("not", TYPES.bool, [found]);
}

function among(a: Typed, values: readonly Value[], where: string): Typed {
  const texts = values.filter((value) => value !== null);
  const odd = texts.find((value) => typeof value !== "string");
  if (odd !== undefined)
    throw wrongType(
      where,
      a,
      `text to compare with, not ${String(odd)}`,
      "Write a text in quotes.",
    );
  return node("among", TYPES.bool, [a], { values: texts as string[] });
}

function isIn(a: Typed, values: readonly Value[], where: string): Typed {
  if (isTextual(a)) return among(a, values, where);
  if (a.type.kind === "opaque" || a.type.kind === "null") throw incomparable(where, a);
  const tests = values
    .filter((v) => v !== null)
    .map((value) => compareLiteral("eq", a, value, where));
  return tests.reduce(
    (found, test) => node("or", TYPES.bool, [found, test]),
    tests.shift() ?? node("known", TYPES.bool, [a], { value: false }),
  );
}

function sameTemporal(a: Typed, b: Typed, where: string): [Typed, Typed] {
  const same =
    a.type.temporal === b.type.temporal &&
    a.type.unit === b.type.unit &&
    a.type.bits === b.type.bits;
  if (same) return [a, b];
  throw wrongType(where, b, `${a.type.name} as on the other side`, 'Cast both: .cast("int64").');
}

function fillNull(left: Expr, right: Expr, scope: Scope, where: string): Typed {
  const a = resolve(left, scope);
  if (isTextual(a) || a.type.kind === "opaque" || a.type.kind === "null") {
    throw wrongType(
      where,
      a,
      "a number, bool, date or timestamp",
      "Text with nulls is carried as it is.",
    );
  }
  const b =
    right.node.op === "literal" ? literal(right.node.value, a.type, where) : resolve(right, scope);
  if (b.type.name === a.type.name) return node("fillNull", a.type, [a, b]);
  const type = common(number(a, where), number(b, where), where);
  return node("fillNull", type, [convert(a, type), convert(b, type)]);
}

type Arithmetic = "add" | "sub" | "mul" | "div" | "floorDiv" | "mod";

function arithmetic(op: Arithmetic, left: Expr, right: Expr, scope: Scope, where: string): Typed {
  const [a, b] = operands(op, left, right, scope, where);
  if (a.type.temporal || b.type.temporal) return temporalArithmetic(op, a, b, where);
  for (const side of [a, b]) computable(number(side, where), where);
  if (op === "div") {
    const type = common(a, b, where);
    if (
      type.bits > 16 &&
      !isFloat(type) &&
      [a, b].some((x) => x.type.bits > 16 && x.op !== "literal")
    ) {
      throw wrongType(
        where,
        a,
        "float32 or integers of 16 bits (the quotient is a float32)",
        'Cast it first: .cast("float32"), or use .floorDiv.',
      );
    }
    return node("div", TYPES.float32, [convert(a, TYPES.float32), convert(b, TYPES.float32)]);
  }
  const type = common(a, b, where);
  if ((op === "floorDiv" || op === "mod") && isFloat(type)) {
    throw wrongType(where, isFloat(a.type) ? a : b, "integers", "For floats: .div(other).floor().");
  }
  return node(op, type, [convert(a, type), convert(b, type)], rangeOf(op, b));
}

function rangeOf(op: Arithmetic, b: Typed): { range?: [number, number] } {
  if (op !== "mod" || b.op !== "literal") return {};
  const divisor = Number(b.value);
  return divisor > 0 && divisor <= 1 << 20 ? { range: [0, divisor - 1] } : {};
}

// A literal takes the other side's type; a fraction beside small integers makes float32 of both.
function operands(
  op: Arithmetic,
  left: Expr,
  right: Expr,
  scope: Scope,
  where: string,
): [Typed, Typed] {
  if (left.node.op !== "literal" && right.node.op === "literal") {
    const a = resolve(left, scope);
    return [a, literalBeside(a, right.node.value, op, where)];
  }
  if (left.node.op === "literal" && right.node.op !== "literal") {
    const b = resolve(right, scope);
    return [literalBeside(b, left.node.value, op, where), b];
  }
  return [resolve(left, scope), resolve(right, scope)];
}

function literalBeside(other: Typed, value: Value, op: Arithmetic, where: string): Typed {
  const { type } = other;
  if (type.temporal) return temporalLiteral(type, value, where);
  number(other, where);
  const fraction = typeof value === "number" && !Number.isInteger(value);
  if (isInteger(type) && type.bits <= 16) {
    return literal(value, fraction || op === "div" ? TYPES.float32 : TYPES.int32, where);
  }
  return literal(value, type, where);
}

function temporalLiteral(type: ColumnType, value: Value, where: string): Typed {
  const moment = value instanceof Date || typeof value === "string";
  const duration: ColumnType = {
    name: `duration[${type.unit}]`,
    kind: "i64",
    bits: 64,
    temporal: "duration",
    unit: type.unit ?? "ms",
  };
  return literal(value, moment || type.kind === "i32" ? type : duration, where);
}

function temporalArithmetic(op: Arithmetic, a: Typed, b: Typed, where: string): Typed {
  const [x, y] = [a.type, b.type];
  const plusMinus =
    (op === "add" || op === "sub") && x.kind === "i64" && y.kind === "i64" && x.unit === y.unit;
  if (plusMinus && y.temporal === "duration" && x.temporal !== "time") return node(op, x, [a, b]);
  if (plusMinus && op === "add" && x.temporal === "duration" && y.temporal === "timestamp")
    return node(op, y, [a, b]);
  if (plusMinus && op === "sub" && x.temporal === "timestamp" && y.temporal === "timestamp") {
    return node(
      op,
      { name: `duration[${x.unit}]`, kind: "i64", bits: 64, temporal: "duration", unit: x.unit! },
      [a, b],
    );
  }
  throw wrongType(
    where,
    x.temporal ? a : b,
    "timestamp − timestamp, or timestamp ± duration, of one unit",
    'Cast it first: .cast("int64").',
  );
}

const CASTABLE = new Set(["i32", "u32", "i64", "u64", "f32", "f64", "bool"]);

function cast(a: Typed, to: keyof typeof TYPES, where: string): Typed {
  const type: ColumnType | undefined = TYPES[to];
  if (!type) {
    throw new CenoteError("WRONG_TYPE", `${where}: there is no type "${to}" to cast to`, {
      mend: `The types are: ${Object.keys(TYPES).join(", ")}.`,
    });
  }
  if (!CASTABLE.has(a.type.kind))
    throw wrongType(where, a, "a number, bool or date to cast", "Text is not parsed on the GPU.");
  if (to === "date32" && a.type.kind === "i64" && a.type.temporal)
    return datePart("date", a, where);
  return convert(a, type);
}
