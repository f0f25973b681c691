// Host memory that the GPU copies to: mappable buffers for read-backs and for blocks that left the device.
// Those given back are kept for reuse, because fresh pages cost several times what the copy costs.
import { USAGE } from "./usage.ts";

const KEPT_BYTES = 256 * 2 ** 20;
const SMALLEST = 64 * 1024;
/** Sizes between one power of two and the next. */
const STEPS = 8;
/** A kept buffer serves requests of at least this share of its size. */
const CLOSE = 3 / 4;

export class HostBuffers {
  readonly #device: GPUDevice;
  readonly #count: (bytes: number) => void;
  #kept: GPUBuffer[] = [];
  #keptBytes = 0;

  /** `count` is told of bytes that staging takes, or gives back (negative). */
  constructor(device: GPUDevice, count: (bytes: number) => void) {
    this.#device = device;
    this.#count = count;
  }

  /** An unmapped buffer of at least `bytes`. */
  take(bytes: number): GPUBuffer {
    const fits = ({ size }: GPUBuffer) =>
      size >= bytes && size * CLOSE <= Math.max(bytes, SMALLEST);
    const at = this.#kept.findIndex(fits);
    if (at >= 0) {
      const [kept] = this.#kept.splice(at, 1);
      this.#keptBytes -= kept!.size;
      return kept!;
    }
    const size = sizeFor(bytes, this.#device.limits.maxBufferSize);
    this.#count(size);
    return this.#device.createBuffer({
      label: `cenote host buffer of ${size} bytes`,
      size,
      usage: USAGE.mapRead | USAGE.copyTarget,
    });
  }

  /** Takes back a buffer that is not mapped. */
  give(buffer: GPUBuffer): void {
    this.#kept.push(buffer);
    this.#keptBytes += buffer.size;
    while (this.#keptBytes > KEPT_BYTES) {
      const oldest = this.#kept.shift()!;
      this.#keptBytes -= oldest.size;
      this.drop(oldest);
    }
  }

  /** Takes back a buffer that can't be used again. */
  drop(buffer: GPUBuffer): void {
    this.#count(-buffer.size);
    buffer.destroy();
  }
}

/** At most an eighth more than `bytes`, or exactly that (a multiple of 4) where it would be over the limit. */
function sizeFor(bytes: number, limit: number): number {
  const least = Math.max(bytes, SMALLEST);
  const step = 2 ** Math.floor(Math.log2(least)) / STEPS;
  const size = Math.ceil(least / step) * step;
  return size <= limit ? size : bytes;
}
