// Replays a trace on a policy and measures it. The figures of memory come from one pass on a fresh
// policy; the time is the median over passes on another, after one that pays the compiler and the first
// touch of the books' pages.
import type { Trace } from "./trace.ts";

/** Something that serves the allocations of a trace. Blocks are named by their number in the trace. */
export interface Policy {
  readonly name: string;
  /** Serves the allocation `slot`; false when it can't. */
  allocate(slot: number, bytes: number): boolean;
  /** Ends an allocation that was served. */
  free(slot: number): void;
  /** Bytes reserved now. */
  readonly reserved: number;
  /** Bytes of slabs reserved so far, and how many: what the device had to make anew. */
  readonly grown: { slabs: number; bytes: number };
  /** Bytes copied so far because blocks moved. */
  readonly moved: number;
  /** Ends the policy, with everything that is live in it. */
  close(): void;
}

export interface ReplayReport {
  policy: string;
  ops: number;
  /** Most bytes asked for and live at once. */
  peakLiveBytes: number;
  peakReservedBytes: number;
  /** peakLiveBytes ÷ peakReservedBytes; 1 for an empty trace. */
  efficiency: number;
  /** Median over passes. */
  nsPerOp: number;
  /** Copied because blocks moved. */
  movedBytes: number;
  /** Allocations that could not be served. */
  failures: number;
  /** movedBytes ÷ the bytes allocated. */
  movedShare: number;
  /** Slabs reserved in all, and their bytes ÷ the bytes allocated: memory that was made anew. */
  slabs: number;
  grownShare: number;
  /** Frees of blocks that the trace does not allocate, left out. */
  unmatchedFrees: number;
}

/** Passes for the time: as many as fit into this, and at least three. */
const TIMING_MS = 300;
const PASSES = 50;

/** Replays `trace` on fresh policies from `make`. `timed` false leaves nsPerOp that of the one pass. */
export function replay(trace: Trace, make: () => Policy, timed = true): ReplayReport {
  const policy = make();
  const report = measure(trace, policy);
  policy.close();
  if (timed) report.nsPerOp = timePerOp(trace, make());
  return report;
}

/** Nanoseconds an operation, the median of several passes over the trace, each run by `around`. */
export function timePerOp(
  trace: Trace,
  policy: Policy,
  around: <T>(pass: () => T) => T = (pass) => pass(),
): number {
  around(() => time(trace, policy));
  const times: number[] = [];
  const began = performance.now();
  do {
    times.push(around(() => time(trace, policy)));
  } while (times.length < 3 || (performance.now() - began < TIMING_MS && times.length < PASSES));
  policy.close();
  return perOp(times.sort((a, b) => a - b)[times.length >> 1]!, trace);
}

/** One pass that looks at the reserved bytes after every operation. */
export function measure(trace: Trace, policy: Policy): ReplayReport {
  const { alloc, slot, bytes } = trace;
  const served = new Uint8Array(trace.slots);
  let live = 0;
  let peakLive = 0;
  let peakReserved = policy.reserved;
  let failures = 0;
  let allocated = 0;
  const grownBefore = { ...policy.grown };
  const movedBefore = policy.moved;
  const began = performance.now();
  for (let i = 0; i < trace.length; i++) {
    const block = slot[i]!;
    if (alloc[i] === 0) {
      if (served[block] === 0) continue;
      policy.free(block);
      live -= bytes[i]!;
      continue;
    }
    if (!policy.allocate(block, bytes[i]!)) {
      failures++;
      continue;
    }
    served[block] = 1;
    live += bytes[i]!;
    allocated += bytes[i]!;
    if (live > peakLive) peakLive = live;
    if (policy.reserved > peakReserved) peakReserved = policy.reserved;
  }
  const took = performance.now() - began;
  const movedBytes = policy.moved - movedBefore;
  const shareOf = (part: number) => (allocated === 0 ? 0 : part / allocated);
  return {
    policy: policy.name,
    ops: trace.length,
    peakLiveBytes: peakLive,
    peakReservedBytes: peakReserved,
    efficiency: peakReserved === 0 ? 1 : peakLive / peakReserved,
    nsPerOp: perOp(took, trace),
    movedBytes,
    failures,
    movedShare: shareOf(movedBytes),
    slabs: policy.grown.slabs - grownBefore.slabs,
    grownShare: shareOf(policy.grown.bytes - grownBefore.bytes),
    unmatchedFrees: trace.unmatchedFrees,
  };
}

/** Milliseconds of one pass, after which everything is freed (outside the time). */
function time(trace: Trace, policy: Policy): number {
  const { alloc, slot, bytes } = trace;
  const served = new Uint8Array(trace.slots);
  const began = performance.now();
  for (let i = 0; i < trace.length; i++) {
    const block = slot[i]!;
    if (alloc[i] === 1) served[block] = policy.allocate(block, bytes[i]!) ? 1 : 0;
    else if (served[block] === 1) {
      policy.free(block);
      served[block] = 0;
    }
  }
  const took = performance.now() - began;
  for (let block = 0; block < trace.slots; block++) if (served[block] === 1) policy.free(block);
  return took;
}

function perOp(milliseconds: number, trace: Trace): number {
  return trace.length === 0 ? 0 : (milliseconds * 1e6) / trace.length;
}
