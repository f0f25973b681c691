// Random expressions over columns that are named after their types, as lists, the operation first; for us they become
// an Expr, for Polars and DuckDB what pipeline.py makes of them.
import fc from "fast-check";
import { coalesce, col, type Expr, lit, when } from "../../kernel/src/compute/index.ts";
import { sortOf } from "./random.ts";

/** ["gt", ["int", "int8"], ["lit", 5]]: names and constants stand where the operation wants them. */
export type Formula = readonly [string, ...unknown[]];

export const SMALL = ["int8", "int16", "int32", "uint8", "uint16", "uint32"];
const FLOATS = ["float16", "float32", "float64"];
const TEXTS = ["text", "codes"];
/** Polars has no parts of seconds as far from the epoch as "seconds" are. */
const MOMENTS = ["date32", "when"];

/** Columns of these sorts; whole numbers that steps make are named "…:whole", sums and means "…:figure". */
export const of = (names: readonly string[], ...sorts: readonly string[]) =>
  names.filter((name) => sorts.includes(sortOf(name)));

/** What values are compared, grouped, sorted and joined by. */
export const keyed = (names: readonly string[]) =>
  names.filter((name) => sortOf(name) !== "figure");

const PIECES = ["", "a", "ab", "LAX", "é", "👩", "r", "a longer text than a word"];

export function wholes(names: readonly string[], depth: number): fc.Arbitrary<Formula> {
  const columns = of(names, ...SMALL, "whole").map((name): Formula => ["int", name]);
  const moments = of(names, ...MOMENTS).flatMap((name) =>
    [
      "year",
      "month",
      "day",
      "weekday",
      ...(sortOf(name) === "date32" ? [] : ["hour", "second"]),
    ].map((part): Formula => [part, name]),
  );
  const leaf = fc.constantFrom<Formula>(...columns, ...moments, ["lit", 3]);
  if (depth === 0) return leaf;
  const part = wholes(names, depth - 1);
  const some = texts(names, depth - 1);
  return fc.oneof(
    leaf,
    fc.tuple(fc.constantFrom("add", "sub"), part, part),
    fc.tuple(
      fc.constantFrom("mul", "floorDiv", "mod"),
      part,
      fc.constantFrom(0, 1, 7, -3, 100).map((n): Formula => ["lit", n]),
    ),
    fc.tuple(fc.constantFrom("neg", "abs"), part),
    fc.tuple(fc.constantFrom("length", "byteLength"), some),
    fc.tuple(fc.constant("when"), tests(names, depth - 1), part, part),
    fc.tuple(fc.constant("coalesce"), part, part),
  );
}

export function doubles(names: readonly string[], depth: number): fc.Arbitrary<Formula> {
  const columns = of(names, ...FLOATS, ...SMALL).map((name): Formula => ["float", name]);
  const leaf = fc.constantFrom<Formula>(...columns, ["real", 0.5]);
  if (depth === 0) return leaf;
  const part = doubles(names, depth - 1);
  return fc.oneof(
    leaf,
    fc.tuple(fc.constantFrom("add", "sub", "mul", "div"), part, part),
    fc.tuple(fc.constantFrom("neg", "abs", "root", "floor", "ceil"), part),
    fc.tuple(fc.constant("when"), tests(names, depth - 1), part, part),
    fc.tuple(fc.constant("coalesce"), part, part),
  );
}

export function texts(names: readonly string[], depth: number): fc.Arbitrary<Formula> {
  const columns = of(names, ...TEXTS).map((name): Formula => ["col", name]);
  const leaf = fc.constantFrom<Formula>(...columns, ["text", "ab"]);
  if (depth === 0) return leaf;
  const part = texts(names, depth - 1);
  return fc.oneof(
    leaf,
    fc.tuple(fc.constant("concat"), part, part),
    fc.tuple(fc.constant("slice"), part, fc.nat(4), fc.nat(4)),
    fc.tuple(fc.constant("when"), tests(names, depth - 1), part, part),
    fc.tuple(fc.constant("coalesce"), part, part),
  );
}

const COMPARISONS = ["gt", "ge", "lt", "le", "eq", "ne"];

export function tests(names: readonly string[], depth: number): fc.Arbitrary<Formula> {
  const comparison = fc.constantFrom(...COMPARISONS);
  const below = Math.max(0, depth - 1);
  const bools = of(names, "bool").map((name): Formula => ["col", name]);
  const exact = of(names, "int64", "uint64", "decimal", "date32", "when", "clock");
  const leaf = fc.oneof(
    fc.constantFrom<Formula>(...bools, ["truth", true], ["truth", false]),
    fc.tuple(comparison, wholes(names, below), wholes(names, below)),
    fc
      .tuple(comparison, doubles(names, below), doubles(names, below))
      .map(([op, a, b]): Formula => ["ieee", op, a, b]),
    fc.tuple(comparison, texts(names, below), texts(names, below)),
    fc.tuple(
      fc.constantFrom("contains", "startsWith", "endsWith"),
      texts(names, below),
      fc.constantFrom(...PIECES).map((text): Formula => ["text", text]),
    ),
    fc.constantFrom(...names).map((name): Formula => ["isNull", name]),
    fc
      .tuple(wholes(names, below), fc.array(fc.integer({ min: -3, max: 9 }), { minLength: 1 }))
      .map(([a, list]): Formula => ["isIn", a, [...new Set(list)]]),
    ...exact.map((name) => comparison.map((op): Formula => [op, ["col", name], ["col", name]])),
  );
  if (depth === 0) return leaf;
  const part = tests(names, depth - 1);
  return fc.oneof(
    leaf,
    fc.tuple(fc.constantFrom("and", "or"), part, part),
    fc.tuple(fc.constant("not"), part),
  );
}

/** Our expression of a formula. */
export function expr([op, ...args]: Formula): Expr {
  const sub = (i: number) => expr(args[i] as Formula);
  const name = args[0] as string;
  switch (op) {
    case "col":
      return col(name);
    case "int":
      return col(name).cast("int64");
    case "float":
      return col(name).cast("float64");
    case "lit":
      return lit(BigInt(args[0] as number));
    case "real":
      return lit(args[0] as number).cast("float64");
    case "text":
    case "truth":
      return lit(name);
    case "isNull":
      return col(name).isNull();
    case "isIn":
      return sub(0).isIn(args[1] as number[]);
    case "ieee":
      return expr([name, args[1], args[2]]);
    case "root":
      return sub(0).abs().sqrt();
    case "coalesce":
      return coalesce(sub(0), sub(1));
    case "when":
      return when(sub(0)).then(sub(1)).otherwise(sub(2));
    case "slice":
      return sub(0).slice(args[1] as number, args[2] as number);
    case "length":
    case "byteLength":
      return sub(0)[op]().cast("int64");
    case "year":
    case "month":
    case "day":
    case "weekday":
    case "hour":
    case "second":
      return col(name)[op]().cast("int64");
    default:
      return args.length === 1 ? sub(0)[op as "neg"]() : sub(0)[op as "add"](sub(1));
  }
}
