// `tuning` as a cell sees it: kernels that were measured on this adapter.
import { forgetTuned, type Tuned, type TuneOptions, tune, tunedOn } from "../compute/index.ts";
import { device } from "./device.ts";

class TuningAccess {
  /**
   * Runs `body` once, and measures kernels for the matrix products that it computed, on memory of their own: up to
   * `budget` milliseconds (default 1,000) for each class of dtypes, layout and size that was not measured before
   * (`again: true`: also those that were). Gives what was measured now. It is used from then on, and kept in the user's
   * cache folder for this adapter and driver. Rejects with TUNING_OFF, BUDGET, OutOfPoolMemory.
   */
  async run(body: () => unknown, options: TuneOptions = {}): Promise<Tuned[]> {
    return tune(await device(), body, options);
  }

  /** What was measured on this adapter, here or by other processes before this one began. */
  async list(): Promise<Tuned[]> {
    return tunedOn(await device());
  }

  /** Forgets what was measured on this adapter, in the cache folder too; tells where that can't be written. */
  async clear(): Promise<void> {
    const failure = forgetTuned(await device());
    if (failure !== undefined)
      console.warn(`cenote: measured kernels are forgotten by this process only: ${failure}`);
  }
}

export const tuning: TuningAccess = new TuningAccess();
