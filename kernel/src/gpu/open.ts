// Opens the process's one Gpu, on first use.
import {
  CenoteError,
  guarded,
  guardedWhile,
  Interrupted,
  onTermination,
  postNote,
} from "../base/index.ts";
import { type Budgets, deviceBudget, tierBudgets } from "./budgets.ts";
import { describeAdapter, findAdapter, limitsOf } from "./dawn.ts";
import { DeviceErrors } from "./errors.ts";
import { DawnGpu } from "./gpu.ts";
import { runSelfTest } from "./selftest.ts";
import { keepSelfTest } from "./selftest-cache.ts";
import type { AdapterFacts, Gpu } from "./types.ts";

let opening: Promise<DawnGpu> | undefined;

/**
 * The process's one Gpu, opened on first use; after the device was lost, a new one. Rejects with
 * NO_ADAPTER, whose text says what to install; the next call tries again.
 */
export function openGpu(): Promise<Gpu> {
  if (opening) return opening;
  let forget = () => {};
  const mine: Promise<DawnGpu> = guardedWhile(() => open(() => opening === mine)).then(
    (gpu) => {
      forget();
      return gpu;
    },
    (error: unknown) => {
      forget();
      if (opening === mine) opening = undefined;
      throw error;
    },
  );
  // Cut short by a termination all the same, it never ends: whoever asks next begins anew.
  forget = onTermination(() => {
    opening = undefined;
    forget();
  });
  opening = mine;
  return mine;
}

/** `wanted` turns false when another opening has been begun in this one's place. */
async function open(wanted: () => boolean): Promise<DawnGpu> {
  const adapter = await findAdapter();
  const facts = describeAdapter(adapter);
  const budgets = { device: deviceBudget(facts), ...tierBudgets() };
  const device = await requestDevice(adapter, facts);
  const errors = new DeviceErrors(device);
  if (!facts.selfTest) {
    facts.selfTest = await runSelfTest(device);
    keepSelfTest(facts, facts.selfTest);
  }
  errors.throwLate();
  if (!wanted()) {
    device.destroy();
    throw new Interrupted();
  }
  const gpu = guarded(() => makeGpu(device, facts, errors, budgets));
  postNote({
    type: "adapter",
    adapter: { name: facts.name, vendor: facts.vendor, software: facts.software },
  });
  return gpu;
}

function makeGpu(
  device: GPUDevice,
  facts: AdapterFacts,
  errors: DeviceErrors,
  budgets: Budgets,
): DawnGpu {
  const gpu = new DawnGpu(device, facts, errors, budgets);
  const forget = onTermination((cell) => gpu.pool.recover(cell));
  device.lost.then(
    () => {
      opening = undefined;
      forget();
      gpu.pool.close();
    },
    () => {},
  );
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
