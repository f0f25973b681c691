// The second code generator: what ops.ts says in WGSL, in JavaScript. f32 is rounded after each operation, integers
// are numbers within their 32 bits, bools are booleans.
import { type Computed, DTYPES, type Dtype } from "../dtypes.ts";
import type { Call, Constant, Expr, Placed } from "../expr.ts";
import { OPS, type OpName, opNamed, type Reducer } from "../ops.ts";

type Text = (x: string, y: string) => string;
type ByType = Partial<Record<Computed, Text>>;

const f32 = (code: Text): ByType => ({ f32: (x, y) => `fround(${code(x, y)})` });
/** A function of Math that rounds to f32 only at its end. */
const maths = (name: string) => f32((x) => `Math.${name}(${x})`);
const whole = (name: string): ByType => ({
  f32: (x) => `Math.${name}(${x})`,
  i32: same,
  u32: same,
});
const same: Text = (x) => x;
const all = (code: Text): ByType => ({ f32: code, i32: code, u32: code, bool: code });
const integers = (code: Text): ByType => ({
  i32: (x, y) => `(${code(x, y)} | 0)`,
  u32: (x, y) => `(${code(x, y)} >>> 0)`,
});
const arithmetic = (sign: string): ByType => {
  const code: Text = (x, y) => `(${x} ${sign} ${y})`;
  return { ...f32(code), ...integers(code) };
};
const comparison = (sign: string) => all((x, y) => `(${x} ${sign} ${y})`);
const extreme = (name: string): ByType => {
  const code: Text = (x, y) => `Math.${name}(${x}, ${y})`;
  return { f32: code, i32: code, u32: code };
};
const product: ByType = {
  ...f32((x, y) => `${x} * ${y}`),
  ...integers((x, y) => `Math.imul(${x}, ${y})`),
};
const named = (of: Partial<Record<Computed, string>>): ByType =>
  Object.fromEntries(
    Object.entries(of).map(([type, name]) => [
      type,
      (x: string, y: string) => `${name}(${x}, ${y})`,
    ]),
  );

/** Absent: operations on random bits, which belong to the device. */
const CODE: Partial<Record<OpName, ByType>> = {
  neg: { f32: (x) => `(-${x})`, ...integers((x) => `(-${x})`) },
  abs: { f32: (x) => `Math.abs(${x})`, ...integers((x) => `Math.abs(${x})`) },
  sign: all((x) => `(Math.sign(${x}) + 0)`),
  square: {
    ...f32((x) => `${x} * ${x}`),
    ...integers((x) => `Math.imul(${x}, ${x})`),
  },
  floor: whole("floor"),
  ceil: whole("ceil"),
  trunc: whole("trunc"),
  round: { f32: (x) => `round(${x})`, i32: same, u32: same },
  relu: all((x) => `Math.max(${x}, 0)`),
  exp: maths("exp"),
  exp2: f32((x) => `2 ** ${x}`),
  expm1: maths("expm1"),
  log: maths("log"),
  log2: maths("log2"),
  log10: maths("log10"),
  log1p: maths("log1p"),
  sqrt: maths("sqrt"),
  rsqrt: f32((x) => `1 / Math.sqrt(${x})`),
  reciprocal: f32((x) => `1 / ${x}`),
  sin: maths("sin"),
  cos: maths("cos"),
  tan: maths("tan"),
  asin: maths("asin"),
  acos: maths("acos"),
  atan: maths("atan"),
  sinh: maths("sinh"),
  cosh: maths("cosh"),
  tanh: maths("tanh"),
  asinh: maths("asinh"),
  acosh: maths("acosh"),
  atanh: maths("atanh"),
  erf: f32((x) => `erf(${x})`),
  sigmoid: f32((x) => `1 / (1 + Math.exp(-${x}))`),
  softplus: f32((x) => `Math.max(${x}, 0) + Math.log1p(Math.exp(-Math.abs(${x})))`),
  silu: f32((x) => `silu(${x})`),
  gelu: f32((x) => `gelu(${x})`),
  elu: f32((x) => `${x} > 0 ? ${x} : Math.expm1(${x})`),
  isNan: all((x) => `Number.isNaN(${x})`),
  isFinite: all((x) => `Number.isFinite(${x})`),
  isInf: all((x) => `(Math.abs(${x}) === Infinity)`),
  not: { bool: (x) => `(!${x})` },
  bitNot: integers((x) => `~${x}`),
  add: arithmetic("+"),
  sub: arithmetic("-"),
  mul: product,
  div: f32((x, y) => `${x} / ${y}`),
  floorDiv: {
    f32: (x, y) => `floorDiv(${x}, ${y})`,
    ...named({ i32: "floorDivI32", u32: "floorDivU32" }),
  },
  mod: { ...f32((x, y) => `mod(${x}, ${y})`), ...named({ i32: "modI32", u32: "modU32" }) },
  pow: { ...f32((x, y) => `power(${x}, ${y})`), ...named({ i32: "powerI32", u32: "powerU32" }) },
  minimum: extreme("min"),
  maximum: extreme("max"),
  atan2: f32((x, y) => `Math.atan2(${x}, ${y})`),
  eq: comparison("==="),
  ne: comparison("!=="),
  lt: comparison("<"),
  le: comparison("<="),
  gt: comparison(">"),
  ge: comparison(">="),
  and: { bool: (x, y) => `(${x} && ${y})` },
  or: { bool: (x, y) => `(${x} || ${y})` },
  xor: { bool: (x, y) => `(${x} !== ${y})` },
  bitAnd: integers((x, y) => `(${x} & ${y})`),
  bitOr: integers((x, y) => `(${x} | ${y})`),
  bitXor: integers((x, y) => `(${x} ^ ${y})`),
};

/** What elements are reduced in. */
export type Summed = Exclude<Computed, "bool">;

/** How elements are joined: by which operation, and what joins to anything as that. */
const JOINS = {
  sum: { op: "add", of: { f32: "0", i32: "0", u32: "0" } },
  prod: { op: "mul", of: { f32: "1", i32: "1", u32: "1" } },
  min: { op: "minimum", of: { f32: "Infinity", i32: "2147483647", u32: "4294967295" } },
  max: { op: "maximum", of: { f32: "-Infinity", i32: "-2147483648", u32: "0" } },
} as const satisfies Record<Reducer, { op: OpName; of: Record<Summed, string> }>;

export function joinCode(how: Reducer, computed: Summed) {
  const { op, of } = JOINS[how];
  return { join: CODE[op]![computed]!, identity: of[computed] };
}

function wrapped(dtype: Dtype, x: string): string {
  if (dtype === "i8") return `(${x} << 24 >> 24)`;
  if (dtype === "i4") return `(${x} << 28 >> 28)`;
  return dtype === "u8" ? `(${x} & 255)` : x;
}

function cast(from: Dtype, to: Dtype, x: string): string {
  const [at, result] = [DTYPES[from].computed, DTYPES[to].computed];
  if (at === result && (from === to || result === "f32" || result === "bool")) return x;
  if (result === "bool") return `(${x} !== 0)`;
  if (at === "bool") return `(${x} ? 1 : 0)`;
  if (result === "f32") return `fround(${x})`;
  if (at !== "f32") return wrapped(to, result === "i32" ? `(${x} | 0)` : `(${x} >>> 0)`);
  const [low, high] = DTYPES[to].range!;
  const held = `${result === "i32" ? "toI32" : "toU32"}(${x})`;
  return DTYPES[to].bits < 32 ? `clamp(${held}, ${low}, ${high})` : held;
}

const isOp = (name: string): name is OpName => name in OPS;

/** What an expression does, as text, and what its `x0`, `x1`, … and `c0`, `c1`, … stand for. */
export interface HostForm {
  /** Equal ones have the same code. */
  readonly key: string;
  readonly placed: readonly Placed[];
  readonly constants: readonly Constant[];
}

/** Undefined where an operation has no code here. */
export function hostForm(expr: Expr): HostForm | undefined {
  const placed: Placed[] = [];
  const constants: Constant[] = [];
  const calls: Call[] = [];
  const visit = (one: Expr): string => {
    if (one.kind === "constant") return `c${numbered(constants, one)}${one.dtype}`;
    if (one.kind !== "call") return `x${numbered(placed, one)}${one.dtype}`;
    const known = calls.indexOf(one);
    if (known >= 0) return `t${known}`;
    let text = `${one.op}:${one.dtype}(`;
    for (const arg of one.args) text += `${visit(arg)},`;
    calls.push(one);
    return `${text})`;
  };
  const key = visit(expr);
  return calls.every(isKnown) ? { key, placed, constants } : undefined;
}

function numbered<T>(list: T[], one: T): number {
  const known = list.indexOf(one);
  return known >= 0 ? known : list.push(one) - 1;
}

function isKnown({ op, args }: Call): boolean {
  if (op === "where" || op === "cast") return true;
  return isOp(op) && CODE[op]?.[DTYPES[args[0]!.dtype].computed] !== undefined;
}

/** The body of a loop over `i`, and the value there. */
export function hostCode(expr: Expr, { placed, constants }: HostForm) {
  const lines: string[] = [];
  const names = new Map<Expr, string>();
  const visit = (one: Expr): string => {
    const known = names.get(one);
    if (known) return known;
    if (one.kind === "constant") return `c${constants.indexOf(one)}`;
    const text = one.kind === "call" ? applied(one, one.args.map(visit)) : load(one, placed);
    const name = `t${lines.length}`;
    lines.push(`const ${name} = ${text};`);
    names.set(one, name);
    return name;
  };
  const value = visit(expr);
  return { lines, value };
}

function load(one: Placed, placed: readonly Placed[]): string {
  const text = `x${placed.indexOf(one)}[i]`;
  return one.dtype === "bool" ? `${text} !== 0` : text;
}

function applied({ op, args, dtype }: Call, x: readonly string[]): string {
  const [a = "", b = "", c = ""] = x;
  if (op === "where") return `(${a} ? ${b} : ${c})`;
  if (op === "cast") return cast(args[0]!.dtype, dtype, a);
  const text = CODE[op as OpName]![DTYPES[args[0]!.dtype].computed]!(a, b);
  return opNamed(op).wraps ? wrapped(dtype, text) : text;
}
