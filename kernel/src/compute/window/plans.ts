// Window functions as a plan: their types, partitions and orders.
import { CenoteError } from "../../base/index.ts";
import { type ColumnType, isFloat, isInteger, TYPES } from "../../columns/index.ts";
import { col } from "../expr.ts";
import { entriesOf, expression, optionsOf } from "../given.ts";
import { isNumber, wrongType } from "../kinds.ts";
import { type Plan, type Selected, wholeOf } from "../plan.ts";
import { resolve, type Scope } from "../rules.ts";
import { checkOrdered } from "../run/order.ts";
import { type SortKey, sortKeys } from "../sort/keys.ts";
import { told } from "../told.ts";
import type { Typed } from "../typed.ts";
import { isWindow, type WindowFunction } from "./functions.ts";
import { WindowSource } from "./sources.ts";
import type { TypedWindow } from "./typed.ts";

export interface WindowOptions {
  /** Rows of equal values are a partition; default: all rows are one. */
  readonly partitionBy?: Selected | readonly Selected[];
  /** The order within partitions; default: that of the rows. */
  readonly orderBy?: SortKey | readonly SortKey[];
}

/** The plan with these columns more. Throws NOT_A_WINDOW, NO_ORDER_BY, WRONG_TYPE and UNKNOWN_COLUMN. */
export function windowed(
  plan: Plan,
  functions: Readonly<Record<string, WindowFunction>>,
  options: WindowOptions,
): Plan {
  const { partitionBy = [], orderBy = [] } = optionsOf(options, "withWindows(functions, options)");
  const { columns } = plan;
  const orders = [orderBy].flat() as SortKey[];
  const order = orders.length > 0 ? sortKeys(orders, columns, "orderBy") : [];
  const partitions = ([partitionBy].flat() as Selected[]).map((by) => {
    const expr = typeof by === "string" ? col(by) : expression(by, "partitionBy");
    const where = `partitionBy(${expr})`;
    const at = resolve(expr, columns, where);
    checkOrdered(at, where);
    return { at, descending: false, nullsFirst: false };
  });
  const typed = entriesOf(functions, "withWindows").map(([name, given]) =>
    typedWindow(name, given, columns, order.length > 0),
  );
  return wholeOf(new WindowSource(plan, typed, partitions, order));
}

function typedWindow(
  name: string,
  given: WindowFunction,
  scope: Scope,
  ordered: boolean,
): TypedWindow {
  const { fn, of } = given ?? {};
  if (!isWindow(given)) {
    throw new CenoteError(
      "NOT_A_WINDOW",
      `withWindows({ ${name}: … }): wanted a window function such as lag("delay"), found ${told(given)}`,
      {
        mend: "They are rowNumber, rank, denseRank, lag, lead, cumSum, cumMin, cumMax, cumCount, rollingSum, rollingMean, rollingMin and rollingMax.",
      },
    );
  }
  if ((fn === "rank" || fn === "denseRank") && !ordered) {
    throw new CenoteError("NO_ORDER_BY", `${name}: ${fn}() wanted an order, found none`, {
      mend: 'Give one: withWindows({ … }, { orderBy: "delay" }).',
    });
  }
  if (!of) return { name, given, type: TYPES.uint32 };
  const at = resolve(of, scope, `withWindows({ ${name}: … })`);
  return { name, given, of: at, type: typeOf(given, at, `${name}: ${fn}(${of})`) };
}

function typeOf({ fn }: WindowFunction, at: Typed, where: string): ColumnType {
  const { type } = at;
  if (fn === "shift") return type;
  if (fn === "cumCount") return TYPES.uint32;
  if (fn.endsWith("Min") || fn.endsWith("Max")) {
    if (isInteger(type) || isFloat(type)) return type;
    throw wrongType(where, at, "numbers or dates", "Cast it first.");
  }
  if (!isNumber(type)) throw wrongType(where, at, "numbers", 'Cast it first: .cast("int64").');
  if (fn === "rollingMean" || isFloat(type)) return TYPES.float64;
  return type.kind === "u32" || type.kind === "u64" ? TYPES.uint64 : TYPES.int64;
}
