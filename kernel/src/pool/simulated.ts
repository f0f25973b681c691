// Memory that is only numbered: slabs of any size with nothing behind them, or bytes on the heap if wanted.
// For tests, for replaying traces larger than the machine, and as the plainest example of a `Memory`.
import { CenoteError, formatBytes, GRANULE } from "../base/index.ts";
import type { Memory, Place } from "./types.ts";

export interface SimulatedOptions {
  /** All slabs together may be this large, bytes. Default unlimited. */
  capacity?: number;
  /** Largest slab, bytes. Default 512 GiB. */
  maxSlab?: number;
  /** Whether there are bytes behind the slabs, on the heap. Default no. */
  contents?: boolean;
}

export class SimulatedMemory implements Memory {
  readonly name = "simulated";
  readonly maxSlab: number;
  readonly #capacity: number;
  readonly #slabs = new Map<number, number>();
  readonly #contents = new Map<number, Uint8Array>();
  readonly #hasContents: boolean;
  /** Copies made because blocks moved. */
  moves = 0;
  #last = 0;
  #reserved = 0;

  constructor(options: SimulatedOptions = {}) {
    this.#capacity = options.capacity ?? Number.POSITIVE_INFINITY;
    this.maxSlab = options.maxSlab ?? 2 ** 39;
    this.#hasContents = options.contents ?? false;
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
    if (this.#hasContents) this.#contents.set(this.#last, new Uint8Array(bytes).fill(0xa5));
    return this.#last;
  }

  release(slab: number): void {
    const bytes = this.#slabs.get(slab);
    if (bytes === undefined) throw new CenoteError("BAD_SLAB", `no slab ${slab} is reserved`);
    this.#slabs.delete(slab);
    this.#contents.delete(slab);
    this.#reserved -= bytes;
  }

  clear(slab: number, offset: number, bytes: number): void {
    this.#mustHold({ slab, offset, size: bytes });
    this.#contents.get(slab)?.fill(0, offset, offset + bytes);
  }

  move(from: Place, to: Place, bytes: number): void {
    const [source, target] = [from, to].map((place) => ({ ...place, size: bytes }));
    this.#mustHold(source!);
    this.#mustHold(target!);
    this.moves++;
    if (this.#hasContents) this.bytes(target!).set(this.bytes(source!).slice());
  }

  /** What lies at a place, as a view that stays valid while its slab is reserved. Only with `contents`. */
  bytes({ slab, offset, size }: Place): Uint8Array {
    this.#mustHold({ slab, offset, size });
    return this.#contents.get(slab)!.subarray(offset, offset + size);
  }

  #mustHold({ slab, offset, size }: Place): void {
    const bytes = this.#slabs.get(slab);
    if (bytes !== undefined && offset >= 0 && offset + size <= bytes) return;
    throw new CenoteError("BAD_SLAB", `bytes ${offset}..${offset + size} lie outside slab ${slab}`);
  }
}
