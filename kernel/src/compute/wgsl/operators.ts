// Operators on numbers, bools and dates that are not null, as WGSL expressions.
import type { Typed } from "../typed.ts";
import type { Program } from "./program.ts";

const INFIX: Partial<Record<Typed["op"], string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  gt: ">",
  ge: ">=",
  lt: "<",
  le: "<=",
  eq: "==",
  ne: "!=",
};

const COMPARISONS = new Set<Typed["op"]>(["gt", "ge", "lt", "le", "eq", "ne"]);

/** `at` of the values `v` of its arguments. */
export function operation(program: Program, at: Typed, v: string[]): string {
  const [a, b] = v as [string, string];
  const { kind } = at.args[0]!.type;
  const infix = INFIX[at.op];
  if (kind === "i64" || kind === "u64" || kind === "f64") return wide(program, at.op, kind, a, b);
  if (kind === "decimal" && (at.op === "neg" || at.op === "abs"))
    return `${program.use(`i128_${at.op}`)}(${a})`;
  if (kind === "decimal") return decimalComparison(program, at.op, a, b);
  if (kind === "f32" && infix && at.type.kind === "bool")
    return floatComparison(program, at.op, "f32", a, b);
  if (kind === "f32" && at.op === "div") return `${program.use("f32_div")}(${a}, ${b})`;
  if (infix) return `${a} ${infix} ${b}`;
  switch (at.op) {
    case "neg":
      // By its sign bit, so that 0 and NaN are negated too.
      return kind === "f32" ? `bitcast<f32>(bitcast<u32>(${a}) ^ 0x80000000u)` : `-${a}`;
    case "abs":
      return kind === "f32" ? `bitcast<f32>(bitcast<u32>(${a}) & 0x7fffffffu)` : `abs(${a})`;
    case "sqrt":
      return `${program.use("f32_sqrt")}(${a})`;
    case "not":
      return `!${a}`;
    case "year":
      return `${program.use("civil")}(${a}).x`;
    case "month":
      return `${program.use("civil")}(${a}).y`;
    case "day":
      return `${program.use("civil")}(${a}).z`;
    default:
      return `${at.op}(${a})`;
  }
}

function decimalComparison(program: Program, op: Typed["op"], a: string, b: string): string {
  if (op === "eq") return `all(${a} == ${b})`;
  if (op === "ne") return `any(${a} != ${b})`;
  const less = program.use("i128_lt");
  const [x, y] = op === "lt" || op === "ge" ? [a, b] : [b, a];
  return `${op === "ge" || op === "le" ? "!" : ""}${less}(${x}, ${y})`;
}

function floatComparison(
  program: Program,
  op: Typed["op"],
  type: string,
  a: string,
  b: string,
): string {
  const call = (name: string, x: string, y: string) =>
    `${program.use(`${type}_${name}`)}(${x}, ${y})`;
  if (op === "gt") return call("lt", b, a);
  if (op === "ge") return call("le", b, a);
  return op === "ne" ? `!${call("eq", a, b)}` : call(op, a, b);
}

function wide(
  program: Program,
  op: Typed["op"],
  kind: "i64" | "u64" | "f64",
  a: string,
  b: string | undefined,
): string {
  if (kind === "f64") {
    if (op === "neg") return `vec2u(${a}.x, ${a}.y ^ 0x80000000u)`;
    if (op === "abs") return `vec2u(${a}.x, ${a}.y & 0x7fffffffu)`;
    if (COMPARISONS.has(op)) return floatComparison(program, op, "f64", a, b!);
    return `${program.use(`f64_${op}`)}(${b === undefined ? a : `${a}, ${b}`})`;
  }
  return wideInteger(program, op, kind, a, b!);
}

function wideInteger(
  program: Program,
  op: Typed["op"],
  kind: "i64" | "u64",
  a: string,
  b: string,
): string {
  const less = (x: string, y: string) => `${program.use(`${kind}_lt`)}(${x}, ${y})`;
  switch (op) {
    case "gt":
      return less(b, a);
    case "ge":
      return `!${less(a, b)}`;
    case "lt":
      return less(a, b);
    case "le":
      return `!${less(b, a)}`;
    case "eq":
      return `all(${a} == ${b})`;
    case "ne":
      return `any(${a} != ${b})`;
    case "neg":
      return `${program.use("u64_sub")}(vec2u(0u, 0u), ${a})`;
    case "abs":
      return `${program.use("i64_abs")}(${a})`;
    default:
      return `${program.use(`u64_${op}`)}(${a}, ${b})`;
  }
}
