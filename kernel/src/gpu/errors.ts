// Turns the device's errors into CenoteErrors at the call that caused them. Dawn reports validation
// errors while the call runs; any that come later are kept for the next wait.
import { CenoteError, guarded } from "../base/index.ts";

const NOISE = /\n - While [^\n]*/g;

export class DeviceErrors {
  #caught: string[] = [];
  #guarding = false;
  #late: string[] = [];
  #lost: string | undefined;

  constructor(device: GPUDevice) {
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      event.preventDefault(); // else Dawn prints it
      (this.#guarding ? this.#caught : this.#late).push(error.message);
    });
    device.lost.then(
      (info) => {
        this.#lost = info.message || info.reason || "no reason given";
      },
      () => {},
    );
  }

  /** Runs a call on the device; an error that it causes is thrown as `code`, worded by `explain`. */
  guard<T>(code: string, explain: (message: string) => string, body: () => T): T {
    this.throwIfLost();
    const result = guarded(() => this.#watch(body));
    const [message] = this.#caught;
    if (message === undefined) return result;
    this.#caught = [];
    throw new CenoteError(code, explain(message.replace(NOISE, "").trim()));
  }

  #watch<T>(body: () => T): T {
    const outer = this.#guarding;
    this.#guarding = true;
    try {
      return body();
    } finally {
      this.#guarding = outer;
    }
  }

  /** Throws the first error that came outside a guarded call since the last time. */
  throwLate(): void {
    this.throwIfLost();
    const late = this.#late;
    if (late.length === 0) return;
    this.#late = [];
    const more = late.length > 1 ? ` (and ${late.length - 1} more)` : "";
    throw new CenoteError(
      "GPU_ERROR",
      `the GPU reported: ${late[0]!.replace(NOISE, "").trim()}${more}`,
    );
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  throwIfLost(): void {
    if (this.#lost === undefined) return;
    throw new CenoteError("DEVICE_LOST", `the GPU device was lost: ${this.#lost}`, {
      mend: "What was in the pool is gone. openGpu() opens a new device; upload the tables again.",
    });
  }
}
