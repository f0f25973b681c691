// Compute: queries over columns in the pool, as kernels made for each query.
export {
  type Aggregate,
  all,
  any,
  count,
  first,
  last,
  max,
  mean,
  median,
  min,
  nunique,
  quantile,
  std,
  sum,
  variance,
} from "./aggregates.ts";
export { col, Expr, lit, type Operand, type Value } from "./expr.ts";
export type { Selected } from "./plan.ts";
export { type Aggregates, GpuTable, GroupBy, PRODUCE, tableToGpu } from "./table.ts";
