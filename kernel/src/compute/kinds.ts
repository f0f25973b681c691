// What the rules have in common: errors of type, conversions, and the type that two numbers compute in.
import { CenoteError } from "../base/index.ts";
import { type ColumnType, isFloat, isInteger, TYPES, UTF8 } from "../columns/index.ts";
import { limits, literal } from "./literals.ts";
import type { Value } from "./nodes.ts";
import { node, type Typed, typeText } from "./typed.ts";

/** An operand: a literal that has no type yet, or an expression that has. */
export type Side = { readonly value: Value } | { readonly at: Typed };

/** A side's expression; a literal gets a type of its own. */
export function typedSide(side: Side, where: string): Typed {
  return "at" in side ? side.at : bareLiteral(side.value, where);
}

/** A literal that meets no column: int32 or int64, float32, bool, utf8. */
export function bareLiteral(value: Value, where: string): Typed {
  if (typeof value === "boolean") return literal(value, TYPES.bool, where);
  if (typeof value === "string") return literal(value, UTF8, where);
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
    `${where}: wanted a number, a text or a boolean where no column gives the type`,
    {
      mend: "Compare it with a column, e.g. col(name).eq(value).",
    },
  );
}

/** A column of the wrong type; it is named. */
export function wrongType(where: string, at: Typed, wanted: string, mend: string): CenoteError {
  return new CenoteError("WRONG_TYPE", `${where}: ${typeText(at)}; wanted ${wanted}`, { mend });
}

export function logical(at: Typed, where: string): Typed {
  if (at.type.kind === "bool") return at;
  throw wrongType(where, at, "bool", "Compare it first, e.g. .ne(0).");
}

export const isNumber = (type: ColumnType) => (isInteger(type) || isFloat(type)) && !type.temporal;

export function number(at: Typed, where: string): Typed {
  if (isNumber(at.type)) return at;
  const mend = at.type.temporal
    ? 'Cast it first: .cast("int64").'
    : "Only numbers can be computed with.";
  throw wrongType(where, at, "a number", mend);
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
export function common(a: Typed, b: Typed, where: string): ColumnType {
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

// float32 with what it holds exactly stays float32; the rest computes as float64, which 64-bit integers
// do not fit.
function commonFloat(a: Typed, b: Typed, where: string): ColumnType {
  const single = ({ type }: Typed) => type.kind === "f32" || (isInteger(type) && type.bits <= 16);
  if (single(a) && single(b)) return TYPES.float32;
  const wide = [a, b].find(({ type }) => isInteger(type) && type.bits === 64);
  if (!wide) return TYPES.float64;
  throw wrongType(
    where,
    wide,
    "a type that float64 holds exactly",
    'Cast it first: .cast("float64").',
  );
}
