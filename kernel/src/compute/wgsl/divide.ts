// Integer division rounded towards −∞, and its remainder. Division of 64 bits by a constant is a chain of
// divisions by its factors below 65,536, as ⌊⌊x/a⌋/b⌋ = ⌊x/ab⌋; other divisors take a loop over the bits.
import type { Typed } from "../typed.ts";
import { both, type Emitted, type Emitting, literalText } from "./context.ts";

/** Emits ⌊a / b⌋, null where b is 0. */
export function emitFloorDiv(to: Emitting, at: Typed): Emitted {
  const [a, b] = at.args as [Typed, Typed];
  const x = to.emit(a);
  const divisor = b.op === "literal" ? BigInt((b.value as number | bigint | null) ?? 0) : undefined;
  if (divisor !== undefined && divisor > 0n) {
    return { v: to.let(byConstant(to, x.v, at, divisor)), ok: x.ok };
  }
  if (divisor === 0n) return { v: x.v, ok: "false" };
  const y = to.emit(b);
  const zero =
    at.type.bits === 64 ? `any(${y.v} != vec2u(0u, 0u))` : `${y.v} != 0${at.type.kind[0]}`;
  const ok = to.condition(both(both(x.ok, y.ok), zero));
  return { v: to.let(byVariable(to, at, x.v, y.v)), ok };
}

/** Emits a − ⌊a / b⌋ × b. */
export function emitMod(to: Emitting, at: Typed): Emitted {
  const [a, b] = at.args as [Typed, Typed];
  const short = shortMod(to, a, b);
  if (short) return short;
  const q = emitFloorDiv(to, at);
  const x = to.emit(a).v;
  const y = to.emit(b).v;
  if (at.type.bits !== 64) return { v: to.let(`${x} - ${q.v} * ${y}`), ok: q.ok };
  const { program } = to;
  return {
    v: to.let(`${program.use("u64_sub")}(${x}, ${program.use("u64_mul")}(${q.v}, ${y}))`),
    ok: q.ok,
  };
}

// ⌊x / c⌋ mod d of 64 bits (the hour of a timestamp), where the quotient's magnitude is sure to fit 32 bits:
// then its remainder is that of one word. Of a negative number: (~q) mod d = d − 1 − (q mod d).
function shortMod(to: Emitting, a: Typed, b: Typed): Emitted | undefined {
  if (a.op !== "floorDiv" || a.type.kind !== "i64" || b.op !== "literal") return undefined;
  const [divisor, modulus] = [constantOf(a.args[1]!), constantOf(b)];
  if (modulus <= 0n || modulus >= 1n << 31n || divisor < 1n << 31n) return undefined;
  const factors = factorsOf(divisor);
  if (!factors) return undefined;
  const { v: x, ok } = to.emit(a.args[0]!);
  const sign = to.let(`vec2u(0u - (${x}.y >> 31u))`);
  const q = byFactors(to, to.let(`${x} ^ ${sign}`), factors);
  const r = to.let(`${q}.x % ${modulus}u`);
  return { v: to.let(`vec2u(select(${r}, ${modulus - 1n}u - ${r}, ${sign}.x != 0u), 0u)`), ok };
}

/** A literal integer, or 0 for anything else. */
function constantOf(at: Typed): bigint {
  return at.op === "literal" ? BigInt((at.value as number | bigint | null) ?? 0) : 0n;
}

function byFactors(
  to: Emitting,
  x: string,
  { shift, small }: { shift: number; small: number[] },
): string {
  const { program } = to;
  let q = x;
  if (shift > 0) q = to.let(`${program.use("u64_shr")}(${q}, ${shift}u)`);
  for (const factor of small) q = to.let(`${program.use("u64_div_small")}(${q}, ${factor}u)`);
  return q;
}

function byVariable(to: Emitting, at: Typed, x: string, y: string): string {
  const { program } = to;
  switch (at.type.kind) {
    case "i32":
      return `${program.use("i32_floor_div")}(${x}, ${y})`;
    case "u32":
      return `${x} / ${y}`;
    case "i64":
      return `${program.use("i64_floor_div")}(${x}, ${y})`;
    default:
      return `${program.use("u64_div")}(${x}, ${y})`;
  }
}

function byConstant(to: Emitting, x: string, at: Typed, divisor: bigint): string {
  const { program } = to;
  if (at.type.kind === "i32") return `${program.use("i32_floor_div")}(${x}, ${divisor}i)`;
  if (at.type.kind === "u32") return `${x} / ${divisor}u`;
  const factors = factorsOf(divisor);
  if (!factors) return byVariable(to, at, x, literalText(program, at.args[1]!));
  // Of a negative number: ⌊x/d⌋ = ~(~x / d), and ~x is not negative.
  const signed = at.type.kind === "i64";
  const sign = signed ? to.let(`vec2u(0u - (${x}.y >> 31u))`) : "";
  const q = byFactors(to, signed ? to.let(`${x} ^ ${sign}`) : x, factors);
  return signed ? `${q} ^ ${sign}` : q;
}

/** d as 2^shift times factors below 65,536, or undefined where a prime factor is larger. */
export function factorsOf(d: bigint): { shift: number; small: number[] } | undefined {
  let rest = d;
  let shift = 0;
  while (rest % 2n === 0n) {
    rest /= 2n;
    shift++;
  }
  const small: number[] = [];
  let current = 1n;
  const take = (prime: bigint) => {
    if (current * prime > 65_535n) {
      small.push(Number(current));
      current = 1n;
    }
    current *= prime;
  };
  for (let prime = 3n; prime * prime <= rest && prime < 65_536n; prime += 2n) {
    for (; rest % prime === 0n; rest /= prime) take(prime);
  }
  if (rest > 65_535n) return undefined;
  if (rest > 1n) take(rest);
  if (current > 1n) small.push(Number(current));
  return { shift, small };
}
