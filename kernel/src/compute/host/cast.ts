// Casts in JavaScript, with the results of wgsl/cast.ts.
import type { ColumnType } from "../../columns/index.ts";
import { limits } from "../literals.ts";
import type { Typed } from "../typed.ts";
import { both, digits, type Emitted, type Emitting, isBig, wrapped } from "./code.ts";

/** Emits `at.args[0]` as a value of `at.type`. */
export function emitCast(to: Emitting, at: Typed): Emitted {
  const [arg] = at.args as [Typed];
  const { v: value, ok } = to.emit(arg);
  const { type } = at;
  const from = arg.type;
  if (type.kind === "decimal") {
    const scaled = to.let(rescaled(`BigInt(${value})`, type.scale! - (from.scale ?? 0)));
    return { v: scaled, ok: to.let(both(ok, digits(scaled, type))) };
  }
  if (from.kind === "decimal" && (type.kind === "f32" || type.kind === "f64")) {
    const real = `f.ratio(${value}, ${10n ** BigInt(from.scale!)}n, 0)`;
    const rounded = type.bits === 16 ? `Math.f16round(${real})` : wrapped(type, real);
    return { v: to.let(rounded), ok };
  }
  if (from.kind === "decimal")
    return toInteger(to, type, from, to.let(rescaled(value, -from.scale!)), ok);
  if (type.kind === "bool") {
    if (from.kind === "bool") return { v: value, ok };
    // NaN is not 0.
    return { v: to.let(`${value} !== ${isBig(from) ? "0n" : "0"}`), ok };
  }
  const v = from.kind === "bool" ? to.let(`Number(${value})`) : value;
  if (type.kind === "f64") return { v: isBig(from) ? to.let(`Number(${v})`) : v, ok };
  if (type.kind === "f32" && type.bits === 16)
    return { v: to.let(`Math.f16round(Number(${v}))`), ok };
  if (type.kind === "f32")
    return { v: to.let(isBig(from) ? `f.bigToFloat(${v})` : `Math.fround(${v})`), ok };
  return toInteger(to, type, from, v, ok);
}

function toInteger(
  to: Emitting,
  type: ColumnType,
  from: ColumnType,
  v: string,
  ok: string,
): Emitted {
  const [least, most] = limits(type);
  const isFloat = from.kind === "f32" || from.kind === "f64";
  const whole = isFloat ? to.let(`Math.trunc(${v})`) : v;
  const inside =
    from.kind === type.kind && from.bits <= type.bits
      ? "true"
      : isBig(from)
        ? `${whole} >= ${least}n && ${whole} <= ${most}n`
        : `${whole} >= ${Number(least)} && ${whole} < ${Number(most + 1n)}`;
  const valid = to.let(both(ok, inside));
  if (isBig(type) === isBig(from))
    return { v: isFloat ? to.let(`${whole} + 0`) : whole, ok: valid };
  const made = isBig(type) ? `${valid} ? BigInt(${whole}) : 0n` : `${valid} ? Number(${whole}) : 0`;
  return { v: to.let(made), ok: valid };
}

/** A decimal with so many digits more behind its point, or fewer, cut towards 0. */
function rescaled(v: string, by: number): string {
  if (by === 0) return v;
  return `${v} ${by > 0 ? "*" : "/"} ${10n ** BigInt(Math.abs(by))}n`;
}
