// Group-bys and aggregates as plans: keys and figures with their types.
import { CenoteError } from "../base/index.ts";
import {
  type ColumnType,
  decimalType,
  isFloat,
  isInteger,
  isText,
  TYPES,
} from "../columns/index.ts";
import { AggregateSource } from "./aggregate-source.ts";
import type { Aggregate } from "./aggregates.ts";
import { decimalTo } from "./decimals.ts";
import type { TypedAggregate } from "./figures.ts";
import { checkedAggregate, entriesOf } from "./given.ts";
import { wrongType } from "./kinds.ts";
import { type NamedKey, named, type Plan, type Selected, wholeOf } from "./plan.ts";
import { resolve } from "./rules.ts";
import { checkOrdered, isOrdered, ORDERED_TYPES } from "./run/order.ts";
import { RowsSource } from "./sources.ts";
import { columnsOf, node, type Typed } from "./typed.ts";

export type Aggregates = Readonly<Record<string, Aggregate>>;

/** The keys of a group-by. Throws NO_KEYS and WRONG_TYPE. */
export function groupKeys(
  keys: readonly (Selected | readonly Selected[])[],
  plan: Plan,
): NamedKey[] {
  const typed = [...named(keys, plan.columns)].map(([name, at]) => ({ name, at }));
  if (typed.length === 0) {
    throw new CenoteError("NO_KEYS", "groupBy(): wanted a column or more to group by, found none", {
      mend: "For figures of all rows: .agg({ … }).",
    });
  }
  for (const { at, name } of typed) checkKey(at, name);
  return typed;
}

/** The plan of figures of groups, or of all rows. Throws SAME_NAME, NOT_A_FIGURE and WRONG_TYPE. */
export function aggregated(plan: Plan, keys: readonly NamedKey[], aggregates: Aggregates): Plan {
  const typed = entriesOf(aggregates, "agg").map(([name, aggregate]) => {
    if (keys.some((key) => key.name === name)) {
      throw new CenoteError("SAME_NAME", `"${name}" is a key and a figure`, {
        mend: "Give the figure another name.",
      });
    }
    return typedAggregate(name, aggregate, plan);
  });
  const settled = settledKeys(
    plan,
    keys,
    typed.flatMap(({ of }) => of ?? []),
  );
  return wholeOf(new AggregateSource(settled.plan, settled.keys, typed));
}

// Tables of groups compare keys by the rows that they came from: a text that is computed is a column first.
function settledKeys(plan: Plan, keys: readonly NamedKey[], reads: readonly Typed[]) {
  const isComputed = ({ at }: NamedKey) => isText(at.type) && at.op !== "column";
  if (!keys.some(isComputed)) return { plan, keys };
  const { columns } = wholeOf(plan.source);
  const kept = columnsOf(...reads, ...keys.filter((key) => !isComputed(key)).map(({ at }) => at));
  const made = new Map(kept.map((name) => [name, columns.get(name)!]));
  const settled = keys.map((key, i) => {
    if (!isComputed(key)) return key;
    const column = `key ${i}: ${key.name}`;
    made.set(column, key.at);
    return { name: key.name, at: node("column", key.at.type, [], { column }) };
  });
  return { plan: wholeOf(new RowsSource({ ...plan, columns: made })), keys: settled };
}

/** Throws WRONG_TYPE for a column that rows cannot be grouped by. */
function checkKey(at: Typed, name: string): void {
  if (isOrdered(at.type)) return;
  throw wrongType(`groupBy(${name})`, at, ORDERED_TYPES, "Rows are not grouped by such columns.");
}

function typedAggregate(name: string, aggregate: Aggregate, plan: Plan): TypedAggregate {
  const { fn, of, ddof, q } = checkedAggregate(name, aggregate);
  if (!of) return { name, fn, type: TYPES.uint32 };
  const where = `${fn}(${of})`;
  const at = computed(fn, resolve(of, plan.columns, where), where);
  const options = { ...(ddof === undefined ? {} : { ddof }), ...(q === undefined ? {} : { q }) };
  return { name, fn, of: at, type: aggregateType(fn, at, where), ...options };
}

const OF_DOUBLES: ReadonlySet<string> = new Set(["median", "quantile", "variance", "std"]);

/** What a figure is computed of: of decimals some are those of their doubles. */
function computed(fn: Aggregate["fn"], at: Typed, where: string): Typed {
  if (at.type.kind !== "decimal" || !OF_DOUBLES.has(fn)) return at;
  return decimalTo(at, TYPES.float64, where);
}

function aggregateType(fn: Aggregate["fn"], at: Typed, where: string): ColumnType {
  const { type } = at;
  if (fn === "count") return TYPES.uint32;
  if (fn === "first" || fn === "last") return type;
  if (fn === "nunique") {
    checkOrdered(at, where);
    return TYPES.uint32;
  }
  if (fn === "any" || fn === "all") {
    if (type.kind === "bool") return type;
    throw wrongType(where, at, "bool", "Compare it first, e.g. .gt(0).");
  }
  if (fn === "min" || fn === "max") {
    checkOrdered(at, where);
    return type;
  }
  if (type.kind === "decimal" && fn === "sum") return decimalType(38, type.scale!);
  if (type.kind === "decimal" && fn === "mean") return TYPES.float64;
  const ordered = isInteger(type) || isFloat(type) || type.kind === "bool";
  const summable =
    ordered &&
    (!type.temporal || (fn === "sum" && type.temporal === "duration" && type.bits === 64));
  if (!summable)
    throw wrongType(
      where,
      at,
      "numbers or bools",
      type.temporal
        ? 'Dates and times: .cast("int64") first.'
        : "Such columns have no such figure.",
    );
  if (fn !== "sum" || isFloat(type)) return TYPES.float64;
  if (type.temporal) return type;
  return type.kind === "i32" || type.kind === "i64" ? TYPES.int64 : TYPES.uint64;
}
