// `npx cenote replay FILE`: replays an allocation trace, on simulated memory or on the device, and says
// what it took.
import { CenoteError, formatBytes, parseBytes } from "../base/index.ts";
import { openGpu } from "../gpu/index.ts";
import {
  POLICIES,
  type Policy,
  type PoolOptions,
  PoolPolicy,
  parseTrace,
  type ReplayReport,
  replay as replayTrace,
} from "../pool/index.ts";
import { type Arguments, readArguments } from "./args.ts";
import { readText } from "./read.ts";

const USAGE =
  "npx cenote replay FILE.csv[.gz] [--policy NAME] [--slab SIZE] [--budget SIZE] [--device] [--json]";

const OPTIONS = {
  policy: { type: "string" },
  slab: { type: "string" },
  budget: { type: "string" },
  device: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** Replays the file and prints a report; returns 0, or 1 when an allocation failed. */
export async function replay(args: string[]): Promise<number> {
  const asked = readArguments(args, OPTIONS, USAGE);
  const make = await policyOf(asked);
  const report = replayTrace(parseTrace(await readText(asked.file), asked.file), make);
  console.log(asked.flag("json") ? JSON.stringify(report) : describe(report));
  return report.failures === 0 ? 0 : 1;
}

async function policyOf(asked: Arguments): Promise<() => Policy> {
  const name = asked.value("policy") ?? "pool";
  const policy = POLICIES[name];
  if (!policy) {
    const known = Object.entries(POLICIES).map(([known, { about }]) => `  ${known}: ${about}`);
    throw new CenoteError("USAGE", `there is no policy ${name}`, {
      mend: `There are:\n${known.join("\n")}`,
    });
  }
  const options: PoolOptions = {};
  const slab = asked.value("slab");
  const budget = asked.value("budget");
  if (slab !== undefined) options.slabBytes = parseSize(slab);
  if (budget !== undefined) options.budget = parseSize(budget);
  if (!policy.takesOptions && (slab !== undefined || budget !== undefined)) {
    throw new CenoteError("USAGE", `the policy ${name} has neither --slab nor --budget`);
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
  const gpu = await openGpu();
  if (options.budget !== undefined) gpu.pool.budget = options.budget;
  return () => {
    gpu.pool.trim();
    return new PoolPolicy(`pool on ${gpu.adapter.name}`, gpu.pool);
  };
}

function describe(report: ReplayReport): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const lines: [string, string][] = [
    ["policy", report.policy],
    ["ops", String(report.ops)],
    ["peak live", `${formatBytes(report.peakLiveBytes)} (${report.peakLiveBytes} B, as requested)`],
    ["peak reserved", `${formatBytes(report.peakReservedBytes)} (${report.peakReservedBytes} B)`],
    ["efficiency", percent(report.efficiency)],
    ["time", `${report.nsPerOp.toFixed(0)} ns an operation`],
    ["slabs made", `${report.slabs}, ${percent(report.grownShare)} of the bytes allocated`],
    ["moved", formatBytes(report.movedBytes)],
    ["failures", String(report.failures)],
  ];
  if (report.unmatchedFrees > 0) {
    lines.push(["left out", `${report.unmatchedFrees} frees of blocks from before the trace`]);
  }
  return lines.map(([name, text]) => `${name.padEnd(14)} ${text}`).join("\n");
}
