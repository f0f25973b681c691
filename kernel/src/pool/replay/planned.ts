// Replays a trace as one iteration of a repeating computation: the first pass is recorded and served by the
// pool, the passes after it are served from the plan.
import type { PoolOptions } from "../types.ts";
import { PoolPolicy } from "./policies.ts";
import { measure, type ReplayReport, timePerOp } from "./replay.ts";
import type { Trace } from "./trace.ts";

export interface PlannedReport extends ReplayReport {
  /** Allocations that the plan served, of those in an iteration. */
  planServed: number;
  planAllocations: number;
  planMilliseconds: number;
  /** The recorded pass, which had no plan. */
  recorded: ReplayReport;
}

/** The report of the second pass; its time is that of later ones. */
export function replayPlanned(trace: Trace, options: PoolOptions = {}): PlannedReport {
  const policy = new PoolPolicy("planned", options);
  const pass = () => policy.pool.iteration("trace", () => measured(trace, policy));
  const recorded = pass();
  const planned = pass();
  const plan = policy.pool.plans()[0]!;
  const nsPerOp = timePerOp(trace, policy, (body) => policy.pool.iteration("trace", body));
  policy.close();
  return {
    ...planned,
    nsPerOp,
    planServed: plan.served,
    planAllocations: plan.allocations,
    planMilliseconds: plan.milliseconds,
    recorded,
  };
}

/** One pass, at whose end all is free again, as an iteration leaves it. */
function measured(trace: Trace, policy: PoolPolicy): ReplayReport {
  const report = measure(trace, policy);
  policy.disposeAll();
  return report;
}
