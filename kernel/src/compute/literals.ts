// Literals take the type of what they meet. A comparison of integers with a number that is not whole,
// or out of range, is exact: it becomes one with a whole number, or is known beforehand.
import { CenoteError } from "../base/index.ts";
import { type ColumnType, isFloat, isInteger, TYPES } from "../columns/index.ts";
import type { Value } from "./nodes.ts";
import { told } from "./told.ts";
import { node, type Typed } from "./typed.ts";

const PER_SECOND = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n } as const;

/** Least and greatest value of an integer type. */
export function limits(type: ColumnType): [bigint, bigint] {
  const bits = BigInt(type.bits);
  const signed = type.kind === "i32" || type.kind === "i64";
  return signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
}

/** A literal of `type`. Throws LITERAL_TYPE when the value is of another sort or does not fit. */
export function literal(value: Value, type: ColumnType, where: string): Typed {
  if (value === null) return node("literal", type, [], { value: null });
  if (type.kind === "bool" && typeof value === "boolean")
    return node("literal", type, [], { value });
  if (type.kind === "text" && typeof value === "string")
    return node("literal", type, [], { value });
  if (type.kind === "decimal") {
    const found = decimal(value, type.scale!);
    const { precision, scale } = type;
    const most = 10n ** BigInt(precision!);
    if (found?.exact && found.floor < most && found.floor > -most)
      return node("literal", type, [], { value: found.floor });
    throw unfit(
      value,
      type,
      where,
      `at most ${precision} digits, ${scale} of them behind the point`,
    );
  }
  const number = numeric(value, type);
  if (number !== undefined && isInteger(type)) {
    const whole =
      typeof number === "bigint" ? number : Number.isInteger(number) ? BigInt(number) : undefined;
    const [least, most] = limits(type);
    if (whole !== undefined && whole >= least && whole <= most) return integer(whole, type);
    throw unfit(value, type, where, `a whole number from ${least} to ${most}`);
  }
  if (number !== undefined && isFloat(type)) {
    const real = Number(number);
    return node("literal", type, [], { value: type.kind === "f32" ? Math.fround(real) : real });
  }
  throw unfit(value, type, where, `a constant of type ${type.name}`);
}

function integer(whole: bigint, type: ColumnType): Typed {
  const wide = type.kind === "i64" || type.kind === "u64";
  return node("literal", type, [], { value: wide ? whole : Number(whole) });
}

function unfit(value: Value, type: ColumnType, where: string, wanted: string): CenoteError {
  const shown = told(value);
  return new CenoteError("LITERAL_TYPE", `${where}: wanted ${wanted}, found ${shown}`, {
    mend: mendOf(value, type),
  });
}

function mendOf(value: Value, type: ColumnType): string {
  if (type.temporal === "timestamp" || type.temporal === "date")
    return `Write a Date, a text such as "2024-01-31T12:00", or a count of ${type.unit ?? "days"}.`;
  return isInteger(type) && typeof value === "number"
    ? `Cast the column first, e.g. .cast("float32") or .cast("int64").`
    : `Write a value of type ${type.name}.`;
}

/** Digits that 128 bits have at most. */
const DIGITS = 39;

/** value × 10^scale, rounded down, of a number as it is written in decimal; undefined for what is none. */
function decimal(value: Value, scale: number): { floor: bigint; exact: boolean } | undefined {
  const written =
    typeof value === "object" || typeof value === "boolean" ? "" : String(value).trim();
  const [, sign, whole, part = "", exponent = "0"] =
    /^([+-]?)(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(written) ?? [];
  if (whole === undefined) return undefined;
  const digits = BigInt(`${sign}${whole}${part}`);
  // Beyond what 128 bits hold, and below any unit of theirs, more zeros change nothing.
  const most = whole.length + part.length + 2 * DIGITS;
  const shift = Math.min(Math.max(scale - part.length + Number(exponent), -most), most);
  if (shift >= 0) return { floor: digits * 10n ** BigInt(shift), exact: true };
  const by = 10n ** BigInt(-shift);
  const cut = digits / by;
  const exact = cut * by === digits;
  return { floor: !exact && digits < 0n ? cut - 1n : cut, exact };
}

// Dates as counts of the type's unit since the epoch; numbers as they are.
function numeric(value: Value, type: ColumnType): number | bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (type.temporal !== "timestamp" && type.temporal !== "date") return undefined;
  const moment =
    value instanceof Date ? value : typeof value === "string" ? parseMoment(value) : undefined;
  if (moment === undefined || Number.isNaN(moment.getTime())) return undefined;
  const ms = moment.getTime();
  // In days or seconds it may not be whole: comparisons round it rightly, others refuse it.
  if (type.kind === "i32") return ms / 86_400_000;
  return type.unit === "s" ? ms / 1000 : (BigInt(ms) * PER_SECOND[type.unit!]) / 1000n;
}

// A text without a zone is read as UTC, as Arrow reads timestamps without one.
function parseMoment(text: string): Date {
  const iso = text.trim().replace(" ", "T");
  const bare = /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(iso);
  return new Date(bare ? `${iso}Z` : iso);
}

type Comparison = "gt" | "ge" | "lt" | "le" | "eq" | "ne";

/** `a op value`, exact also where the value is not of a's type. */
export function compareLiteral(op: Comparison, a: Typed, value: Value, where: string): Typed {
  if (a.type.kind === "decimal") return compareDecimal(op, a, value, where);
  const number = value === null ? undefined : numeric(value, a.type);
  if (number === undefined || !isInteger(a.type)) {
    return node(op, TYPES.bool, [a, literal(value, a.type, where)]);
  }
  if (Number.isNaN(number)) return known(a, op === "ne");
  const [least, most] = limits(a.type);
  const whole = typeof number === "bigint" ? number : wholeFor(op, number);
  if (whole === undefined) return known(a, op === "ne");
  if (whole > most) return known(a, beyond(op, true));
  if (whole < least) return known(a, beyond(op, false));
  return node(op, TYPES.bool, [a, integer(whole, a.type)]);
}

function compareDecimal(op: Comparison, a: Typed, value: Value, where: string): Typed {
  const found = value === null ? undefined : decimal(value, a.type.scale!);
  if (!found) {
    if (Number.isNaN(value)) return known(a, op === "ne");
    if (typeof value === "number") return known(a, beyond(op, value > 0));
    return node(op, TYPES.bool, [a, literal(value, a.type, where)]);
  }
  if (!found.exact && (op === "eq" || op === "ne")) return known(a, op === "ne");
  const up = !found.exact && (op === "lt" || op === "ge");
  const whole = found.floor + (up ? 1n : 0n);
  if (BigInt.asIntN(128, whole) !== whole) return known(a, beyond(op, whole > 0n));
  return node(op, TYPES.bool, [a, node("literal", a.type, [], { value: whole })]);
}

/** What a comparison with a value is that is greater, or less, than all of a's. */
function beyond(op: Comparison, above: boolean): boolean {
  return op === "ne" || (above ? op === "lt" || op === "le" : op === "gt" || op === "ge");
}

// x < 15.5 is x < 16; x ≤ 15.5 is x ≤ 15. Undefined: never equal.
function wholeFor(op: Comparison, number: number): bigint | undefined {
  if (!Number.isFinite(number)) return number > 0 ? 1n << 80n : -(1n << 80n);
  if (op === "eq" || op === "ne") return Number.isInteger(number) ? BigInt(number) : undefined;
  return BigInt(op === "lt" || op === "ge" ? Math.ceil(number) : Math.floor(number));
}

function known(a: Typed, value: boolean): Typed {
  return node("known", TYPES.bool, [a], { value });
}
