// Arithmetic: what may be computed with what.
import {
  type ColumnType,
  durationType,
  isFloat,
  isInteger,
  type TimeUnit,
  TYPES,
  timestampType,
} from "../columns/index.ts";
import { rescaled } from "./casts.ts";
import { decimalArithmetic, decimalLiteral } from "./decimals.ts";
import { common, convert, number, type Side, typedSide, wrongType } from "./kinds.ts";
import { literal } from "./literals.ts";
import type { Value } from "./nodes.ts";
import { node, type Typed } from "./typed.ts";

export type Arithmetic = "add" | "sub" | "mul" | "div" | "floorDiv" | "mod";

/** `left op right`. Throws WRONG_TYPE and LITERAL_TYPE. */
export function arithmetic(op: Arithmetic, left: Side, right: Side, where: string): Typed {
  const [a, b] = operands(op, left, right, where);
  if (a.type.temporal || b.type.temporal) return temporalArithmetic(op, a, b, where);
  if ([a, b].some(({ type }) => type.kind === "decimal")) return decimalArithmetic(op, a, b, where);
  for (const side of [a, b]) number(side, where);
  if (op === "div") {
    const small = a.type.kind === "f32" && b.type.kind === "f32";
    const type = small ? TYPES.float32 : TYPES.float64;
    return node("div", type, [convert(a, type), convert(b, type)]);
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

// A literal takes the other side's type; a fraction beside integers of 32 bits makes float64 of both.
function operands(op: Arithmetic, left: Side, right: Side, where: string): [Typed, Typed] {
  if ("at" in left && "value" in right)
    return [left.at, literalBeside(left.at, right.value, op, where)];
  if ("value" in left && "at" in right)
    return [literalBeside(right.at, left.value, op, where), right.at];
  return [typedSide(left, where), typedSide(right, where)];
}

function literalBeside(other: Typed, value: Value, op: Arithmetic, where: string): Typed {
  const { type } = other;
  if (type.temporal) return temporalLiteral(type, value, where);
  if (type.kind === "decimal") return decimalLiteral(value, type, where);
  number(other, where);
  if (isInteger(type) && type.bits <= 32) {
    const fraction = typeof value === "number" && !Number.isInteger(value);
    if (fraction || op === "div") return literal(value, TYPES.float64, where);
    return literal(value, narrowest(Number(value), type), where);
  }
  if (isInteger(type) && op === "div") return literal(value, TYPES.float64, where);
  return literal(value, type, where);
}

// Beyond 32 bits the literal makes int64 of both sides.
function narrowest(value: number, beside: ColumnType): ColumnType {
  if (beside.name === "uint32" && value >= 0 && value < 2 ** 32) return beside;
  return value >= -(2 ** 31) && value < 2 ** 31 ? TYPES.int32 : TYPES.int64;
}

function temporalLiteral(type: ColumnType, value: Value, where: string): Typed {
  const moment = value instanceof Date || typeof value === "string";
  return literal(value, moment || type.kind === "i32" ? type : durationType(type.unit!), where);
}

// Of different units in the finer one; a date less a date is a duration in seconds.
function temporalArithmetic(op: Arithmetic, a: Typed, b: Typed, where: string): Typed {
  const sorts = `${a.type.temporal} ${op} ${b.type.temporal}`;
  const [x, y] = inOneUnit(a, b);
  switch (sorts) {
    case "timestamp add duration":
    case "timestamp sub duration":
    case "duration add duration":
    case "duration sub duration":
      return node(op, x.type, [x, y]);
    case "duration add timestamp":
      return node(op, y.type, [x, y]);
    case "timestamp sub timestamp":
    case "date sub date":
    case "date sub timestamp":
    case "timestamp sub date":
      return node(op, durationType(x.type.unit!), [x, y]);
    default:
      throw wrongType(
        where,
        a.type.temporal ? a : b,
        "timestamp − timestamp, date − date, or timestamp ± duration",
        'Cast it first: .cast("int64").',
      );
  }
}

function inOneUnit(a: Typed, b: Typed): [Typed, Typed] {
  const units = [a, b].map(({ type }) => (type.name === "date32" ? "s" : type.unit)) as TimeUnit[];
  const finer = units.reduce((x, y) => (UNITS.indexOf(x) > UNITS.indexOf(y) ? x : y));
  const at = (side: Typed) => {
    const { temporal, unit, timezone } = side.type;
    if (temporal === "time" || temporal === undefined || (temporal !== "date" && unit === finer))
      return side;
    return rescaled(
      side,
      temporal === "duration" ? durationType(finer) : timestampType(finer, timezone),
    );
  };
  return [at(a), at(b)];
}

const UNITS: TimeUnit[] = ["s", "ms", "us", "ns"];
