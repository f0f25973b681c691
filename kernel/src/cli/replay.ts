// `npx cenote replay FILE`: replays an allocation trace, on simulated memory or on the device, and says
// what it took.
import { CenoteError, formatBytes, parseBytes } from "../base/index.ts";
import { openGpu } from "../gpu/index.ts";
import {
  POLICIES,
  type Policy,
  type PoolOptions,
  PoolPolicy,
  type ReplayReport,
  replayPlanned,
  replay as replayTrace,
  type Trace,
} from "../pool/index.ts";
import { type Arguments, readArguments } from "./args.ts";
import { readTrace } from "./read.ts";

const USAGE =
  "npx cenote replay FILE[.gz] [--policy NAME] [--slab SIZE] [--budget SIZE] [--move] [--plan] [--device] [--json]";

const OPTIONS = {
  policy: { type: "string" },
  slab: { type: "string" },
  budget: { type: "string" },
  move: { type: "boolean" },
  plan: { type: "boolean" },
  device: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** Replays the file and prints a report; returns 0, or 1 when an allocation failed. */
export async function replay(args: string[]): Promise<number> {
  const asked = readArguments(args, OPTIONS, USAGE);
  if (asked.flag("plan")) return planned(asked, await readTrace(asked.file));
  const make = await policyOf(asked);
  const report = replayTrace(await readTrace(asked.file), make);
  console.log(asked.flag("json") ? JSON.stringify(report) : describe(report));
  return report.failures === 0 ? 0 : 1;
}

/** The trace as an iteration that repeats: the figures are those of an iteration with a plan. */
function planned(asked: Arguments, trace: Trace): number {
  if (asked.flag("device") || (asked.value("policy") ?? "pool") !== "pool") {
    throw new CenoteError("USAGE", "--plan goes with neither --device nor another --policy");
  }
  const report = replayPlanned(trace, poolOptions(asked));
  if (asked.flag("json")) console.log(JSON.stringify(report));
  else {
    const { planServed, planAllocations, planMilliseconds, recorded } = report;
    console.log(describe(report));
    console.log(
      `plan           served ${planServed} of ${planAllocations} allocations, made in ` +
        `${planMilliseconds.toFixed(0)} ms\nrecorded pass  efficiency ${percent(recorded.efficiency)}`,
    );
  }
  return report.failures === 0 ? 0 : 1;
}

function poolOptions(asked: Arguments): PoolOptions {
  const options: PoolOptions = {};
  const slab = asked.value("slab");
  const budget = asked.value("budget");
  if (slab !== undefined) options.slabBytes = parseSize(slab);
  if (budget !== undefined) options.budget = parseSize(budget);
  if (asked.flag("move")) options.moving = "pack";
  return options;
}

async function policyOf(asked: Arguments): Promise<() => Policy> {
  const name = asked.value("policy") ?? "pool";
  const policy = Object.hasOwn(POLICIES, name) ? POLICIES[name] : undefined;
  if (!policy) {
    const known = Object.entries(POLICIES).map(([known, { about }]) => `  ${known}: ${about}`);
    throw new CenoteError("USAGE", `there is no policy ${name}`, {
      mend: `There are:\n${known.join("\n")}`,
    });
  }
  const options = poolOptions(asked);
  if (!policy.takesOptions && Object.keys(options).length > 0) {
    throw new CenoteError("USAGE", `the policy ${name} has neither --slab nor --budget nor --move`);
  }
  return asked.flag("device") ? onDevice(name, options) : () => policy.make(options);
}

/** Bytes, of plain digits or text such as "64 MiB". */
const parseSize = (text: string) => parseBytes(/^\d+$/.test(text) ? Number(text) : text);

async function onDevice(name: string, options: PoolOptions): Promise<() => Policy> {
  if (name !== "pool" || options.slabBytes !== undefined) {
    throw new CenoteError(
      "USAGE",
      "--device replays on the kernel's own pool: no --policy, no --slab",
    );
  }
  if (options.moving !== undefined) process.env["CENOTE_MOVE"] = options.moving; // read as it opens
  const gpu = await openGpu();
  if (options.budget !== undefined) gpu.pool.budget = options.budget;
  return () => {
    gpu.pool.trim();
    return new PoolPolicy(`pool on ${gpu.adapter.name}`, gpu.pool);
  };
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function describe(report: ReplayReport): string {
  const lines: [string, string][] = [
    ["policy", report.policy],
    ["ops", String(report.ops)],
    ["peak live", `${formatBytes(report.peakLiveBytes)} (${report.peakLiveBytes} B, as requested)`],
    ["peak reserved", `${formatBytes(report.peakReservedBytes)} (${report.peakReservedBytes} B)`],
    ["efficiency", percent(report.efficiency)],
    ["time", `${report.nsPerOp.toFixed(0)} ns an operation`],
    ["slabs made", `${report.slabs}, ${percent(report.grownShare)} of the bytes allocated`],
    [
      "moved",
      `${formatBytes(report.movedBytes)}, ${percent(report.movedShare)} of the bytes allocated`,
    ],
    ["failures", String(report.failures)],
  ];
  if (report.unmatchedFrees > 0) {
    lines.push(["left out", `${report.unmatchedFrees} frees of blocks from before the trace`]);
  }
  return lines.map(([name, text]) => `${name.padEnd(14)} ${text}`).join("\n");
}
