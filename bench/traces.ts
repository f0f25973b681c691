// Placement on traces: npm run bench -- traces [FOLDER], by default ../shared/traces.
// Each policy replays each trace on simulated memory; efficiency is peak live (as requested) ÷ peak
// reserved, "made" the bytes of slabs made anew ÷ bytes allocated, "moved" those copied because blocks moved,
// also ÷ bytes allocated. "moving" is the pool with --move; "planned" replays the trace as an iteration that
// repeats. Problems in FOLDER/minimalloc are solved within the capacity in their names.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  fault,
  POLICIES,
  type Problem,
  parseTrace,
  type ReplayReport,
  replay,
  replayPlanned,
  solve,
  type Trace,
} from "../kernel/src/pool/index.ts";
import { median, tell } from "./pool/figures.ts";

const folder = process.argv[2] ?? "../shared/traces";
const PLANNED = 5000;
/** Share of the allocated bytes that may be moved. */
const MOVED = 0.05;
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

if (!existsSync(folder)) {
  console.error(`wanted a folder of traces (t,op,id,bytes,tag); found no ${folder}`);
  process.exit(2);
}

function traces(): [name: string, trace: Trace][] {
  const files = readdirSync(folder).filter((file) => /\.csv(\.gz)?$/.test(file));
  return files.map((file) => {
    const bytes = readFileSync(join(folder, file));
    const text = file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    return [file.replace(/\.csv(\.gz)?$/, ""), parseTrace(text.toString(), file)];
  });
}

interface Efficiency {
  mean: number;
  worst: number;
}

type Row = readonly [trace: string, report: ReplayReport];

function table(name: string, rows: Row[]): Efficiency {
  console.log(`\n${name}`);
  for (const [trace, { efficiency, nsPerOp, grownShare, movedShare, failures }] of rows) {
    const moved = movedShare > 0 ? `   moved ${(movedShare * 100).toFixed(2)} %` : "";
    const failed = failures > 0 ? `   ${failures} failures` : "";
    console.log(
      `  ${trace.padEnd(32)} ${percent(efficiency).padStart(8)}   ${nsPerOp.toFixed(0).padStart(5)} ns/op` +
        `   made ${percent(grownShare)}${moved}${failed}`,
    );
  }
  const shares = rows.map(([, { efficiency }]) => efficiency);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const worst = Math.min(...shares);
  console.log(`  mean ${percent(mean)}, worst ${percent(worst)}`);
  return { mean, worst };
}

/** Tells the efficiency of a policy of ours, whose goal is a mean and, with moving, a share of bytes moved. */
function tellEfficiency(name: string, found: Efficiency, goal: Efficiency, moved?: number): void {
  const text = ({ mean, worst }: Efficiency) => `mean ${percent(mean)}, worst ${percent(worst)}`;
  const met = found.mean >= goal.mean && found.worst >= goal.worst && (moved ?? 0) <= MOVED;
  tell({
    name: `efficiency on the traces: ${name}`,
    found: text(found) + (moved === undefined ? "" : `, at most ${percent(moved)} moved`),
    goal: text(goal) + (moved === undefined ? "" : `, ${percent(MOVED)} moved`),
    met,
  });
}

/** The trace up to its 5,000th allocation; what is live then is never freed. */
function cut(trace: Trace): Trace {
  let length = 0;
  let slots = 0;
  while (length < trace.length && slots < PLANNED) slots += trace.alloc[length++]!;
  const { alloc, slot, bytes, unmatchedFrees } = trace;
  return {
    length,
    slots,
    alloc: alloc.subarray(0, length),
    slot: slot.subarray(0, length),
    bytes: bytes.subarray(0, length),
    unmatchedFrees,
  };
}

function readProblem(text: string): Problem {
  const [header, ...lines] = text.trim().split(/\r?\n/);
  const names = header!.split(",");
  const column = (name: string) => {
    const at = names.indexOf(name);
    return Float64Array.from(lines, (line) => Number(line.split(",")[at]));
  };
  const [lower, upper, size] = ["lower", "upper", "size"].map(column);
  return { count: lines.length, lower: lower!, upper: upper!, size: size! };
}

const read = traces();
for (const [name, { make }] of Object.entries(POLICIES)) {
  const found = table(
    name,
    read.map(([trace, ops]) => [trace, replay(ops, () => make({}))]),
  );
  if (name === "pool") tellEfficiency("unknown future", found, { mean: 0.95, worst: 0.85 });
}
const pool = POLICIES["pool"]!;
const moving = read.map(
  ([trace, ops]) => [trace, replay(ops, () => pool.make({ moving: "pack" }))] as const,
);
const packed = table("pool, blocks moving", moving);
const moved = Math.max(...moving.map(([, { movedShare }]) => movedShare));
tellEfficiency("with moving", packed, { mean: 0.99, worst: 0.97 }, moved);
const planned = read.map(([trace, ops]) => [trace, replayPlanned(ops)] as const);
tellEfficiency("planned", table("planned", planned), { mean: 0.995, worst: 0 });
for (const [trace, { planServed, planAllocations, planMilliseconds }] of planned) {
  const served = `${planServed} of ${planAllocations} served`;
  console.log(`  ${trace.padEnd(32)} planned in ${planMilliseconds.toFixed(0)} ms, ${served}`);
}
const plans = read
  .map(([, ops]) => replayPlanned(cut(ops)))
  .filter(({ planAllocations }) => planAllocations === PLANNED)
  .map(({ planMilliseconds }) => planMilliseconds);
const slowest = Math.max(...plans);
tell({
  name: `plan of the first ${PLANNED} allocations of a trace, ${plans.length} traces`,
  found: `median ${median(plans).toFixed(0)} ms, most ${slowest.toFixed(0)} ms`,
  goal: "≤ 100 ms",
  met: slowest <= 100,
});
const hard = join(folder, "minimalloc");
for (const file of existsSync(hard) ? readdirSync(hard) : []) {
  const problem = readProblem(readFileSync(join(hard, file), "utf8"));
  const capacity = Number(file.split(".")[1]);
  const began = performance.now();
  const { offset, height } = solve(problem, { capacity, milliseconds: 60_000 });
  const seconds = (performance.now() - began) / 1000;
  const wrong = fault(problem, offset, capacity);
  tell({
    name: `minimalloc ${file.split(".")[0]}, ${problem.count} buffers`,
    found: `${wrong ?? "placed"} within ${height}, ${seconds.toFixed(1)} s`,
    goal: `within ${capacity}, ≤ 60 s`,
    met: wrong === undefined && seconds <= 60,
  });
}
