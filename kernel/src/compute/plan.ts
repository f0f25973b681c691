// A query that has not run: where its rows come from, which of them, and the columns to make of them.
// Filters are joined, and computed columns are put in the place of their names, so that a chain of
// operations is one plan and one kernel.
import type { Table } from "apache-arrow";
import { CenoteError } from "../base/index.ts";
import { type ColumnStore, type ColumnType, TYPES } from "../columns/index.ts";
import type { Gpu } from "../gpu/index.ts";
import type { Block } from "../pool/index.ts";
import { Expr } from "./expr.ts";
import { entriesOf, expression } from "./given.ts";
import type { HostSide, RunOptions } from "./host/side.ts";
import { wrongType } from "./kinds.ts";
import { resolve, type Scope } from "./rules.ts";
import { told } from "./told.ts";
import { node, type Typed } from "./typed.ts";

/** Where rows come from: columns in the pool, or a query that will put them there. */
export interface Source {
  readonly gpu: Gpu;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  /** Rows, where known without running anything. */
  readonly rows: number | undefined;
  /** The columns in the pool, until the caller disposes what is returned; runs what must run first. */
  open(): Promise<OpenSource>;
  /** The rows as an Arrow table, where that is how they come about. */
  table?(options?: RunOptions): Promise<Table>;
  /** The same source with at most this many rows, where it makes less work of them. */
  limited?(rows: number): Source;
  /** What queries on the host have of it. */
  readonly host: HostSide;
  /** The store, where the source is one. */
  readonly store: ColumnStore | undefined;
  /** What will run before, one line each. */
  explain(options?: RunOptions): string[];
  blocks(): Iterable<Block>;
  dispose(): void;
}

export interface OpenSource extends Disposable {
  readonly store: ColumnStore;
}

export interface Plan {
  readonly source: Source;
  readonly where?: Typed;
  /** Rows at most; Infinity for all. */
  readonly limit: number;
  readonly columns: Scope;
}

/** A key of a group-by. */
export interface NamedKey {
  readonly name: string;
  readonly at: Typed;
}

/** All rows and columns of a source. */
export function wholeOf(source: Source): Plan {
  const columns = source.columns.map(
    ({ name, type }) => [name, node("column", type, [], { column: name })] as const,
  );
  return { source, limit: Number.POSITIVE_INFINITY, columns: new Map(columns) };
}

/** Whether the plan is its source as it is, but for the limit. */
export function isWhole({ source, where, columns }: Plan): boolean {
  const names = [...columns.keys()];
  return (
    !where &&
    names.length === source.columns.length &&
    names.every((name, i) => source.columns[i]!.name === name && columns.get(name)!.column === name)
  );
}

/** Keeps the rows where `expr` is true. The plan must have no limit. */
export function filtered(plan: Plan, expr: Expr): Plan {
  const place = `filter(${expression(expr, "filter(…)")})`;
  const test = resolve(expr, plan.columns, place);
  if (test.type.kind !== "bool") throw wrongType(place, test, "bool", "Compare it, e.g. .gt(0).");
  const where = plan.where ? node("and", TYPES.bool, [plan.where, test]) : test;
  return { ...plan, where };
}

/** A column, an expression under a name of its own text, or named ones. */
export type Selected = string | Expr | Readonly<Record<string, string | Expr>>;

/** Names and typed expressions of a selection. Throws SAME_NAME and NOT_AN_EXPRESSION. */
export function named(
  items: readonly (Selected | readonly Selected[])[],
  scope: Scope,
): Map<string, Typed> {
  const out = new Map<string, Typed>();
  const add = (name: string, expr: Expr) => {
    if (out.has(name)) {
      throw new CenoteError("SAME_NAME", `two columns would be named "${name}"`, {
        mend: "Name them: select({ a: …, b: … }).",
      });
    }
    out.set(name, resolve(expr, scope));
  };
  for (const item of items.flat() as Selected[]) {
    if (typeof item === "string") add(item, column(item));
    else if (item instanceof Expr) add(String(item), item);
    else
      for (const [name, expr] of entriesOf(item, "a selection"))
        add(name, typeof expr === "string" ? column(expr) : expression(expr, name));
  }
  return out;
}

/** The columns with other names for some of them. Throws UNKNOWN_COLUMN, SAME_NAME and NOT_A_NAME. */
export function renamed(scope: Scope, names: Readonly<Record<string, string>>): Scope {
  const given = new Map(entriesOf(names, "rename"));
  named([...given.keys()], scope);
  for (const [old, name] of given) {
    if (typeof name === "string") continue;
    throw new CenoteError(
      "NOT_A_NAME",
      `rename({ ${old}: … }): wanted a name, found ${told(name)}`,
    );
  }
  return named(
    [...scope.keys()].map((name) => ({ [given.get(name) ?? name]: name })),
    scope,
  );
}

const column = (name: string) => new Expr({ op: "column", name });
