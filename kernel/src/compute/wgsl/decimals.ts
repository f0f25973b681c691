// Decimals in WGSL: integers of 128 bits (decimal-helpers.ts) with a scale that the type has. What the type's
// digits do not hold is null.
import type { ColumnType } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { decimalText, type Emitted, type Emitting } from "./context.ts";

const TEN = (power: number) => 10n ** BigInt(power);

/** Whether the digits of the type hold a value. */
function fits(to: Emitting, v: string, { precision }: ColumnType): string {
  const { program } = to;
  return `!${program.use("u128_ge")}(${program.use("i128_abs")}(${v}), ${decimalText(TEN(precision!))})`;
}

/** Sum, difference or product of two decimals, of one scale but for products. */
export function emitDecimal(to: Emitting, at: Typed): Emitted {
  const [a, b] = at.args.map((arg) => to.emit(arg)) as [Emitted, Emitted];
  const { program } = to;
  const tests = [a.ok, b.ok].filter((ok) => ok !== "true");
  let v: string;
  if (at.op === "mul") {
    const product = to.let(`${program.use("i128_mul")}(${a.v}, ${b.v})`);
    v = to.let(`${product}.v`);
    tests.push(`${product}.ok`);
  } else {
    const other = at.op === "sub" ? `${program.use("i128_neg")}(${b.v})` : b.v;
    v = to.let(`${program.use("i128_add")}(${a.v}, ${other})`);
  }
  return { v, ok: to.condition([...tests, fits(to, v, at.type)].join(" && ")) };
}

/** A 64-bit integer (two words and its sign's) or a decimal of a scale as a decimal. */
export function toDecimal(to: Emitting, v: string, scale: number, type: ColumnType): Emitted {
  const { program } = to;
  const by = type.scale! - scale;
  if (by <= 0) {
    const cut = by === 0 ? v : to.let(`${program.use("i128_cut")}(${v}, ${-by}u)`);
    return { v: cut, ok: fits(to, cut, type) };
  }
  // 10^39 and more times anything but 0 has too many digits.
  if (by > 38) return { v, ok: `all(${v} == vec4u())` };
  const product = to.let(`${program.use("i128_mul")}(${v}, ${decimalText(TEN(by))})`);
  return { v: to.let(`${product}.v`), ok: `${product}.ok && ${fits(to, `${product}.v`, type)}` };
}

/** The whole part of a decimal as a 64-bit integer, signed or not, and whether that holds it. */
export function wholeOf(to: Emitting, v: string, from: ColumnType, signed: boolean): Emitted {
  const { program } = to;
  const cut = from.scale! > 0 ? to.let(`${program.use("i128_cut")}(${v}, ${from.scale}u)`) : v;
  const high = signed ? to.let(`0u - (${cut}.y >> 31u)`) : "0u";
  return { v: to.let(`${cut}.xy`), ok: `all(${cut}.zw == vec2u(${high}, ${high}))` };
}

/** A decimal as a double, rounded once. */
export function decimalToDouble(to: Emitting, v: string, { scale }: ColumnType): string {
  return to.let(`${to.program.use("i128_to_f64")}(${v}, ${decimalText(TEN(scale!))})`);
}
