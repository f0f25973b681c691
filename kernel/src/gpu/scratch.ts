// Copies inside one buffer, which WebGPU forbids: bounced through a scratch buffer, overlaps kept right.
import type { BufferRange, Recorder } from "./recorder.ts";
import { USAGE } from "./usage.ts";

const SCRATCH_BYTES = 4 * 2 ** 20;

export class Scratch {
  readonly #device: GPUDevice;
  readonly #recorder: Recorder;
  #buffer: GPUBuffer | undefined;

  constructor(device: GPUDevice, recorder: Recorder) {
    this.#device = device;
    this.#recorder = recorder;
  }

  /** Records a copy of `bytes` bytes between ranges of any slabs, of one slab too. */
  copy(from: BufferRange, to: BufferRange, bytes: number): void {
    if (from.slab === to.slab) this.#within(from, to, bytes);
    else this.#recorder.copy(from, to, bytes);
  }

  #within(from: BufferRange, to: BufferRange, total: number): void {
    this.#buffer ??= this.#device.createBuffer({
      label: "cenote scratch",
      size: SCRATCH_BYTES,
      usage: USAGE.copySource | USAGE.copyTarget,
    });
    const pieces = Math.ceil(total / SCRATCH_BYTES);
    for (let i = 0; i < pieces; i++) {
      // Upwards moves go from the end, so that no piece is overwritten before it was read.
      const at = (to.offset > from.offset ? pieces - 1 - i : i) * SCRATCH_BYTES;
      const bytes = Math.min(SCRATCH_BYTES, total - at);
      this.#recorder.copyOut({ ...from, offset: from.offset + at }, this.#buffer, 0, bytes);
      this.#recorder.copyIn(this.#buffer, 0, { ...to, offset: to.offset + at }, bytes);
    }
  }
}
