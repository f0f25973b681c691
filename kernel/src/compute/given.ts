// Checks of what people give to a table's operations. Cells are not type-checked, and a wrong argument must
// not pass for another one: a column for a figure, say, would count rows.
import { CenoteError } from "../base/index.ts";
import { type Aggregate, FUNCTIONS } from "./aggregates.ts";
import { col, Expr } from "./expr.ts";
import { told } from "./told.ts";

/** `value`, if it is an expression. Throws NOT_AN_EXPRESSION. */
export function expression(value: unknown, where: string): Expr {
  if (value instanceof Expr) return value;
  throw new CenoteError(
    "NOT_AN_EXPRESSION",
    `${where}: wanted an expression such as col("delay").gt(15), found ${describe(value)}`,
    {
      mend: 'A column is col("name"), a constant lit(5). Figures such as sum(…) stand in agg({ … }).',
    },
  );
}

/** A column by its name, or an expression. Throws NOT_AN_EXPRESSION. */
export function columnOrExpression(value: unknown, where: string): Expr {
  return typeof value === "string" ? col(value) : expression(value, where);
}

/** What is given as options: an object, or nothing. Throws NOT_OPTIONS. */
export function optionsOf<T extends object>(value: T | undefined, where: string): Partial<T> {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new CenoteError(
    "NOT_OPTIONS",
    `${where}: wanted options, { name: … }, found ${told(value)}`,
  );
}

/** `aggregate`, if it is a figure. Throws NOT_A_FIGURE. */
export function checkedAggregate(name: string, aggregate: Aggregate): Aggregate {
  const known = typeof aggregate === "object" && FUNCTIONS.has(aggregate?.fn);
  if (known && (aggregate.of instanceof Expr || (!aggregate.of && aggregate.fn === "count")))
    return aggregate;
  throw new CenoteError(
    "NOT_A_FIGURE",
    `agg({ ${name}: … }): wanted a figure such as sum("delay"), found ${describe(aggregate)}`,
    {
      mend: "The figures are count(), count(of), sum(of), mean(of), min(of), max(of), variance(of), std(of), median(of), quantile(of, q), nunique(of), first(of), last(of), any(of) and all(of).",
    },
  );
}

/** Names and values of a plain object. Throws NOT_NAMED. */
export function entriesOf<T>(value: Readonly<Record<string, T>>, where: string): [string, T][] {
  if (isPlain(value)) return Object.entries(value);
  throw new CenoteError(
    "NOT_NAMED",
    `${where}: wanted names and what they stand for, { name: … }, found ${describe(value)}`,
    { mend: 'For example { hours: col("minutes").div(60) }, or { n: count() } in agg.' },
  );
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const parent = Object.getPrototypeOf(value);
  return parent === null || Object.getPrototypeOf(parent) === null;
}

/** What is given where a table is wanted. */
export function notTable(value: unknown): CenoteError {
  return new CenoteError(
    "NOT_A_TABLE",
    `wanted a table of gpu(…) or host(…), found ${describe(value)}`,
    {
      mend: "Of an Arrow table: await gpu(table), or host(table).",
    },
  );
}

/** A value in a few words. */
function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return told(value);
  if (value instanceof Expr) return `the expression ${value}`;
  const { fn, of } = value as { fn?: unknown; of?: unknown };
  if (typeof fn === "string") return `the figure ${fn}(${of instanceof Expr ? of : ""})`;
  return told(value);
}
