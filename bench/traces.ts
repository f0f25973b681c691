// Placement on traces: npm run bench -- traces [FOLDER], by default ../shared/traces.
// Each policy replays each trace on simulated memory; efficiency is peak live (as requested) ÷ peak
// reserved, "made" the bytes of slabs made anew ÷ bytes allocated, "moved" those copied because blocks moved,
// also ÷ bytes allocated. "moving" is the pool with --move; "planned" replays the trace as an iteration that
// repeats. Problems in FOLDER/minimalloc are solved within the capacity in their names.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { openBooks } from "../kernel/src/base/index.ts";
import {
  fault,
  POLICIES,
  Pool,
  type Problem,
  parseTrace,
  type ReplayReport,
  replay,
  replayPlanned,
  SimulatedMemory,
  solve,
  type Trace,
} from "../kernel/src/pool/index.ts";

const folder = process.argv[2] ?? "../shared/traces";
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function traces(): [name: string, trace: Trace][] {
  const files = readdirSync(folder).filter((file) => /\.csv(\.gz)?$/.test(file));
  return files.map((file) => {
    const bytes = readFileSync(join(folder, file));
    const text = file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    return [file.replace(/\.csv(\.gz)?$/, ""), parseTrace(text.toString(), file)];
  });
}

function table(name: string, rows: (readonly [trace: string, report: ReplayReport])[]): void {
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
  console.log(`  mean ${percent(mean)}, worst ${percent(Math.min(...shares))}`);
}

/** Nanoseconds of an allocate and free pair with this many blocks live, by processor time: the median. */
function pairTime(live: number): number {
  const options = { books: openBooks(), budget: 2 ** 50 };
  const pool = new Pool(new SimulatedMemory(), options);
  for (let n = 0; n < live; n++) pool.allocate(((n * 7919) % 64) * 256);
  const times: number[] = [];
  for (let round = 0; round < 60; round++) {
    const began = process.cpuUsage();
    for (let n = 0; n < 20_000; n++) pool.allocate(1024).dispose();
    const { user, system } = process.cpuUsage(began);
    if (round >= 10) times.push(((user + system) * 1000) / 20_000);
  }
  pool.close();
  return times.sort((a, b) => a - b)[times.length >> 1]!;
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
  table(
    name,
    read.map(([trace, ops]) => [trace, replay(ops, () => make({}))]),
  );
}
table(
  "moving",
  read.map(([trace, ops]) => [
    trace,
    replay(ops, () => POLICIES["pool"]!.make({ moving: "pack" })),
  ]),
);
const planned = read.map(([trace, ops]) => [trace, replayPlanned(ops)] as const);
table("planned", planned);
for (const [trace, { planServed, planAllocations, planMilliseconds }] of planned) {
  const served = `${planServed} of ${planAllocations} served`;
  console.log(`  ${trace.padEnd(32)} planned in ${planMilliseconds.toFixed(0)} ms, ${served}`);
}
const few = pairTime(1000);
const many = pairTime(100_000);
console.log(
  `\nallocate + free, statistics and events on: ${few.toFixed(0)} ns with 1,000 blocks live`,
);
console.log(`  with 100,000 live ${many.toFixed(0)} ns, ratio ${(many / few).toFixed(2)}`);
const hard = join(folder, "minimalloc");
for (const file of existsSync(hard) ? readdirSync(hard) : []) {
  const problem = readProblem(readFileSync(join(hard, file), "utf8"));
  const capacity = Number(file.split(".")[1]);
  const began = performance.now();
  const { offset, height } = solve(problem, { capacity, milliseconds: 60_000 });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const verdict = fault(problem, offset, capacity) ?? "placed";
  console.log(`${file}: ${problem.count} buffers, ${verdict} within ${height}, ${seconds} s`);
}
