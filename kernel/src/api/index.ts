// What a cell sees as "cenote".
import { prepareExchange } from "../exchange/index.ts";
import { serveActions } from "./actions.ts";

export {
  CenoteError,
  formatBytes,
  Interrupted,
  OutOfPoolMemory,
  parseBytes,
} from "../base/index.ts";
export {
  type Aggregate,
  all,
  any,
  coalesce,
  col,
  count,
  cumCount,
  cumMax,
  cumMin,
  cumSum,
  type Direction,
  denseRank,
  desc,
  Expr,
  einsum,
  first,
  fromRecords,
  GpuRecords,
  GpuSparse,
  GpuTable,
  GpuTensor,
  GroupBy,
  type HistogramOptions,
  HostRecords,
  type JoinKey,
  type JoinOptions,
  lag,
  last,
  lead,
  lit,
  max,
  mean,
  median,
  min,
  nunique,
  type PivotOptions,
  quantile,
  type RollingOptions,
  rank,
  rollingMax,
  rollingMean,
  rollingMin,
  rollingSum,
  rowNumber,
  type SampleOptions,
  type SortKey,
  std,
  sum,
  type Tuned,
  type TuneOptions,
  toOrt,
  toTF,
  variance,
  type WindowFunction,
  type WindowOptions,
  when,
} from "../compute/index.ts";
export {
  allocate,
  type Change,
  type ExchangeStats,
  exchangeStats,
  get,
  keep,
  type Listing,
  list,
  release,
  remove,
  type SharedTable,
  type Sparse,
  type Tensor,
  type TensorLike,
  type Watch,
  type Writer,
  watch,
  writer,
} from "../exchange/index.ts";
export { type AdapterFacts, countOutside } from "../gpu/index.ts";
export {
  type AllocateOptions,
  type Block,
  type ExportFormat,
  type Holder,
  type Mark,
  type PlanInfo,
  PoolSnapshot,
  type PoolStats,
  type SizeClass,
  type SnapshotData,
  type SnapshotDiff,
} from "../pool/index.ts";
export { type Comm, openComm, serveComm } from "./comm.ts";
export { adapter, sharedDevice } from "./device.ts";
export * from "./display.ts";
export type { Figure, Figures } from "./figures.ts";
export { monitor, pool } from "./pool.ts";
export { Progress, type ProgressOptions, progress } from "./progress.ts";
export { gpu, host, put } from "./table.ts";
export {
  arange,
  eye,
  fromJax,
  fromOrt,
  fromTF,
  full,
  linspace,
  matrix,
  ones,
  random,
  sparse,
  tensor,
  zeros,
} from "./tensor.ts";
export { tuning } from "./tuning.ts";

prepareExchange();
serveActions();
