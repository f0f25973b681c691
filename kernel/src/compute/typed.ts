// Expressions with types: the tree from which WGSL and JavaScript are generated. Every literal has the
// type it is used as and every conversion is a node, so that generators decide nothing.
import { type ColumnType, stepsOf } from "../columns/index.ts";
import type { BinaryOp, DatePart, UnaryOp } from "./nodes.ts";

export type TypedOp =
  | "column"
  | "literal"
  | "cast"
  | BinaryOp
  | Exclude<UnaryOp, DatePart | "isNotNull">
  | "slice"
  | "listLength"
  | "if"
  | "year"
  | "month"
  | "day"
  /** True where the argument is one of `values`. */
  | "among"
  /** `value` where the argument is not null. */
  | "known";

/** A literal by kind: number for 32 bits and floats, bigint for wider integers, string for text, boolean, null. */
export type TypedValue = number | bigint | boolean | string | null;

export interface Typed {
  readonly op: TypedOp;
  readonly type: ColumnType;
  readonly args: readonly Typed[];
  /** Of a column its name, or its path into lists and structs; of an element the path of the items. */
  readonly column?: string;
  /** Of literal and known. */
  readonly value?: TypedValue;
  /** Of among: values of the argument's kind, none of them null. */
  readonly values?: readonly Exclude<TypedValue, null>[];
  /** Of slice: offset, and length or null. */
  readonly span?: readonly [number, number | null];
  /** Least and greatest value that can come out, where known to be few. */
  readonly range?: readonly [number, number];
  /** Equal for equal trees. */
  readonly key: string;
}

/** Makes a node and its key. */
export function node(
  op: TypedOp,
  type: ColumnType,
  args: readonly Typed[],
  extra: Partial<Pick<Typed, "column" | "value" | "values" | "span" | "range">> = {},
): Typed {
  const { column, value, values, span } = extra;
  const own = [column, keyOf(value), values?.map(keyOf), span]
    .map((x) => JSON.stringify(x) ?? "")
    .join();
  return { op, type, args, ...extra, key: `${op}:${type.name}(${own}|${args.map((a) => a.key)})` };
}

const keyOf = (value: TypedValue | undefined) =>
  Object.is(value, -0) ? "-0" : typeof value === "string" ? `"${value}"` : String(value);

/** Names of the columns that these expressions read, each once, in order of first use. */
export function columnsOf(...roots: readonly Typed[]): string[] {
  const names = new Set<string>();
  const visit = (at: Typed) => {
    if (at.column !== undefined) names.add(at.column);
    at.args.forEach(visit);
  };
  roots.forEach(visit);
  return [...names];
}

const INFIX: Partial<Record<TypedOp, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  gt: ">",
  ge: "≥",
  lt: "<",
  le: "≤",
  eq: "=",
  ne: "≠",
  and: "and",
  or: "or",
};

/** A tree as people read it, e.g. `(delay > 15) and (origin in LAX, SFO)`. */
export function showTyped(at: Typed): string {
  if (at.op === "column") return stepsOf(at.column!).join(".");
  if (at.op === "literal") return String(at.value);
  const args = at.args.map((arg) => (INFIX[arg.op] ? `(${showTyped(arg)})` : showTyped(arg)));
  const infix = INFIX[at.op];
  if (infix) return args.join(` ${infix} `);
  if (at.op === "among") return `${args[0]} in ${at.values!.join(", ")}`;
  if (at.op === "cast") return `${at.type.name}(${args[0]})`;
  if (at.op === "element") return `${args[0]}[${args[1]}]`;
  if (at.op === "slice") return `slice(${[...args, ...at.span!].join(", ")})`;
  if (at.op === "known") return `${at.value} where ${args[0]} is not null`;
  return `${at.op}(${args.join(", ")})`;
}
