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
  col,
  count,
  Expr,
  first,
  GpuTable,
  GroupBy,
  last,
  lit,
  max,
  mean,
  median,
  min,
  nunique,
  quantile,
  std,
  sum,
  variance,
} from "../compute/index.ts";
export {
  allocate,
  type Change,
  type ExchangeStats,
  exchangeStats,
  get,
  type Listing,
  list,
  release,
  remove,
  type SharedTable,
  type Sparse,
  type Tensor,
  type TensorLike,
  type Watch,
  watch,
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
export { pool } from "./pool.ts";
export { Progress, type ProgressOptions, progress } from "./progress.ts";
export { gpu, put } from "./table.ts";

prepareExchange();
