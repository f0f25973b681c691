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
export { coalesce, col, Expr, lit, type Operand, type Value } from "./expr.ts";
export type { Aggregates } from "./grouping.ts";
export { engine } from "./host/run.ts";
export type { RunOptions } from "./host/side.ts";
export type { JoinKey, JoinOptions } from "./join/keys.ts";
export type { Selected } from "./plan.ts";
export { PRODUCE } from "./query.ts";
export { GpuRecords } from "./records/gpu.ts";
export { HostRecords } from "./records/host.ts";
export type { RecordField, RecordOptions } from "./records/layout.ts";
export { type Direction, desc, type SortKey } from "./sort/keys.ts";
export type { SampleOptions } from "./sort/plans.ts";
export type { HistogramOptions } from "./summary/histogram.ts";
export type { PivotOptions } from "./summary/pivot.ts";
export { fromRecords, GpuTable, GroupBy, tableOnHost, tableToGpu } from "./table.ts";
export * from "./tensor/index.ts";
export { type Then, type When, when } from "./when.ts";
export {
  cumCount,
  cumMax,
  cumMin,
  cumSum,
  denseRank,
  lag,
  lead,
  type RollingOptions,
  rank,
  rollingMax,
  rollingMean,
  rollingMin,
  rollingSum,
  rowNumber,
  type WindowFunction,
} from "./window/functions.ts";
export type { WindowOptions } from "./window/plans.ts";
