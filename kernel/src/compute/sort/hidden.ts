// A plan with more columns than it shows: expressions that rows are ordered, joined or windowed by are
// computed beside the columns that stay.
import {
  type Column,
  type ColumnStore,
  ColumnStore as Store,
  withChildren,
} from "../../columns/index.ts";
import type { Plan } from "../plan.ts";
import type { TakenColumns } from "../run/across.ts";
import type { Scratch } from "../run/scratch.ts";
import { materialise } from "../sources.ts";
import type { Typed } from "../typed.ts";

export interface Wide {
  readonly plan: Plan;
  readonly names: string[];
}

/** The plan with these expressions among its columns, and their names there. */
export function withHidden(plan: Plan, expressions: readonly Typed[], prefix = "key"): Wide {
  const columns = new Map(plan.columns);
  const names = expressions.map((at, i) => {
    const shown = [...columns].find(([, column]) => column.key === at.key);
    if (shown) return shown[0];
    const name = `\u0001${prefix} ${i}`;
    columns.set(name, at);
    return name;
  });
  return { plan: { ...plan, columns }, names };
}

/** Runs a plan with hidden columns; `body` gets its rows, which go back to the pool at its end. */
export async function withRows<T>(
  plan: Plan,
  hidden: readonly Typed[],
  body: (store: ColumnStore, names: readonly string[]) => Promise<T>,
): Promise<T> {
  const wide = withHidden(plan, hidden);
  using store = await materialise(wide.plan);
  return await body(store, wide.names);
}

/** A store of columns that were made in `scratch`. */
export function keptStore(
  { gpu, metadata }: Pick<ColumnStore, "gpu" | "metadata">,
  { columns, chunkRows }: TakenColumns,
  scratch: Scratch,
): ColumnStore {
  scratch.keep(blocksOf(columns));
  return new Store(gpu, columns, chunkRows, metadata);
}

const blocksOf = (columns: readonly Column[]) =>
  columns.flatMap(withChildren).flatMap(({ chunks }) => chunks.map(({ block }) => block));
