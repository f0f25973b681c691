// The pool's visible surface.
export { Pool } from "./pool.ts";
export { reachableBlocks } from "./reach.ts";
export type { Region } from "./regions.ts";
export { type PlannedReport, replayPlanned } from "./replay/planned.ts";
export { POLICIES, PoolPolicy } from "./replay/policies.ts";
export { measure, type Policy, type ReplayReport, replay, timePerOp } from "./replay/replay.ts";
export type { Trace } from "./replay/trace.ts";
export { parseTrace, TraceParser } from "./replay/trace-csv.ts";
export { traceOfSnapshot } from "./replay/trace-snapshot.ts";
export { traceOfTorch } from "./replay/trace-torch.ts";
export { Arena, type ArenaOptions } from "./resources/arena.ts";
export { type BinOptions, FixedSizeBins } from "./resources/fixed-size.ts";
export { Limiting } from "./resources/limiting.ts";
export { FailureCallback, Logging, type Tracked, Tracking } from "./resources/observers.ts";
export type { Resource } from "./resources/resource.ts";
export { type Counts, Statistics } from "./resources/statistics.ts";
export type { Frame } from "./scopes.ts";
export { SimulatedMemory, type SimulatedOptions } from "./simulated.ts";
export {
  badFormat,
  EXPORTS,
  type ExportFormat,
  formatOf,
  Mark,
  PoolSnapshot,
  type SizeClass,
  type SnapshotData,
  type SnapshotDiff,
} from "./snapshot/index.ts";
export { fault } from "./solve/judge.ts";
export { type Placement, type Problem, peakLoad } from "./solve/problem.ts";
export { type SolveOptions, solve } from "./solve/solve.ts";
export { defaultDiskBudget, sweep } from "./tiers/disk.ts";
export type { Hold } from "./tiers/residence.ts";
export * from "./types.ts";
