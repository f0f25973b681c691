// A row for each column: how many values it has, and what they are like.
import type { Table } from "apache-arrow";
import { arrowLibrary, type ColumnType, TYPES } from "../../columns/index.ts";
import {
  type Aggregate,
  count,
  max,
  mean,
  median,
  min,
  nunique,
  quantile,
  std,
} from "../aggregates.ts";
import { col } from "../expr.ts";
import { aggregated } from "../grouping.ts";
import { isNumber } from "../kinds.ts";
import { type Plan, wholeOf } from "../plan.ts";
import { isOrdered } from "../run/order.ts";
import { shownCell } from "../show.ts";
import { unlimited } from "../sources.ts";
import { HostSource } from "./source.ts";

const FLOATS = ["mean", "std", "q25", "median", "q75"] as const;
const UTF8: ColumnType = { name: "utf8", kind: "text", bits: 32 };
const COLUMNS = [
  { name: "column", type: UTF8 },
  { name: "type", type: UTF8 },
  { name: "count", type: TYPES.uint32 },
  { name: "nulls", type: TYPES.uint32 },
  { name: "unique", type: TYPES.uint32 },
  { name: "min", type: UTF8 },
  { name: "max", type: UTF8 },
  ...FLOATS.map((name) => ({ name, type: TYPES.float64 })),
];

type Row = Record<string, unknown>;

/** Figures that a column's type has are null for the others. */
export function described(plan: Plan): Plan {
  const all = unlimited(plan);
  const what = `describe ${plan.columns.size} columns: an aggregate and a sort of each`;
  return wholeOf(new HostSource(plan, COLUMNS, () => tableOf(all), what));
}

async function tableOf(plan: Plan): Promise<Table> {
  const rows: Row[] = [];
  for (const [name, { type }] of plan.columns) rows.push(await rowOf(plan, name, type));
  const arrow = await arrowLibrary();
  const vectors = COLUMNS.map(({ name, type }) => {
    const values = rows.map((row) => row[name] ?? null);
    const made =
      type === UTF8
        ? new arrow.Utf8()
        : type === TYPES.uint32
          ? new arrow.Uint32()
          : new arrow.Float64();
    return [name, arrow.vectorFromArray(values as never[], made as never)];
  });
  return new arrow.Table(Object.fromEntries(vectors)) as Table;
}

async function rowOf(plan: Plan, name: string, type: ColumnType): Promise<Row> {
  const figures: Record<string, Aggregate> = { rows: count(), count: count(col(name)) };
  if (isOrdered(type))
    Object.assign(figures, { unique: nunique(name), min: min(name), max: max(name) });
  if (isNumber(type)) {
    const quarters = { q25: quantile(name, 0.25), q75: quantile(name, 0.75) };
    Object.assign(figures, { mean: mean(name), std: std(name), median: median(name), ...quarters });
  }
  const only = { ...plan, columns: new Map([[name, plan.columns.get(name)!]]) };
  const found = await aggregated(only, [], figures).source.table!();
  const figureOf = (figure: string): unknown => {
    const column = found.getChild(figure)!;
    if (figure !== "min" && figure !== "max") return column.get(0);
    return column.nullCount === 0 ? shownCell(column, 0, type.name) : null;
  };
  const row: Row = Object.fromEntries(Object.keys(figures).map((each) => [each, figureOf(each)]));
  return {
    ...row,
    column: name,
    type: type.name,
    nulls: Number(row["rows"]) - Number(row["count"]),
  };
}
