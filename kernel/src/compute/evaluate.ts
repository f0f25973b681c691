// The second code generator: typed expressions to JavaScript functions of a row. The oracle of the tests,
// and the meaning of each operation in a form that is short enough to be checked by eye.
import { limits } from "./literals.ts";
import type { Typed } from "./typed.ts";

/** number for 32 bits and floats, bigint for 64-bit integers and moments, string for text and codes. */
export type HostValue = number | bigint | boolean | string | null;
type RowFunction = (row: number) => HostValue;

/** A function that computes `at` for a row of `columns`. */
export function evaluator(
  at: Typed,
  columns: Readonly<Record<string, ArrayLike<HostValue>>>,
): RowFunction {
  if (at.op === "column") {
    const values = columns[at.column!]!;
    return (row) => values[row]!;
  }
  if (at.op === "literal") return () => at.value ?? null;
  const args = at.args.map((arg) => evaluator(arg, columns));
  const [a, b] = args as [RowFunction, RowFunction];
  switch (at.op) {
    case "and":
      return kleene(a, b, false);
    case "or":
      return kleene(a, b, true);
    case "isNull":
      return (row) => a(row) === null;
    case "fillNull":
      return (row) => a(row) ?? b(row);
    case "element":
      return (row) => elementOf(a(row), b(row));
    case "listLength":
      return (row) => (a(row) as unknown as HostValue[] | null)?.length ?? null;
    case "if":
      return (row) => (a(row) === true ? b : args[2]!)(row);
    default:
      return strict(at, a, b);
  }
}

// A list is an array of values.
function elementOf(list: unknown, index: HostValue): HostValue {
  if (list === null || index === null) return null;
  return (list as HostValue[]).at(Number(index)) ?? null;
}

function kleene(a: RowFunction, b: RowFunction, decisive: boolean): RowFunction {
  return (row) => {
    const [x, y] = [a(row), b(row)];
    if (x === decisive || y === decisive) return decisive;
    return x === null || y === null ? null : !decisive;
  };
}

function strict(at: Typed, a: RowFunction, b: RowFunction | undefined): RowFunction {
  return (row) => {
    const x = a(row);
    const y = b ? b(row) : undefined;
    return x === null || y === null ? null : apply(at, x, y);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: numbers and bigints share JavaScript's operators, not its types.
type Any = any;

function apply(at: Typed, x: Any, y: Any): HostValue {
  switch (at.op) {
    case "known":
      return at.value!;
    case "among":
      return at.values!.includes(x);
    case "not":
      return !x;
    case "gt":
      return order(x, y) > 0;
    case "ge":
      return order(x, y) >= 0;
    case "lt":
      return order(x, y) < 0;
    case "le":
      return order(x, y) <= 0;
    case "eq":
      return x === y;
    case "ne":
      return x !== y;
    case "cast":
      return cast(at, x);
    case "year":
    case "month":
    case "day":
      return civil(at.op, x);
    default:
      return typeof x === "string" ? text(at, x, y) : number(at, x, y);
  }
}

// NaN compares as unordered. JavaScript orders texts by UTF-16 units; UTF-8's order is that of code points.
function order(x: Any, y: Any): number {
  if (typeof x === "string") return Buffer.compare(Buffer.from(x), Buffer.from(y));
  return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
}

function text(at: Typed, x: string, y: Any): HostValue {
  switch (at.op) {
    case "contains":
      return x.includes(y);
    case "startsWith":
      return x.startsWith(y);
    case "endsWith":
      return x.endsWith(y);
    case "concat":
      return x + y;
    case "length":
      return [...x].length;
    case "byteLength":
      return Buffer.byteLength(x);
    case "upper":
      return x.replace(/[a-z]/g, (letter) => letter.toUpperCase());
    case "lower":
      return x.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    case "slice": {
      const points = [...x];
      const [offset, length] = at.span!;
      const from = offset < 0 ? points.length + offset : offset;
      const to = length === null ? points.length : from + length;
      return points.slice(Math.max(from, 0), Math.max(to, 0)).join("");
    }
    default:
      throw new Error(`no evaluation of ${at.op}`);
  }
}

function number(at: Typed, x: Any, y: Any): HostValue {
  switch (at.op) {
    case "add":
      return fit(at, x + y);
    case "sub":
      return fit(at, x - y);
    case "mul":
      return fit(
        at,
        at.type.kind === "i32" || at.type.kind === "u32" ? BigInt(x) * BigInt(y) : x * y,
      );
    case "div":
      return fit(at, x / y);
    case "floorDiv":
      return Number(y) === 0 ? null : fit(at, floorDiv(BigInt(x), BigInt(y)));
    case "mod":
      return Number(y) === 0
        ? null
        : fit(at, BigInt(x) - floorDiv(BigInt(x), BigInt(y)) * BigInt(y));
    case "neg":
      return fit(at, -x);
    case "abs":
      return fit(at, x < 0 || Object.is(x, -0) ? -x : x);
    case "floor":
      return Math.floor(x);
    case "ceil":
      return Math.ceil(x);
    case "sqrt":
      return fit(at, Math.sqrt(x));
    case "round":
      return roundEven(x);
    default:
      throw new Error(`no evaluation of ${at.op}`);
  }
}

function floorDiv(x: bigint, y: bigint): bigint {
  const q = x / y;
  return x % y !== 0n && x < 0n !== y < 0n ? q - 1n : q;
}

function roundEven(x: number): number {
  const low = Math.floor(x);
  const half = x - low;
  const up = half > 0.5 || (half === 0.5 && low % 2 !== 0);
  const rounded = up ? low + 1 : low;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}

/** Wraps an integer to its type, rounds a float to it. */
function fit({ type }: Typed, x: number | bigint): HostValue {
  switch (type.kind) {
    case "i32":
      return Number(BigInt.asIntN(32, BigInt(x)));
    case "u32":
      return Number(BigInt.asUintN(32, BigInt(x)));
    case "i64":
      return BigInt.asIntN(64, BigInt(x));
    case "u64":
      return BigInt.asUintN(64, BigInt(x));
    case "f32":
      return Math.fround(Number(x));
    case "decimal":
      return held(type, BigInt(x));
    default:
      return Number(x);
  }
}

/** A decimal, null where its type has too few digits for it. */
const held = ({ precision }: Typed["type"], x: bigint): HostValue =>
  String(x).replace("-", "").length > precision! ? null : x;

// A bigint of a decimal counts units of its last digit; division of bigints cuts towards 0.
function castDecimal({ type, args }: Typed, x: number | bigint): HostValue {
  const { scale = 0 } = args[0]!.type;
  const by = (type.scale ?? 0) - scale;
  // JavaScript reads a number from its digits rounding once.
  if (type.kind === "f64" || type.kind === "f32") {
    const real = Number(`${x}e${-scale}`);
    return type.bits === 16 ? Math.f16round(real) : fit({ type } as Typed, real);
  }
  const power = 10n ** BigInt(Math.abs(by));
  const cut = by < 0 ? BigInt(x) / power : BigInt(x) * power;
  if (type.kind === "decimal") return held(type, cut);
  const [least, most] = limits(type);
  if (cut < least || cut > most) return null;
  return type.bits === 64 ? cut : Number(cut);
}

function cast(at: Typed, x: number | bigint | boolean): HostValue {
  const { type, args } = at;
  if (type.kind === "decimal" || args[0]!.type.kind === "decimal")
    return castDecimal(at, x as bigint);
  if (type.kind === "bool") return typeof x === "bigint" ? x !== 0n : x !== 0 && x !== false;
  if (type.kind === "f64") return Number(x);
  if (type.bits === 16 && type.kind === "f32") return Math.f16round(Number(x));
  if (type.kind === "f32") {
    // Number(x) would round a 64-bit integer twice.
    return typeof x === "bigint" ? bigToFloat(x) : Math.fround(Number(x));
  }
  if (typeof x === "number" && !Number.isFinite(x)) return null;
  const whole = BigInt(typeof x === "number" ? Math.trunc(x) : x);
  const [least, most] = limits(type);
  if (whole < least || whole > most) return null;
  if (args[0]!.type.kind === type.kind && args[0]!.type.bits === type.bits) return x as HostValue;
  return type.bits === 64 ? whole : Number(whole);
}

function bigToFloat(x: bigint): number {
  const near = Math.fround(Number(x));
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  float[0] = near;
  const distance = (at: number) => {
    const d = BigInt(at) - x;
    return d < 0n ? -d : d;
  };
  let best = near;
  for (const step of [-1, 1]) {
    float[0] = near;
    bits[0]! += step;
    const other = float[0]!;
    if (Number.isFinite(other) && Number.isInteger(other) && distance(other) < distance(best))
      best = other;
  }
  return best;
}

function civil(part: "year" | "month" | "day", days: number): number {
  const date = new Date(days * 86_400_000);
  if (part === "year") return date.getUTCFullYear();
  return part === "month" ? date.getUTCMonth() + 1 : date.getUTCDate();
}
