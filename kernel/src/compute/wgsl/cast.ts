// Casts. Where a value does not fit the new type the result is null.
import { type ColumnType, TYPES } from "../../columns/index.ts";
import { limits } from "../literals.ts";
import type { Typed } from "../typed.ts";
import { both, type Emitted, type Emitting } from "./context.ts";
import { decimalToDouble, toDecimal, wholeOf } from "./decimals.ts";

/** Emits `at.args[0]` as a value of `at.type`. */
export function emitCast(to: Emitting, at: Typed): Emitted {
  const [arg] = at.args as [Typed];
  const { v: value, ok } = to.emit(arg);
  // WGSL refuses constants that it can see do not fit; a let it does not look into.
  const v = arg.op === "literal" ? to.let(`(${value})`) : value;
  const made = castValue(to, v, arg, at);
  const valid = both(ok, made.ok);
  return { v: to.let(made.v), ok: /^\w+$/.test(valid) ? valid : to.condition(valid) };
}

function castValue(to: Emitting, v: string, arg: Typed, at: Typed): Emitted {
  const { type } = at;
  const from = arg.type;
  if (type.kind === "decimal") return toDecimal(to, wide128(to, v, from), from.scale ?? 0, type);
  if (type.kind === "bool") return { v: notZero(from, v), ok: "true" };
  if (from.kind === "bool")
    return castValue(to, to.let(`select(0u, 1u, ${v})`), { ...arg, type: BIT }, at);
  if (type.kind === "f32") {
    if (type.bits === 32) return { v: toFloat(to, v, from), ok: "true" };
    const half = `${to.program.use("f64_to_f16")}(${toDouble(to, v, from)})`;
    return { v: `${to.program.use("f16_to_f32")}(${half})`, ok: "true" };
  }
  if (type.kind === "f64") return { v: toDouble(to, v, from), ok: "true" };
  if (from.kind === "decimal") {
    const signed = type.kind === "i32" || type.kind === "i64";
    const whole = wholeOf(to, v, from, signed);
    const rest = fromInteger(to, whole.v, signed ? TYPES.int64 : TYPES.uint64, type, false);
    return { v: rest.v, ok: both(whole.ok, rest.ok) };
  }
  // A range was given to the node only if it is within its type.
  const fits = at.range !== undefined;
  if (from.kind === "f32" || from.kind === "f64")
    return fromDouble(to, toDouble(to, v, from), type);
  return fromInteger(to, v, from, type, fits);
}

/** What a bool becomes on its way to another type. */
const BIT: ColumnType = { name: "bit", kind: "u32", bits: 8 };

function notZero(from: ColumnType, v: string): string {
  switch (from.kind) {
    case "bool":
      return v;
    case "f32":
      return `(bitcast<u32>(${v}) << 1u) != 0u`;
    case "f64":
      return `((${v}.y << 1u) | ${v}.x) != 0u`;
    case "i64":
    case "u64":
      return `any(${v} != vec2u(0u, 0u))`;
    default:
      return from.kind === "i32" ? `${v} != 0i` : `${v} != 0u`;
  }
}

function toFloat(to: Emitting, v: string, from: ColumnType): string {
  const { program } = to;
  switch (from.kind) {
    case "f32":
      return v;
    case "f64":
      return `${program.use("f64_to_f32")}(${v})`;
    case "decimal":
      return `${program.use("f64_to_f32")}(${decimalToDouble(to, v, from)})`;
    case "i64":
      return `${program.use("i64_to_f32")}(${v})`;
    case "u64":
      return `${program.use("u64_to_f32")}(${v}, 0u)`;
    default:
      // WGSL leaves the rounding of f32(x) open above 2^24.
      if (from.bits <= 16) return `f32(${v})`;
      return toFloat(to, wideOf(to, v, from), { ...from, kind: "i64" });
  }
}

function toDouble(to: Emitting, v: string, from: ColumnType): string {
  const { program } = to;
  switch (from.kind) {
    case "f64":
      return v;
    case "decimal":
      return decimalToDouble(to, v, from);
    case "f32":
      return to.let(`${program.use("f32_to_f64")}(${v})`);
    case "u64":
      return to.let(`${program.use("u64_to_f64")}(${v}, 0u)`);
    default:
      return to.let(`${program.use("i64_to_f64")}(${wideOf(to, v, from)})`);
  }
}

/** A 32-bit integer as a 64-bit one; 64-bit ones as they are. */
function wideOf(to: Emitting, v: string, from: ColumnType): string {
  if (from.kind === "i32") return to.let(`vec2u(bitcast<u32>(${v}), bitcast<u32>(${v} >> 31u))`);
  return from.kind === "u32" ? to.let(`vec2u(${v}, 0u)`) : v;
}

/** An integer with 128 bits; decimals as they are. */
function wide128(to: Emitting, v: string, from: ColumnType): string {
  if (from.kind === "decimal") return v;
  const low = wideOf(to, v, from);
  const signed = from.kind === "i32" || from.kind === "i64";
  const high = signed ? to.let(`0u - (${low}.y >> 31u)`) : "0u";
  return to.let(`vec4u(${low}, ${high}, ${high})`);
}

function fromDouble(to: Emitting, v: string, type: ColumnType): Emitted {
  const { program } = to;
  const magnitude = to.let(`${program.use("f64_magnitude")}(${v})`);
  const negative = to.let(`(${v}.y >> 31u) == 1u && any(${magnitude} != vec2u(0u, 0u))`, "ok");
  const small = `${program.use("f64_fits_u64")}(${v})`;
  if (type.kind === "u64" || type.kind === "u32") {
    const ok = to.condition(`${small} && !${negative}`);
    const rest = fromInteger(to, magnitude, TYPES.uint64, type, false);
    return { v: rest.v, ok: both(ok, rest.ok) };
  }
  const value = to.let(
    `select(${magnitude}, ${program.use("u64_sub")}(vec2u(0u, 0u), ${magnitude}), ${negative})`,
  );
  // In range when the sign survived: 2^63 itself fits only as −2^63.
  const ok = to.condition(`${small} && ((${value}.y >> 31u) == 1u) == ${negative}`);
  const rest = fromInteger(to, value, TYPES.int64, type, false);
  return { v: rest.v, ok: both(ok, rest.ok) };
}

function fromInteger(
  to: Emitting,
  v: string,
  from: ColumnType,
  type: ColumnType,
  fits: boolean,
): Emitted {
  const [least, most] = limits(type);
  const [low, high] = from === BIT ? [0n, 1n] : limits(from);
  const inside = fits || (low >= least && high <= most);
  if (type.bits === 64) {
    const wide = wideOf(to, v, from);
    return { v: wide, ok: inside ? "true" : `(${wide}.y >> 31u) == 0u` };
  }
  if (from.bits === 64) return narrow(to, v, from, type, fits);
  const value = from.kind === type.kind ? v : `bitcast<${type.kind}>(${v})`;
  if (inside) return { v: value, ok: "true" };
  const tests: string[] = [];
  const suffix = from.kind === "i32" ? "i" : "u";
  if (low < least) tests.push(`${v} >= ${least}${suffix}`);
  if (high > most) tests.push(`${v} <= ${most}${suffix}`);
  return { v: value, ok: tests.join(" && ") };
}

function narrow(
  to: Emitting,
  v: string,
  from: ColumnType,
  type: ColumnType,
  fits: boolean,
): Emitted {
  const value = to.let(type.kind === "i32" ? `bitcast<i32>(${v}.x)` : `${v}.x`);
  if (fits) return { v: value, ok: "true" };
  const tests: string[] = [];
  if (type.kind === "u32") tests.push(`${v}.y == 0u`);
  else if (from.kind === "u64") tests.push(`${v}.y == 0u && ${value} >= 0i`);
  else tests.push(`${v}.y == bitcast<u32>(${value} >> 31u)`);
  if (type.bits < 32) {
    const [least, most] = limits(type);
    const suffix = type.kind === "i32" ? "i" : "u";
    if (type.kind === "i32") tests.push(`${value} >= ${least}${suffix}`);
    tests.push(`${value} <= ${most}${suffix}`);
  }
  return { v: value, ok: tests.join(" && ") };
}
