// Opens the process's one Gpu, on first use.
import { totalmem } from "node:os";
import { CenoteError, onTermination, parseBytes, postNote } from "../base/index.ts";
import { describeAdapter, findAdapter, limitsOf } from "./dawn.ts";
import { DeviceErrors } from "./errors.ts";
import { DawnGpu } from "./gpu.ts";
import { runSelfTest } from "./selftest.ts";
import { keepSelfTest } from "./selftest-cache.ts";
import type { AdapterFacts, Gpu } from "./types.ts";

const GIB = 2 ** 30;
let opening: Promise<DawnGpu> | undefined;

/**
 * The process's one Gpu, opened on first use; after the device was lost, a new one. Rejects with
 * NO_ADAPTER, whose text says what to install; the next call tries again.
 */
export function openGpu(): Promise<Gpu> {
  opening ??= open().catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function open(): Promise<DawnGpu> {
  const adapter = await findAdapter();
  const facts = describeAdapter(adapter);
  const budget = defaultBudget(facts);
  const device = await requestDevice(adapter, facts);
  const errors = new DeviceErrors(device);
  if (!facts.selfTest) {
    facts.selfTest = await runSelfTest(device);
    keepSelfTest(facts, facts.selfTest);
  }
  errors.throwLate();
  const gpu = new DawnGpu(device, facts, errors, budget);
  const forget = onTermination((cell) => gpu.pool.recover(cell));
  device.lost.then(
    () => {
      opening = undefined;
      forget();
      gpu.pool.close();
    },
    () => {},
  );
  postNote({
    type: "adapter",
    adapter: { name: facts.name, vendor: facts.vendor, software: facts.software },
  });
  return gpu;
}

async function requestDevice(adapter: GPUAdapter, facts: AdapterFacts): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({
      label: "cenote",
      requiredLimits: limitsOf(adapter.limits),
      requiredFeatures: facts.f16 ? ["shader-f16"] : [],
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CenoteError("NO_DEVICE", `${facts.name} gave no device: ${why}`, {
      mend: "`npx cenote doctor` says what was found; another driver may be needed.",
      cause,
    });
  }
}

/**
 * Bytes: CENOTE_BUDGET where it is set. WebGPU does not report an adapter's memory: a software adapter
 * uses the system's, of which the pool takes a quarter; for others the default is 4 GiB, or a quarter
 * of the system's memory where that is less. Throws BAD_BUDGET.
 */
function defaultBudget(facts: Pick<AdapterFacts, "software">): number {
  const set = process.env["CENOTE_BUDGET"];
  if (set) return parseBudget(set);
  const constrained = process.constrainedMemory();
  const system = constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
  return Math.floor(facts.software ? system / 4 : Math.min(4 * GIB, system / 4));
}

function parseBudget(text: string): number {
  try {
    return parseBytes(text);
  } catch {
    throw new CenoteError(
      "BAD_BUDGET",
      `CENOTE_BUDGET: wanted a size, found ${JSON.stringify(text)}`,
      {
        mend: 'Set it to bytes, or to text such as "4 GiB", or unset it.',
      },
    );
  }
}
