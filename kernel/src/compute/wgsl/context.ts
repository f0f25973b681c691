// What the parts of the generator share: the pair that a value is, and the means to emit one.
import type { ColumnType } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import type { Program } from "./program.ts";

export interface Emitted {
  readonly v: string;
  readonly ok: string;
}

/** WGSL type of values of this kind. */
export function wgslType(type: ColumnType): string {
  switch (type.kind) {
    case "i32":
    case "f32":
    case "bool":
      return type.kind;
    case "u32":
    case "code":
      return "u32";
    case "decimal":
      return "vec4u";
    default:
      return "vec2u";
  }
}

/** Conjunction of two conditions, without what is always true. */
export function both(a: string, b: string): string {
  if (a === "true") return b;
  if (b === "true" || a === b) return a;
  return `${a} && ${b}`;
}

/** A text of a row: its bytes, and the four of them from byte k on, with zeros past its end. */
export interface TextValue {
  readonly size: string;
  readonly ok: string;
  word(k: string): string;
}

/** Where statements go. */
export interface Emitting {
  /** The statements that `body` adds, for a block of their own. */
  block(body: () => void): string[];
  readonly program: Program;
  /** A name of its own. */
  name(prefix: string): string;
  /** Adds a statement, of one line or more. */
  add(statement: string): void;
  /** `let` of an expression; gives its name back. */
  let(expression: string, prefix?: string): string;
  condition(expression: string): string;
  emit(at: Typed): Emitted;
  text(at: Typed): TextValue;
}

/** A constant in WGSL: a parameter where there is room for it. */
export function literalText(program: Program, at: Typed): string {
  const { kind } = at.type;
  const placed = at.value === null || kind === "bool" ? undefined : program.literal(wordsOf(at));
  if (!placed) return bakedText(program, at);
  if (placed.length > 1) return `vec${placed.length}u(${placed.join(", ")})`;
  return kind === "i32" || kind === "f32" ? `bitcast<${kind}>(${placed[0]})` : placed[0]!;
}

// The value as it lies in a column: one word, or two of 64 bits.
function wordsOf({ type, value }: Typed): number[] {
  const x = value as number | bigint;
  if (type.kind === "f32") return [...new Uint32Array(Float32Array.of(Number(x)).buffer)];
  if (type.kind === "f64") return [...new Uint32Array(Float64Array.of(Number(x)).buffer)];
  if (type.kind === "i64" || type.kind === "u64")
    return [...new Uint32Array(BigUint64Array.of(BigInt(x)).buffer)];
  if (type.kind === "decimal") return decimalWords(BigInt(x));
  return [Number(x) >>> 0];
}

const decimalWords = (x: bigint) =>
  [0n, 32n, 64n, 96n].map((shift) => Number(BigInt.asUintN(32, x >> shift)));

/** A 128-bit integer as a constant. */
export const decimalText = (x: bigint) => `vec4u(${decimalWords(x).map((word) => `${word}u`)})`;

function bakedText(program: Program, { type, value }: Typed): string {
  const x = value ?? (type.kind === "bool" ? false : 0);
  switch (type.kind) {
    case "bool":
      return String(x);
    case "i32":
      return x === -(2 ** 31) ? "bitcast<i32>(0x80000000u)" : `${x}i`;
    case "u32":
    case "code":
      return `${x}u`;
    case "f32":
      return floatText(program, Number(x));
    case "decimal":
      return decimalText(BigInt(x));
    case "f64": {
      const [low, high] = new Uint32Array(new Float64Array([Number(x)]).buffer);
      return `vec2u(${low}u, ${high}u)`;
    }
    default: {
      const bits = BigInt.asUintN(64, BigInt(x));
      return `vec2u(${bits & 0xffffffffn}u, ${bits >> 32n}u)`;
    }
  }
}

function floatText(program: Program, x: number): string {
  if (Number.isFinite(x) && Number.isInteger(x) && Math.abs(x) < 1e9 && !Object.is(x, -0))
    return `${x}f`;
  const bits = new Uint32Array(new Float32Array([x]).buffer)[0]!;
  const hex = `0x${bits.toString(16)}u`;
  return Number.isFinite(x) ? `bitcast<f32>(${hex})` : `${program.use("f32_raw")}(${hex})`;
}
