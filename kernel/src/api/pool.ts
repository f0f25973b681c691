// `pool` as a cell sees it: the process's pool of GPU memory, without having to open the GPU first.
import {
  books,
  CenoteError,
  COUNTER,
  DISPLAY,
  formatBytes,
  type MimeBundle,
  parseBytes,
} from "../base/index.ts";
import type {
  AllocateOptions,
  Block,
  Compacted,
  Holder,
  PlanInfo,
  PoolStats,
} from "../pool/index.ts";
import { device, openedDevice, setBudget, waitingBudget } from "./device.ts";

/** Figures of the pool that show as one line. */
export interface ShownStats extends PoolStats {
  /** Bytes moved to and from the GPU so far. */
  uploadBytes: number;
  readBackBytes: number;
  [DISPLAY](): MimeBundle;
}

const NOTHING_YET: PoolStats = {
  live: 0,
  requested: 0,
  reserved: 0,
  peakLive: 0,
  peakReserved: 0,
  budget: 0,
  free: 0,
  holes: 0,
  largestFree: 0,
  fragmentation: 0,
  slabs: 0,
  slabsMade: 0,
  bytesMade: 0,
  liveBlocks: 0,
  allocations: 0,
  frees: 0,
  collected: 0,
  moved: 0,
  spilled: 0,
  disk: 0,
  spills: 0,
  fetches: 0,
  staging: 0,
  outside: 0,
};

function line(stats: PoolStats): string {
  if (stats.budget === 0) return "the pool is empty: no GPU was used yet";
  const sizes = [
    `live ${formatBytes(stats.live)} in ${stats.liveBlocks} blocks`,
    `reserved ${formatBytes(stats.reserved)} in ${stats.slabs} slabs`,
    `peak ${formatBytes(stats.peakLive)}`,
    `budget ${formatBytes(stats.budget)}`,
    `fragmentation ${(stats.fragmentation * 100).toFixed(0)} %`,
  ];
  return sizes.join(" · ");
}

class PoolAccess {
  /** Figures of the pool now; all 0 before the GPU was first used. Bytes unless the name says otherwise. */
  stats(): ShownStats {
    const stats = openedDevice()?.pool.stats() ?? NOTHING_YET;
    const bundle = () => ({ "text/plain": line(stats) });
    const { counters } = books();
    const moved = {
      uploadBytes: counters[COUNTER.uploadBytes]!,
      readBackBytes: counters[COUNTER.readBackBytes]!,
    };
    return Object.defineProperty({ ...stats, ...moved }, DISPLAY, { value: bundle }) as ShownStats;
  }

  /** Bytes that the pool may take of the GPU. May be set as bytes or as text such as "1 GiB". */
  get budget(): number {
    return openedDevice()?.pool.budget ?? waitingBudget() ?? books().counters[COUNTER.budget]!;
  }

  set budget(size: number | string) {
    setBudget(parseBytes(size));
  }

  /** Live blocks grouped by tag, cell and line, largest first. */
  holders(limit = 10): Holder[] {
    return openedDevice()?.pool.holders(limit) ?? [];
  }

  /** Gives empty slabs back to the GPU; returns the bytes given back. */
  trim(): number {
    return openedDevice()?.pool.trim() ?? 0;
  }

  /** Packs the live blocks into fewer slabs and gives the emptied ones back to the GPU. */
  compact(): Compacted {
    return openedDevice()?.pool.compact() ?? { movedBytes: 0, givenBack: 0 };
  }

  /** Opens the GPU if need be and allocates a block of `bytes` bytes. Throws OutOfPoolMemory. */
  async allocate(bytes: number, options?: AllocateOptions): Promise<Block> {
    return (await device()).allocate(bytes, options);
  }

  /**
   * Runs `body`; at its end disposes what was allocated inside, but for what its result reaches and
   * what was given to `keep`. The GPU must have been opened, by `gpu(table)` or `await pool.open()`.
   */
  scope<T>(body: () => T): T {
    return this.#now().scope(body);
  }

  /** Takes what `value` holds out of every open scope; returns `value`. */
  keep<T>(value: T): T {
    return openedDevice()?.pool.keep(value) ?? value;
  }

  /**
   * Runs `body` as one iteration of the repeating computation `name`: the first is recorded and a plan
   * made of it, later ones are served from the plan. The GPU must have been opened, as for `scope`.
   */
  iteration<T>(name: string, body: () => T): T {
    return this.#now().iteration(name, body);
  }

  /** The repeating computations, and how their plans serve. */
  plans(): PlanInfo[] {
    return openedDevice()?.pool.plans() ?? [];
  }

  /** Opens the GPU without allocating anything. */
  async open(): Promise<void> {
    await device();
  }

  #now() {
    const gpu = openedDevice();
    if (gpu) return gpu.pool;
    throw new CenoteError("NOT_OPEN", "the pool is not open yet: no GPU was used so far", {
      mend: "Run `await pool.open()` first.",
    });
  }

  [DISPLAY](): MimeBundle {
    return { "text/plain": line(this.stats()) };
  }
}

/** The process's pool of GPU memory. */
export const pool = new PoolAccess();
