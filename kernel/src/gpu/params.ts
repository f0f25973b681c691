// Small parameters of dispatches: collected on the host while the encoder is open, written to one
// uniform buffer at submit, and bound with a dynamic offset. The write is in queue order, so that one
// buffer serves every encoder.
import type { Binds } from "./binds.ts";
import { USAGE } from "./usage.ts";

/** A uniform binding's size; parameters may be at most this large, bytes. */
export const PARAM_BYTES = 1024;
const CAPACITY = 64 * 1024;

export class Params {
  readonly #queue: GPUQueue;
  readonly #buffer: GPUBuffer;
  readonly #host = new Uint8Array(CAPACITY);
  readonly #align: number;
  readonly group: GPUBindGroup;
  #used = 0;

  constructor(device: GPUDevice, binds: Binds) {
    this.#queue = device.queue;
    this.#align = device.limits.minUniformBufferOffsetAlignment;
    this.#buffer = device.createBuffer({
      label: "cenote params",
      size: CAPACITY + PARAM_BYTES, // the last binding reaches past the last parameters
      usage: USAGE.uniform | USAGE.copyTarget,
    });
    this.group = device.createBindGroup({
      label: "cenote params",
      layout: binds.paramsLayout,
      entries: [{ binding: 0, resource: { buffer: this.#buffer, size: PARAM_BYTES } }],
    });
  }

  /** Whether `bytes` more still fit before the next submit. */
  fits(bytes: number): boolean {
    return this.#used + bytes <= CAPACITY;
  }

  /** Keeps the words for this encoder; returns their dynamic offset, bytes. */
  add(words: Uint32Array): number {
    const at = this.#used;
    this.#host.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), at);
    this.#used = Math.ceil((at + words.byteLength) / this.#align) * this.#align;
    return at;
  }

  /** Writes what was collected, before the encoder that uses it is submitted. */
  flush(): void {
    if (this.#used === 0) return;
    const bytes = Math.min(this.#used, CAPACITY);
    this.#queue.writeBuffer(this.#buffer, 0, this.#host, 0, bytes);
    this.#used = 0;
  }
}
