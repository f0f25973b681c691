// Parts of dates and timestamps, as integer arithmetic on counts since 1970-01-01T00:00:00Z.
import { CenoteError } from "../base/index.ts";
import { type ColumnType, TYPES } from "../columns/index.ts";
import { wrongType } from "./kinds.ts";
import type { DatePart } from "./nodes.ts";
import { node, type Typed } from "./typed.ts";

const PER_SECOND = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n } as const;
const RANGES: Record<Exclude<DatePart, "year">, [number, number]> = {
  month: [1, 12],
  day: [1, 31],
  weekday: [1, 7],
  hour: [0, 23],
  minute: [0, 59],
  second: [0, 59],
};

/** A part of a date or timestamp; "date" is the day itself. Throws WRONG_TYPE and TIMEZONE. */
export function datePart(part: DatePart | "date", at: Typed, where: string): Typed {
  check(part, at, where);
  if (part === "hour" || part === "minute" || part === "second") {
    const seconds = { hour: 3600n, minute: 60n, second: 1n }[part];
    const count = floorDiv(at, seconds * PER_SECOND[at.type.unit!]);
    return narrow(mod(count, part === "hour" ? 24n : 60n), RANGES[part]);
  }
  const days = daysOf(at);
  if (part === "date") return days;
  if (part === "weekday") {
    // 1970-01-01 was a Thursday, ISO's 4.
    const shifted = mod(add(days, 3n), 7n);
    return narrow(add(shifted, 1n), RANGES.weekday);
  }
  if (part === "year") return node("year", TYPES.int32, [days]);
  return node(part, TYPES.int8, [days], { range: RANGES[part] });
}

function check(part: string, at: Typed, where: string): void {
  const { temporal, timezone, unit } = at.type;
  const clock = part === "hour" || part === "minute" || part === "second";
  if ((temporal !== "date" && temporal !== "timestamp") || (clock && unit === undefined)) {
    const wanted = clock ? "a timestamp" : "a date or timestamp";
    throw wrongType(where, at, wanted, "Only dates and timestamps have date parts.");
  }
  if (timezone && !/^(UTC|Z|Etc\/UTC|GMT|[+-]00:?00)$/i.test(timezone)) {
    throw new CenoteError(
      "TIMEZONE",
      `${where}: found a timestamp of the zone ${timezone}; wanted UTC or none`,
      {
        mend: "Convert it to local time before it is uploaded: time zone rules are not on the GPU.",
      },
    );
  }
}

function daysOf(at: Typed): Typed {
  if (at.type.kind === "i32") return at;
  const days = floorDiv(at, 86_400n * PER_SECOND[at.type.unit!]);
  return node("cast", TYPES.date32, [days]);
}

function constant(type: ColumnType, value: bigint): Typed {
  return node("literal", type, [], { value: type.kind === "i64" ? value : Number(value) });
}

// Days keep their type here, for want of a need: only the kind matters to the generators.
const wholeType = (at: Typed) => (at.type.kind === "i64" ? TYPES.int64 : TYPES.int32);
const floorDiv = (at: Typed, by: bigint) =>
  node("floorDiv", wholeType(at), [at, constant(wholeType(at), by)]);
const mod = (at: Typed, by: bigint) =>
  node("mod", wholeType(at), [at, constant(wholeType(at), by)]);
const add = (at: Typed, by: bigint) =>
  node("add", wholeType(at), [at, constant(wholeType(at), by)]);

function narrow(at: Typed, range: [number, number]): Typed {
  return node("cast", TYPES.int8, [at], { range });
}
