// What a cell sees as "cenote".
import { prepareExchange } from "../exchange/index.ts";

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
  type Direction,
  desc,
  Expr,
  first,
  GpuTable,
  GroupBy,
  type JoinKey,
  type JoinOptions,
  last,
  lit,
  max,
  mean,
  median,
  min,
  nunique,
  quantile,
  type SampleOptions,
  type SortKey,
  std,
  sum,
  variance,
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
export { gpu, put } from "./table.ts";

prepareExchange();
