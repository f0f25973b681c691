// Casts. Where a value does not fit the new type the result is null; of moments a coarser unit keeps what lies
// before (towards −∞), and a finer one is null where 64 bits do not hold it.
import { CenoteError, nearest } from "../base/index.ts";
import {
  type ColumnType,
  isFloat,
  isInteger,
  TYPES,
  timestampType,
  typeNamed,
} from "../columns/index.ts";
import { datePart } from "./dates.ts";
import { decimalTo } from "./decimals.ts";
import { convert, wrongType } from "./kinds.ts";
import { node, type Typed } from "./typed.ts";

/** `a` as the type of this name. Throws WRONG_TYPE. */
export function cast(a: Typed, to: string, where: string): Typed {
  const type = typeNamed(to);
  if (!type) {
    const near = nearest(to, Object.keys(TYPES));
    const meant = near === undefined ? "" : `Did you mean "${near}"? `;
    throw new CenoteError("WRONG_TYPE", `${where}: there is no type "${to}" to cast to`, {
      mend: `${meant}The types are: ${Object.keys(TYPES).join(", ")}, decimal128(38, 2), date64, timestamp[us], duration[us], time32[ms], time64[us] (units s, ms, us, ns).`,
    });
  }
  const { type: from } = a;
  const decimal = from.kind === "decimal" || type.kind === "decimal";
  if (decimal) return decimalCast(a, type, where);
  if (!isInteger(from) && !isFloat(from) && from.kind !== "bool")
    throw wrongType(where, a, "a number, bool or date to cast", "Texts are not parsed on the GPU.");
  return from.temporal && type.temporal ? moment(a, type, where) : convert(a, type);
}

// Towards 0, as other casts; what the new type does not hold is null.
function decimalCast(a: Typed, to: ColumnType, where: string): Typed {
  const other = a.type.kind === "decimal" ? to : a.type;
  const whole = isInteger(other) && !other.temporal;
  if (a.type.kind === "decimal" && (whole || isFloat(to))) return decimalTo(a, to, where);
  if (whole || other.kind === "decimal") return convert(a, to);
  throw wrongType(
    where,
    a,
    "a decimal for numbers and decimals, or an integer for decimals",
    'By an integer: .mul(100).round().cast("int64") first.',
  );
}

const NS = { s: 1_000_000_000n, ms: 1_000_000n, us: 1_000n, ns: 1n } as const;
const DAY = 86_400n * NS.s;

/** Nanoseconds of one count of a date, time, timestamp or duration. */
export function nanoseconds({ unit }: ColumnType): bigint {
  return unit === undefined ? DAY : NS[unit];
}

function moment(a: Typed, to: ColumnType, where: string): Typed {
  const [x, y] = [a.type.temporal!, to.temporal!];
  if (x === y && y !== "date") return rescaled(a, to);
  const dated = (sort: string) => sort === "date" || sort === "timestamp";
  if (dated(x) && dated(y)) {
    if (y === "timestamp") return rescaled(a, to);
    const days = datePart("date", a, where);
    return to.name === days.type.name ? days : rescaled(days, to);
  }
  if (x === "timestamp" && y === "time") return rescaled(timeOfDay(a), to);
  throw wrongType(where, a, `a ${y} or what has one`, 'By its number: .cast("int64") first.');
}

function timeOfDay(a: Typed): Typed {
  const day = node("literal", TYPES.int64, [], { value: DAY / nanoseconds(a.type) });
  const { name: _, temporal: __, ...same } = a.type;
  return node("mod", { ...same, name: `time of ${a.type.name}`, temporal: "time" }, [a, day]);
}

/** The same moment or span in another unit. */
export function rescaled(a: Typed, to: ColumnType): Typed {
  const [from, into] = [nanoseconds(a.type), nanoseconds(to)];
  const wide = a.type.kind === "i64" ? a : node("cast", TYPES.int64, [a]);
  if (from === into) return node("cast", to, [a]);
  const literal = (value: bigint) => node("literal", TYPES.int64, [], { value });
  if (from < into) return as(node("floorDiv", TYPES.int64, [wide, literal(into / from)]), to);
  const factor = from / into;
  const times = node("mul", TYPES.int64, [wide, literal(factor)]);
  const most = (2n ** 63n - 1n) / factor;
  // Days of 32 bits in milliseconds or seconds always fit.
  if (a.type.kind === "i32" && most >= 2n ** 31n) return as(times, to);
  const fits = node("and", TYPES.bool, [
    node("ge", TYPES.bool, [wide, literal(-most)]),
    node("le", TYPES.bool, [wide, literal(most)]),
  ]);
  const none = node("literal", TYPES.int64, [], { value: null });
  return as(node("if", TYPES.int64, [fits, times, none]), to);
}

const as = (at: Typed, to: ColumnType) => node("cast", to, [at]);

/** Two moments or two spans in the finer of their units; undefined where they cannot be compared. */
export function sameUnit(a: Typed, b: Typed): [Typed, Typed] | undefined {
  const [x, y] = [a.type, b.type];
  const both = [x.temporal, y.temporal];
  const dates = both.every((sort) => sort === "date" || sort === "timestamp");
  if (x.temporal !== y.temporal && !dates) return undefined;
  if (nanoseconds(x) === nanoseconds(y) && x.kind === y.kind) return [a, b];
  const finer = nanoseconds(x) <= nanoseconds(y) ? x : y;
  const to = dates ? timestampType(finer.unit ?? "s") : finer;
  return [rescaled(a, to), rescaled(b, to)];
}
