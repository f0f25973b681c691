// What the parts of the second generator share: the pair that a value is, and pieces of JavaScript.
import { type ColumnType, isText } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";

export interface Emitted {
  readonly v: string;
  readonly ok: string;
}

/** Where statements go. */
export interface Emitting {
  /** `const` of an expression; gives its name back. */
  let(expression: string): string;
  emit(at: Typed): Emitted;
}

export const isBig = ({ kind }: ColumnType) =>
  kind === "i64" || kind === "u64" || kind === "decimal";

/** Whether the digits of the type hold a decimal. */
export function digits(v: string, { precision }: ColumnType): string {
  const limit = 10n ** BigInt(precision!);
  return `${v} > -${limit}n && ${v} < ${limit}n`;
}

/** A value of a type where there is none. */
export function zero(type: ColumnType): string {
  if (isText(type) || type.kind === "code") return '""';
  if (type.kind === "bool") return "false";
  return isBig(type) ? "0n" : "0";
}

/** An expression wrapped to an integer type, or rounded to a float. */
export function wrapped({ kind }: ColumnType, expression: string): string {
  switch (kind) {
    case "i32":
      return `(${expression}) | 0`;
    case "u32":
      return `(${expression}) >>> 0`;
    case "i64":
      return `BigInt.asIntN(64, ${expression})`;
    case "u64":
      return `BigInt.asUintN(64, ${expression})`;
    case "f32":
      return `Math.fround(${expression})`;
    default:
      return expression;
  }
}

export function both(a: string, b: string): string {
  if (a === "true") return b;
  return b === "true" || a === b ? a : `${a} && ${b}`;
}

export function either(a: string, b: string): string {
  return a === "true" || b === "true" ? "true" : `${a} || ${b}`;
}

export const negated = (ok: string) => (ok === "true" ? "false" : `!${ok}`);
