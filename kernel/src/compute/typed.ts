// Expressions with types: the tree from which WGSL and JavaScript are generated. Every literal has the
// type it is used as and every conversion is a node, so that generators decide nothing. An expression that is
// used twice is one node with two parents: what walks a tree meets each node once, and not by recursion, as
// people make trees of thousands of levels (walk.ts).
import { hash } from "node:crypto";
import { type ColumnType, stepsOf } from "../columns/index.ts";
import type { BinaryOp, DatePart, UnaryOp } from "./nodes.ts";
import { clipped, walked } from "./walk.ts";

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
  /** Levels of the tree. */
  readonly depth: number;
  /** Nodes of the tree, one that is used twice counted twice. */
  readonly weight: number;
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
  let [depth, weight] = [0, 1];
  for (const arg of args) {
    depth = Math.max(depth, arg.depth);
    weight += arg.weight;
  }
  const key = `${op}:${type.name}(${own}|${args.map((a) => a.key)})`;
  const short = key.length <= LONGEST_KEY ? key : hash("sha256", key);
  return { op, type, args, ...extra, key: short, depth: depth + 1, weight };
}

/** Longer keys are told by their digest: those of a tree whose nodes are shared would double level by level. */
const LONGEST_KEY = 400;

const keyOf = (value: TypedValue | undefined) =>
  Object.is(value, -0) ? "-0" : typeof value === "string" ? `"${value}"` : String(value);

/** Names of the columns that these expressions read, each once, in order of first use. */
export function columnsOf(...roots: readonly Typed[]): string[] {
  const names = new Set<string>();
  for (const at of walked(roots, ({ args }) => args))
    if (at.column !== undefined) names.add(at.column);
  return [...names];
}

/** A column, or a path into one, as people read it; those that queries add have a mark before their names. */
export const columnText = (path: string): string =>
  stepsOf(path).join(".").replaceAll("\u0001", "");

/** What an expression is, for errors of its type. */
export const typeText = (at: Typed): string =>
  at.op === "column"
    ? `column "${columnText(at.column!)}" is ${at.type.name}`
    : `found ${at.type.name}`;

/** Levels that generators go down by recursion. */
const STEP = 100;

/**
 * What a generator must have emitted before it goes down from here, so that no way down is longer than STEP
 * levels; in the order in which to emit it.
 */
export function deepest(root: Typed): Typed[] {
  if (root.depth <= STEP) return [];
  const below = walked([root], ({ args }) => args);
  return below.filter(
    ({ depth, args }) => depth % STEP === 0 && args.length > 0 && depth < root.depth,
  );
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
export function showTyped(root: Typed): string {
  const shown = new Map<Typed, string>();
  for (const at of walked([root], ({ args }) => args))
    shown.set(at, clipped(show(at, (arg) => shown.get(arg)!)));
  return shown.get(root)!;
}

function show(at: Typed, shown: (arg: Typed) => string): string {
  if (at.op === "column") return columnText(at.column!);
  if (at.op === "literal") return String(at.value);
  const args = at.args.map((arg) => (INFIX[arg.op] ? `(${shown(arg)})` : shown(arg)));
  const infix = INFIX[at.op];
  if (infix) return args.join(` ${infix} `);
  if (at.op === "among") return `${args[0]} in ${at.values!.join(", ")}`;
  if (at.op === "cast") return `${at.type.name}(${args[0]})`;
  if (at.op === "element") return `${args[0]}[${args[1]}]`;
  if (at.op === "slice") return `slice(${[...args, ...at.span!].join(", ")})`;
  if (at.op === "known") return `${at.value} where ${args[0]} is not null`;
  return `${at.op}(${args.join(", ")})`;
}
