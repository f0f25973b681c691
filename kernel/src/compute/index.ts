// Compute: queries over columns in the pool, as kernels made for each query.
export {
  type Aggregate,
  col,
  count,
  Expr,
  lit,
  max,
  mean,
  min,
  type Operand,
  sum,
  type Value,
} from "./expr.ts";
export type { Selected } from "./plan.ts";
export { type Aggregates, GpuTable, GroupBy, PRODUCE, tableToGpu } from "./table.ts";
