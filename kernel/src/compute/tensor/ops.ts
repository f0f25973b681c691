// Element-wise operations: what each makes of its operands' dtypes, its WGSL, and what its derivative needs.
import type { Computed, Dtype } from "./dtypes.ts";

/** How the operands' dtypes give the result's; `like` is the (promoted) operand's own. */
export type Rule = "like" | "float" | "bool";

export interface ElementOp {
  readonly operands: 1 | 2;
  readonly rule: Rule;
  /** What operands may be: "number" turns bool into i32. */
  readonly takes: "any" | "number" | "integer" | "bool" | "float";
  /** By the type that is computed in; absent where it is not taken. */
  readonly code: (at: Computed, x: string, y: string) => string;
  /** Helpers that the code calls, for that type. */
  readonly helpers?: (at: Computed) => readonly string[];
  /** Whether the result may leave the range of a narrow integer. */
  readonly wraps?: boolean;
  /** What the derivative of the result by each operand is made of: x, y are the operands, z the result. */
  readonly derivative: string;
}

/** What elements along axes are brought to one by. */
export type Reducer = "sum" | "prod" | "min" | "max";

type Part = Partial<ElementOp>;

const float = (
  derivative: string,
  code: (x: string) => string,
  helpers: string[] = [],
  more: Part = {},
): ElementOp => ({
  operands: 1,
  rule: "float",
  takes: "float",
  code: (_, x) => code(x),
  helpers: () => helpers,
  derivative,
  ...more,
});
const named = (name: string, derivative: string) =>
  float(derivative, (x) => `${name}(${x})`, [name]);
const builtIn = (name: string, derivative: string) => float(derivative, (x) => `${name}(${x})`);
/** Leaves integers as they are. */
const rounding = (code: (x: string) => string): ElementOp => ({
  operands: 1,
  rule: "like",
  takes: "number",
  code: (at, x) => (at === "f32" ? code(x) : x),
  derivative: "0",
});
const arithmetic = (sign: string, derivative: string): ElementOp => ({
  operands: 2,
  rule: "like",
  takes: "number",
  code: (_, x, y) => `(${x} ${sign} ${y})`,
  wraps: true,
  derivative,
});
const byType = (
  name: (at: Computed) => string,
  derivative: string,
  more: Part = {},
): ElementOp => ({
  operands: 2,
  rule: "like",
  takes: "number",
  code: (at, x, y) => `${name(at)}(${x}, ${y})`,
  helpers: (at) => [name(at)],
  derivative,
  ...more,
});
const extreme = (own: string, built: string): ElementOp => ({
  operands: 2,
  rule: "like",
  takes: "number",
  code: (at, x, y) => `${at === "f32" ? own : built}(${x}, ${y})`,
  helpers: (at) => (at === "f32" ? [own] : []),
  derivative: "x, y; a tie goes to x",
});
const comparison = (sign: string, ofNan: boolean): ElementOp => ({
  operands: 2,
  rule: "bool",
  takes: "any",
  code: (at, x, y) => {
    if (at === "bool") return `(u32(${x}) ${sign} u32(${y}))`;
    if (at !== "f32") return `(${x} ${sign} ${y})`;
    const either = `(is_nan(${x}) || is_nan(${y}))`;
    return ofNan ? `(${either} || ${x} ${sign} ${y})` : `(!${either} && ${x} ${sign} ${y})`;
  },
  helpers: (at) => (at === "f32" ? ["is_nan"] : []),
  derivative: "none",
});
const logical = (sign: string): ElementOp => ({
  operands: 2,
  rule: "bool",
  takes: "bool",
  code: (_, x, y) => `(${x} ${sign} ${y})`,
  derivative: "none",
});
const bitwise = (code: (x: string, y: string) => string, more: Part = {}): ElementOp => ({
  operands: 2,
  rule: "like",
  takes: "integer",
  code: (_, x, y) => code(x, y),
  derivative: "none",
  ...more,
});
const test = (code: (x: string) => string, helpers: string[]): ElementOp =>
  float("none", code, helpers, { rule: "bool" });
const size = (x: string) => `(bitcast<u32>(${x}) & 0x7fffffffu)`;
const keepNan = (code: (x: string) => string) => (x: string) =>
  `select(${code(x)}, ${x}, is_nan(${x}))`;

const random = (code: (x: string, y: string) => string, helpers: string[]): ElementOp => ({
  operands: 1,
  rule: "like",
  takes: "integer",
  code: (_at, x, y) => code(x, y),
  helpers: () => helpers,
  derivative: "none",
});

export const OPS = {
  neg: {
    operands: 1,
    rule: "like",
    takes: "number",
    code: (at, x) => (at === "u32" ? `(0u - ${x})` : `(-${x})`),
    wraps: true,
    derivative: "nothing",
  },
  abs: {
    operands: 1,
    rule: "like",
    takes: "number",
    code: (at, x) => (at === "u32" ? x : `abs(${x})`),
    wraps: true,
    derivative: "x",
  },
  sign: {
    operands: 1,
    rule: "like",
    takes: "number",
    code: (at, x) =>
      at === "f32"
        ? keepNan((v) => `(f32(${v} > 0.0) - f32(${v} < 0.0))`)(x)
        : at === "u32"
          ? `min(${x}, 1u)`
          : `sign(${x})`,
    helpers: () => ["is_nan"],
    derivative: "0",
  },
  square: {
    operands: 1,
    rule: "like",
    takes: "number",
    code: (_, x) => `(${x} * ${x})`,
    wraps: true,
    derivative: "x",
  },
  floor: rounding((x) => `floor(${x})`),
  ceil: rounding((x) => `ceil(${x})`),
  round: rounding((x) => `round(${x})`),
  trunc: rounding((x) => `trunc(${x})`),
  relu: {
    operands: 1,
    rule: "like",
    takes: "number",
    code: (at, x) => (at === "f32" ? `greatest(${x}, 0.0)` : at === "u32" ? x : `max(${x}, 0)`),
    helpers: (at) => (at === "f32" ? ["greatest"] : []),
    derivative: "z",
  },
  exp: named("exp_f32", "z"),
  exp2: named("exp2_f32", "z"),
  expm1: named("expm1_f32", "z"),
  log: named("log_f32", "x"),
  log2: named("log2_f32", "x"),
  log10: float("x", (x) => `(log2_f32(${x}) * 0.30103)`, ["log2_f32"]),
  log1p: named("log1p_f32", "x"),
  sqrt: builtIn("sqrt", "z"),
  rsqrt: builtIn("inverseSqrt", "z"),
  reciprocal: float("z", (x) => `(1.0 / ${x})`),
  sin: builtIn("sin", "x"),
  cos: builtIn("cos", "x"),
  tan: builtIn("tan", "z"),
  asin: named("arc_sine", "x"),
  acos: named("arc_cosine", "x"),
  atan: named("atan_f32", "x"),
  sinh: named("sinh_f32", "x"),
  cosh: named("cosh_f32", "x"),
  tanh: named("tanh_f32", "z"),
  asinh: named("asinh_f32", "x"),
  acosh: named("acosh_f32", "x"),
  atanh: named("atanh_f32", "x"),
  erf: named("erf_f32", "x"),
  sigmoid: float("z", (x) => `(1.0 / (1.0 + exp_f32(-${x})))`, ["exp_f32"]),
  softplus: named("softplus_f32", "x"),
  silu: named("silu_f32", "x"),
  gelu: named("gelu_f32", "x"),
  elu: float("x, z", (x) => `select(expm1_f32(${x}), ${x}, ${x} > 0.0)`, ["expm1_f32"]),
  isNan: test((x) => `is_nan(${x})`, ["is_nan"]),
  isFinite: test((x) => `(${size(x)} < 0x7f800000u)`, []),
  isInf: test((x) => `(${size(x)} == 0x7f800000u)`, []),
  not: { operands: 1, rule: "bool", takes: "bool", code: (_, x) => `(!${x})`, derivative: "none" },
  bitNot: {
    operands: 1,
    rule: "like",
    takes: "integer",
    code: (_, x) => `(~${x})`,
    wraps: true,
    derivative: "none",
  },
  add: arithmetic("+", "nothing"),
  sub: arithmetic("-", "nothing"),
  mul: arithmetic("*", "x, y"),
  div: {
    operands: 2,
    rule: "float",
    takes: "float",
    code: (_, x, y) => `(${x} / ${y})`,
    derivative: "y, z",
  },
  floorDiv: {
    operands: 2,
    rule: "like",
    takes: "number",
    code: (at, x, y) => `floor_div_${at}(${x}, ${y})`,
    helpers: (at) => [`floor_div_${at}`],
    wraps: true,
    derivative: "0",
  },
  mod: byType((at) => `mod_${at}`, "x, y"),
  pow: byType((at) => `power_${at}`, "x, y, z", { wraps: true }),
  minimum: extreme("least", "min"),
  maximum: extreme("greatest", "max"),
  atan2: {
    operands: 2,
    rule: "float",
    takes: "float",
    code: (_, x, y) => `angle_f32(${x}, ${y})`,
    helpers: () => ["angle_f32"],
    derivative: "x, y",
  },
  eq: comparison("==", false),
  ne: comparison("!=", true),
  lt: comparison("<", false),
  le: comparison("<=", false),
  gt: comparison(">", false),
  ge: comparison(">=", false),
  and: logical("&&"),
  or: logical("||"),
  xor: logical("!="),
  bitAnd: bitwise((x, y) => `(${x} & ${y})`),
  bitOr: bitwise((x, y) => `(${x} | ${y})`),
  bitXor: bitwise((x, y) => `(${x} ^ ${y})`),
  /** Of random bits: a number from 0 to below 1, and a normal one. */
  unit: random((x) => `(f32(${x} >> 8u) * 5.9604644775390625e-8)`, []),
  normal: random((x) => `normal_of(${x})`, ["normal_of"]),
  mulHigh: { ...random((x, y) => `mul_high(${x}, ${y})`, ["mul_high"]), operands: 2 },
} satisfies Record<string, ElementOp>;

export type OpName = keyof typeof OPS;
export const opNamed = (name: string): ElementOp => OPS[name as OpName];

/** Brings an integer back into the range of a narrow dtype: arithmetic wraps, as NumPy's does. */
export function wrapped(dtype: Dtype, x: string): string {
  if (dtype === "i8") return `extractBits(${x}, 0u, 8u)`;
  if (dtype === "i4") return `extractBits(${x}, 0u, 4u)`;
  return dtype === "u8" ? `(${x} & 255u)` : x;
}

/** A value of one dtype as one of another, with the helpers that it calls. */
export function cast(
  from: Dtype,
  to: Dtype,
  at: Computed,
  result: Computed,
  x: string,
): { code: string; helpers: string[] } {
  const plain = (code: string) => ({ code, helpers: [] });
  if (result === "bool" && at === "f32") return plain(`(${size(x)} != 0u)`);
  if (result === "bool") return plain(at === "bool" ? x : `(${x} != ${at}(0))`);
  if (at === "bool") return plain(`${result}(${x})`);
  if (result === "f32") return plain(at === "f32" ? x : `f32(${x})`);
  if (at !== "f32")
    return plain(from === to ? x : wrapped(to, at === result ? x : `${result}(${x})`));
  const helpers = [`f32_to_${result}`];
  const whole = `f32_to_${result}(${x})`;
  const bounds = { i8: "-128, 127", i4: "-8, 7", u8: "0u, 255u" }[to as string];
  return { code: bounds ? `clamp(${whole}, ${bounds})` : whole, helpers };
}
