// Memory that is only numbered: slabs of any size with nothing behind them. For tests, for replaying
// traces larger than the machine, and as the plainest example of a `Memory`.
import { CenoteError, formatBytes, GRANULE } from "../base/index.ts";
import type { Memory } from "./types.ts";

export interface SimulatedOptions {
  /** All slabs together may be this large, bytes. Default unlimited. */
  capacity?: number;
  /** Largest slab, bytes. Default 512 GiB. */
  maxSlab?: number;
}

export class SimulatedMemory implements Memory {
  readonly name = "simulated";
  readonly maxSlab: number;
  readonly #capacity: number;
  readonly #slabs = new Map<number, number>();
  #last = 0;
  #reserved = 0;

  constructor(options: SimulatedOptions = {}) {
    this.#capacity = options.capacity ?? Number.POSITIVE_INFINITY;
    this.maxSlab = options.maxSlab ?? 2 ** 39;
  }

  /** Slab sizes by id, bytes. */
  get slabs(): ReadonlyMap<number, number> {
    return this.#slabs;
  }

  reserve(bytes: number): number {
    if (bytes <= 0 || bytes % GRANULE !== 0 || bytes > this.maxSlab) {
      throw new CenoteError(
        "BAD_SLAB",
        `wanted a slab of ${bytes} bytes; the simulated memory gives multiples of ${GRANULE} up to ${this.maxSlab}`,
      );
    }
    if (this.#reserved + bytes > this.#capacity) {
      throw new CenoteError(
        "MEMORY_SPENT",
        `the simulated memory has ${formatBytes(this.#capacity - this.#reserved)} left, wanted ${formatBytes(bytes)}`,
      );
    }
    this.#reserved += bytes;
    this.#slabs.set(++this.#last, bytes);
    return this.#last;
  }

  release(slab: number): void {
    const bytes = this.#slabs.get(slab);
    if (bytes === undefined) throw new CenoteError("BAD_SLAB", `no slab ${slab} is reserved`);
    this.#slabs.delete(slab);
    this.#reserved -= bytes;
  }

  clear(slab: number, offset: number, bytes: number): void {
    const size = this.#slabs.get(slab);
    if (size === undefined || offset < 0 || offset + bytes > size) {
      throw new CenoteError(
        "BAD_SLAB",
        `bytes ${offset}..${offset + bytes} lie outside slab ${slab}`,
      );
    }
  }
}
