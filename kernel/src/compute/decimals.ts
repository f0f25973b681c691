// Decimals: their arithmetic and comparison, over scales. A result that 38 digits do not hold is null.
import { type ColumnType, decimalType, isFloat, isInteger, TYPES } from "../columns/index.ts";
import { convert, wrongType } from "./kinds.ts";
import { literal } from "./literals.ts";
import type { Value } from "./nodes.ts";
import { node, type Typed } from "./typed.ts";

/** Digits of a decimal128. */
const MOST = 38;

type Operation = "add" | "sub" | "mul" | "div" | "floorDiv" | "mod";

/** `a op b`, of which one at least is a decimal. Throws WRONG_TYPE. */
export function decimalArithmetic(op: Operation, a: Typed, b: Typed, where: string): Typed {
  if (op === "div") {
    const real = (side: Typed) =>
      side.type.kind === "decimal"
        ? decimalTo(side, TYPES.float64, where)
        : convert(side, TYPES.float64);
    return node("div", TYPES.float64, [real(a), real(b)]);
  }
  if (op === "floorDiv" || op === "mod")
    throw wrongType(where, a, "integers", "For decimals: .div(other), or .cast(…) first.");
  const [x, y] = [asDecimal(a, where), asDecimal(b, where)];
  const [p, q] = [x.type, y.type] as Required<ColumnType>[];
  if (op === "mul") {
    const scale = p!.scale + q!.scale;
    if (scale > MOST)
      throw wrongType(
        where,
        x,
        `at most ${MOST} digits behind the point of the product, not ${scale}`,
        "Cast one of them to a smaller scale first.",
      );
    return node("mul", decimalType(Math.min(MOST, p!.precision + q!.precision), scale), [x, y]);
  }
  const scale = Math.max(p!.scale, q!.scale);
  const whole = Math.max(p!.precision - p!.scale, q!.precision - q!.scale);
  const type = decimalType(Math.min(MOST, whole + scale + 1), scale);
  return node(op, type, [convert(x, wide(scale)), convert(y, wide(scale))]);
}

/** A decimal as a number of another type, by one of scale 0 where its own is negative. Throws WRONG_TYPE. */
export function decimalTo(at: Typed, to: ColumnType, where: string): Typed {
  const { scale } = at.type as Required<ColumnType>;
  if (scale > MOST && isFloat(to))
    throw wrongType(
      where,
      at,
      `at most ${MOST} digits behind the point`,
      'Cast it first: .cast("decimal128(38, 38)").',
    );
  return convert(scale < 0 ? convert(at, wide(0)) : at, to);
}

/**
 * Both as decimals of the larger scale, for keys: what has too many digits for it equals nothing of the other side
 * and is null. `exact`: all values fit. Throws WRONG_TYPE.
 */
export function sameScale(
  a: Typed,
  b: Typed,
  where: string,
): { sides: readonly [Typed, Typed]; exact: boolean } {
  const [x, y] = [asDecimal(a, where), asDecimal(b, where)];
  const [p, q] = [x.type, y.type] as Required<ColumnType>[];
  const scale = Math.max(p!.scale, q!.scale);
  const whole = Math.max(p!.precision - p!.scale, q!.precision - q!.scale);
  return {
    sides: [convert(x, wide(scale)), convert(y, wide(scale))],
    exact: whole + scale <= MOST,
  };
}

/** All decimals of a scale. */
const wide = (scale: number) => decimalType(MOST, scale);

function asDecimal(at: Typed, where: string): Typed {
  const { type } = at;
  if (type.kind === "decimal") return at;
  if (!isInteger(type) || type.temporal)
    throw wrongType(
      where,
      at,
      "a decimal or an integer beside a decimal",
      'Cast one side, e.g. the decimal: .cast("float64").',
    );
  return convert(at, decimalType(DIGITS[type.bits as 8], 0));
}

/** Digits that integers of so many bits have at most. */
const DIGITS = { 8: 3, 16: 5, 32: 10, 64: 20 } as const;

/** A literal beside a decimal, with the digits that it is written with. Throws LITERAL_TYPE. */
export function decimalLiteral(value: Value, beside: ColumnType, where: string): Typed {
  const written = typeof value === "object" || typeof value === "boolean" ? "" : String(value);
  const [, part = "", exponent = "0"] = /^[^.e]*(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(written) ?? [];
  const scale = Math.max(0, part.length - Number(exponent));
  const type = scale <= MOST ? decimalType(MOST, scale) : beside;
  const found = literal(value, type, where);
  if (found.value === null) return found;
  const digits = String(found.value).replace("-", "").length;
  const fitting = decimalType(Math.min(MOST, Math.max(digits, scale)), type.scale!);
  return node("literal", fitting, [], { value: found.value! });
}

type Comparison = "gt" | "ge" | "lt" | "le" | "eq" | "ne";

/** `a op b` as exact numbers, also where one of them has too many digits for the other's scale. */
export function compareDecimals(op: Comparison, a: Typed, b: Typed, where: string): Typed {
  const [x, y] = [asDecimal(a, where), asDecimal(b, where)];
  const [p, q] = [x.type.scale!, y.type.scale!];
  if (p === q) return node(op, TYPES.bool, [x, y]);
  if (p > q) return compareDecimals(MIRROR[op], y, x, where);
  const same = convert(x, wide(q));
  const plain = node(op, TYPES.bool, [same, y]);
  if (x.type.precision! + q - p <= MOST) return plain;
  // What does not fit the finer scale is beyond all that does: 0 stands for y, null where that is.
  const zero = node("sub", y.type, [y, y]);
  const beyond = node("isNull", TYPES.bool, [same]);
  return node("if", TYPES.bool, [beyond, node(op, TYPES.bool, [x, zero]), plain]);
}

const MIRROR = { gt: "lt", ge: "le", lt: "gt", le: "ge", eq: "eq", ne: "ne" } as const;
