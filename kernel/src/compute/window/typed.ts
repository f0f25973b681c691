// Window functions with their types, and what is checked of their figures wherever they are found.
import type { ColumnType } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import type { WindowFunction, WindowName } from "./functions.ts";
import { type Figures, fitting } from "./running.ts";
import { useOf } from "./values.ts";

/** A window function with its types. */
export interface TypedWindow {
  readonly name: string;
  readonly given: WindowFunction;
  readonly of?: Typed;
  readonly type: ColumnType;
}

/** A window function and the column that its values are in. */
export type Job = TypedWindow & { readonly column: string };

/** Throws SUM_OVERFLOW for a sum of integers that does not fit. */
export function checkSums(name: string, type: ColumnType, fn: WindowName, figures: Figures): void {
  if (useOf(fn) !== "sums" || type.bits !== 64 || type.kind === "f64") return;
  for (const figure of figures)
    if (figure !== undefined) fitting(figure as bigint, type.kind === "i64", name);
}
