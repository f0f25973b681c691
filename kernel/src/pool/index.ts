// The pool's visible surface.
export { Pool } from "./pool.ts";
export { reachableBlocks } from "./reach.ts";
export { POLICIES, PoolPolicy } from "./replay/policies.ts";
export { measure, type Policy, type ReplayReport, replay } from "./replay/replay.ts";
export { parseTrace, type Trace } from "./replay/trace.ts";
export { SimulatedMemory, type SimulatedOptions } from "./simulated.ts";
export * from "./types.ts";
