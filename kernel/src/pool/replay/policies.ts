// The policies that a trace can be replayed on: the pool itself, and models of what others do, to
// compare with. The models only count; what they reserve is what the real ones would.
import { CenoteError, COUNTER, GRANULE, OutOfPoolMemory, openBooks } from "../../base/index.ts";
import { Pool } from "../pool.ts";
import { SimulatedMemory } from "../simulated.ts";
import type { Block, PoolOptions } from "../types.ts";
import { CachingModel } from "./caching.ts";
import type { Policy } from "./replay.ts";

/** Replays on a pool, by default a new one on simulated memory without bounds. */
export class PoolPolicy implements Policy {
  readonly name: string;
  readonly pool: Pool;
  readonly #counters: Float64Array;
  readonly #blocks: (Block | undefined)[] = [];
  readonly #owned: boolean;

  constructor(name: string, over: PoolOptions | Pool = {}) {
    this.name = name;
    this.#owned = !(over instanceof Pool);
    this.pool = over instanceof Pool ? over : simulatedPool(over);
    this.#counters = this.pool.books.counters;
  }

  allocate(slot: number, bytes: number): boolean {
    try {
      this.#blocks[slot] = this.pool.allocate(bytes);
      return true;
    } catch (error) {
      if (isShortage(error)) return false;
      throw error;
    }
  }

  free(slot: number): void {
    this.#blocks[slot]!.dispose();
    this.#blocks[slot] = undefined;
  }

  get reserved(): number {
    return this.#counters[COUNTER.reserved]!;
  }

  get grown(): { slabs: number; bytes: number } {
    const { slabsMade, bytesMade } = this.pool.stats();
    return { slabs: slabsMade, bytes: bytesMade };
  }

  get moved(): number {
    return this.#counters[COUNTER.movedBytes]!;
  }

  disposeAll(): void {
    for (const block of this.#blocks) block?.dispose();
    this.#blocks.length = 0;
  }

  /** Ends what is live, and the pool unless it was given. */
  close(): void {
    this.disposeAll();
    if (this.#owned) this.pool.close();
  }
}

function simulatedPool(options: PoolOptions): Pool {
  return new Pool(new SimulatedMemory(), {
    books: openBooks(),
    budget: 2 ** 50,
    collect: false,
    ...options,
  });
}

function isShortage(error: unknown): boolean {
  if (error instanceof OutOfPoolMemory) return true;
  return error instanceof CenoteError && error.code === "BLOCK_TOO_LARGE";
}

/**
 * Free lists by size class, never given back: exact sizes are TF.js's and onnxruntime-web's "simple",
 * powers of two many allocators' round-up.
 */
class FreeLists implements Policy {
  readonly name: string;
  readonly #classOf: (bytes: number) => number;
  readonly #free = new Map<number, number>();
  readonly #sizes: number[] = [];
  reserved = 0;
  readonly grown = { slabs: 0, bytes: 0 };
  readonly moved = 0;

  constructor(name: string, classOf: (bytes: number) => number) {
    this.name = name;
    this.#classOf = classOf;
  }

  allocate(slot: number, bytes: number): boolean {
    const size = this.#classOf(Math.max(bytes, 1));
    this.#sizes[slot] = size;
    const free = this.#free.get(size) ?? 0;
    if (free > 0) {
      this.#free.set(size, free - 1);
      return true;
    }
    this.reserved += size;
    this.grown.slabs++;
    this.grown.bytes += size;
    return true;
  }

  free(slot: number): void {
    const size = this.#sizes[slot]!;
    this.#free.set(size, (this.#free.get(size) ?? 0) + 1);
  }

  close(): void {}
}

/** A buffer for each block, destroyed with it: no pool at all. */
class Direct implements Policy {
  readonly name = "direct";
  readonly #sizes: number[] = [];
  reserved = 0;
  readonly grown = { slabs: 0, bytes: 0 };
  readonly moved = 0;

  allocate(slot: number, bytes: number): boolean {
    const size = Math.max(GRANULE, Math.ceil(bytes / GRANULE) * GRANULE);
    this.#sizes[slot] = size;
    this.reserved += size;
    this.grown.slabs++;
    this.grown.bytes += size;
    return true;
  }

  free(slot: number): void {
    this.reserved -= this.#sizes[slot]!;
  }

  close(): void {}
}

const MIB = 2 ** 20;

/** What each policy does, by name. */
export const POLICIES: Readonly<
  Record<string, { about: string; takesOptions?: true; make: (options: PoolOptions) => Policy }>
> = {
  pool: {
    about: "Cenote's pool as it is by default",
    takesOptions: true,
    make: (options) => new PoolPolicy("pool", options),
  },
  "best-fit": {
    about: "best fit with coalescing in slabs of one size (64 MiB, or --slab)",
    takesOptions: true,
    make: (options) =>
      new PoolPolicy("best-fit", {
        slabBytes: 64 * MIB,
        keepEmpty: Number.POSITIVE_INFINITY,
        ...options,
      }),
  },
  caching: {
    about: "a model of PyTorch's caching allocator",
    make: () => new CachingModel(),
  },
  exact: {
    about: "free lists by exact size, as TF.js and onnxruntime-web's simple mode have",
    make: () => new FreeLists("exact", (bytes) => Math.ceil(bytes / 4) * 4),
  },
  "power-of-two": {
    about: "free lists by powers of two",
    make: () => new FreeLists("power-of-two", (bytes) => 2 ** Math.ceil(Math.log2(bytes))),
  },
  direct: {
    about: "a buffer for each block, destroyed with it: no pool at all",
    make: () => new Direct(),
  },
};
