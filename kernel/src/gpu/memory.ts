// The GPU as a `Memory`: a slab is one GPUBuffer. Submits recorded commands before a slab that they
// mention is destroyed; the queue finishes what was submitted.
import { CenoteError, formatBytes, GRANULE } from "../base/index.ts";
import type { Carrier, Memory, Place } from "../pool/index.ts";
import type { Binds } from "./binds.ts";
import type { DeviceErrors } from "./errors.ts";
import type { Recorder } from "./recorder.ts";
import type { Scratch } from "./scratch.ts";
import { USAGE } from "./usage.ts";

// Dawn keeps destroyed buffers until it has seen later work done. A cell that allocates and disposes
// large blocks in a loop, without a dispatch, would otherwise use up the process's mappings.
const MAX_DESTROYED_BYTES = 512 * 2 ** 20;

export class GpuMemory implements Memory {
  readonly name: string;
  readonly maxSlab: number;
  /** Set before the pool is made. */
  carrier?: Carrier;
  readonly #device: GPUDevice;
  readonly #errors: DeviceErrors;
  readonly #recorder: Recorder;
  readonly #scratch: Scratch;
  readonly #binds: Binds;
  readonly #buffers = new Map<number, GPUBuffer>();
  #last = 0;
  #destroyedBytes = 0;
  #tick: GPUBuffer | undefined;

  constructor(
    name: string,
    device: GPUDevice,
    errors: DeviceErrors,
    recorder: Recorder,
    scratch: Scratch,
    binds: Binds,
  ) {
    this.name = name;
    this.#device = device;
    this.#errors = errors;
    this.#recorder = recorder;
    this.#scratch = scratch;
    this.#binds = binds;
    this.maxSlab = Math.floor(device.limits.maxBufferSize / GRANULE) * GRANULE;
  }

  reserve(bytes: number): number {
    const buffer = this.#errors.guard(
      "MEMORY_SPENT",
      (message) => `the GPU gave no slab of ${formatBytes(bytes)}: ${message}`,
      () =>
        this.#device.createBuffer({
          label: `cenote slab ${this.#last + 1}`,
          size: bytes,
          usage: USAGE.storage | USAGE.copySource | USAGE.copyTarget,
        }),
    );
    this.#buffers.set(++this.#last, buffer);
    return this.#last;
  }

  release(slab: number): void {
    const buffer = this.buffer(slab);
    try {
      if (this.#recorder.mentions(slab) && !this.#errors.lost) this.#recorder.submit();
    } finally {
      this.#buffers.delete(slab);
      this.#binds.forget(slab);
      buffer.destroy();
    }
    this.#destroyedBytes += buffer.size;
    if (this.#destroyedBytes > MAX_DESTROYED_BYTES && !this.#errors.lost) this.#letGo();
  }

  /** Submits a trifle of work, at whose end Dawn frees what was destroyed before. */
  #letGo(): void {
    this.#destroyedBytes = 0;
    this.#tick ??= this.#device.createBuffer({
      label: "cenote tick",
      size: 4,
      usage: USAGE.copyTarget,
    });
    const encoder = this.#device.createCommandEncoder();
    encoder.clearBuffer(this.#tick);
    this.#device.queue.submit([encoder.finish()]);
  }

  clear(slab: number, offset: number, bytes: number): void {
    this.#errors.throwIfLost();
    this.#recorder.clear({ slab, buffer: this.buffer(slab), offset }, bytes);
  }

  move(from: Place, to: Place, bytes: number): void {
    this.#errors.throwIfLost();
    const range = ({ slab, offset }: Place) => ({ slab, buffer: this.buffer(slab), offset });
    this.#scratch.copy(range(from), range(to), bytes);
  }

  buffer(slab: number): GPUBuffer {
    const buffer = this.#buffers.get(slab);
    if (!buffer) throw new CenoteError("BAD_SLAB", `slab ${slab} is not reserved`);
    return buffer;
  }
}
