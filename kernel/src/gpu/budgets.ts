// How much memory the pool may take where nobody says: of the device, of the host for blocks that don't fit
// there, and of the disk for those that don't fit the host.
import { totalmem } from "node:os";
import { CenoteError, parseBytes } from "../base/index.ts";
import { defaultDiskBudget, type TierBudgets } from "../pool/index.ts";
import type { AdapterFacts } from "./types.ts";

/** Bytes. */
export interface Budgets extends TierBudgets {
  device: number;
}

const GIB = 2 ** 30;

/**
 * Bytes of the device: CENOTE_BUDGET where it is set. WebGPU does not report an adapter's memory: a software
 * adapter uses the system's, of which the pool takes a quarter; for others the default is 4 GiB, or a quarter
 * of the system's memory where that is less. Throws BAD_BUDGET.
 */
export function deviceBudget(facts: Pick<AdapterFacts, "software">): number {
  const quarter = systemMemory() / 4;
  return (
    fromEnv("CENOTE_BUDGET") ?? Math.floor(facts.software ? quarter : Math.min(4 * GIB, quarter))
  );
}

/**
 * Bytes of host memory and disk: CENOTE_HOST_BUDGET and CENOTE_DISK_BUDGET where they are set. By default a
 * quarter of the system's memory, and half of the free disk, at most 16 GiB. Throws BAD_BUDGET.
 */
export function tierBudgets(): TierBudgets {
  return {
    host: fromEnv("CENOTE_HOST_BUDGET") ?? Math.floor(systemMemory() / 4),
    disk: fromEnv("CENOTE_DISK_BUDGET") ?? defaultDiskBudget(),
  };
}

function systemMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

function fromEnv(name: string): number | undefined {
  const text = process.env[name];
  if (!text) return undefined;
  try {
    return parseBytes(text);
  } catch {
    throw new CenoteError("BAD_BUDGET", `${name}: wanted a size, found ${JSON.stringify(text)}`, {
      mend: 'Set it to bytes, or to text such as "4 GiB", or unset it.',
    });
  }
}
