// `pool` as a cell sees it: the process's pool of GPU memory, without having to open the GPU first.
import {
  books,
  CenoteError,
  COUNTER,
  DISPLAY,
  describeBlock,
  formatBytes,
  type MimeBundle,
  parseBytes,
} from "../base/index.ts";
import type {
  AllocateOptions,
  Block,
  Compacted,
  Holder,
  Mark,
  PlanInfo,
  PoolSnapshot,
  PoolStats,
  Region,
  SizeClass,
  TierBudgets,
} from "../pool/index.ts";
import { device, openedDevice, setBudget, setTiers, tiers, waitingBudget } from "./device.ts";
import { Rich } from "./display.ts";
import { type Figures, figures } from "./figures.ts";

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
  for (const elsewhere of ["spilled", "disk", "staging", "outside"] as const) {
    if (stats[elsewhere] > 0) sizes.push(`${elsewhere} ${formatBytes(stats[elsewhere])}`);
  }
  return sizes.join(" · ");
}

class PoolAccess {
  /** Figures of the pool now; all 0 before the GPU was first used. Bytes unless the name says otherwise. */
  stats(): ShownStats {
    const stats = openedDevice()?.pool.stats() ?? NOTHING_YET;
    const bundle = () => ({ "text/plain": line(stats) });
    const { counters } = books();
    const beside = {
      outside: counters[COUNTER.outsideBytes]!,
      uploadBytes: counters[COUNTER.uploadBytes]!,
      readBackBytes: counters[COUNTER.readBackBytes]!,
    };
    return Object.defineProperty({ ...stats, ...beside }, DISPLAY, { value: bundle }) as ShownStats;
  }

  /** The figures in bytes, each with what it is: our count, a setting, or a fact of the adapter. */
  figures(): Figures {
    return figures(this.stats(), openedDevice()?.adapter);
  }

  /** Bytes that the pool may take of the GPU. May be set as bytes or as text such as "1 GiB". */
  get budget(): number {
    return openedDevice()?.pool.budget ?? waitingBudget() ?? books().counters[COUNTER.budget]!;
  }

  set budget(size: number | string) {
    setBudget(parseBytes(size));
  }

  /** Bytes of host memory, and of disk, that blocks which don't fit the GPU's budget may take. */
  get tiers(): TierBudgets {
    return tiers();
  }

  /** Bytes, or text: `pool.tiers = { host: "2 GiB", disk: 0 }`. What is left out stays as it is. */
  set tiers(budgets: { host?: number | string; disk?: number | string }) {
    const { host, disk } = budgets;
    setTiers({
      ...(host === undefined ? {} : { host: parseBytes(host) }),
      ...(disk === undefined ? {} : { disk: parseBytes(disk) }),
    });
  }

  /** Live blocks grouped by tag, cell and line, largest first. */
  holders(limit = 10): Holder[] {
    return openedDevice()?.pool.holders(limit) ?? [];
  }

  /** Live blocks and holes by size, a class each doubling. */
  histogram(): SizeClass[] {
    return openedDevice()?.pool.histogram() ?? [];
  }

  /**
   * What the pool holds now and the events that led there, for looking at later or elsewhere:
   * `await pool.snapshot().save("x.json")`, or .pickle for PyTorch's memory_viz, .perfetto.json, .rmm.csv.
   * The GPU must have been opened, as for `scope`.
   */
  snapshot(): PoolSnapshot {
    return this.#now().snapshot({ ...openedDevice()!.adapter });
  }

  /**
   * A picture of the pool: timeline, slabs, who holds what, cells. It shows in exported notebooks too, where
   * no kernel is. `await pool.snapshot().save("pool.html")` writes it to a file. The GPU must have been opened.
   */
  report(): Rich {
    const taken = this.snapshot();
    return new Rich({ "text/html": taken.toHtml(), "text/plain": line(this.stats()) });
  }

  /** Marks this moment, in the events too. The GPU must have been opened, as for `scope`. */
  mark(name: string): Mark {
    return this.#now().mark(name);
  }

  /**
   * Live blocks that were allocated after a mark, or by the cell of a number, or, with neither, by any cell
   * but the running one; largest group first. Runs `collect` before, so that what nobody holds is left out.
   */
  leaks(since?: Mark | number): Holder[] {
    return openedDevice()?.pool.leaks(since) ?? [];
  }

  /**
   * Disposes what `leaks` lists, whoever has it: using one raises DISPOSED from then on. Pinned blocks stay.
   */
  freeLeaks(since?: Mark | number): { blocks: number; bytes: number } {
    return openedDevice()?.pool.freeLeaks(since) ?? { blocks: 0, bytes: 0 };
  }

  /**
   * Moves blocks that were used longest ago to host memory and disk, until that much ("1 GiB") has left the
   * device or there is no room for more; they come back when they are used. Returns the bytes that have left.
   */
  spill(size: number | string): number {
    return openedDevice()?.pool.spill(parseBytes(size)) ?? 0;
  }

  /**
   * Runs the garbage collector now and gives back blocks (of 4 KiB and more) whose handles were dropped
   * without dispose. A request that would fail does it by itself.
   */
  collect(): { blocks: number; bytes: number } {
    return openedDevice()?.pool.collect() ?? { blocks: 0, bytes: 0 };
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
    const block = (await device()).allocate(bytes, options);
    if (options?.what !== undefined) describeBlock(block.id, options.what);
    return block;
  }

  /**
   * Runs `body`; at its end disposes what was allocated inside, but for what its result reaches and
   * what was given to `keep`. The GPU must have been opened, by `gpu(table)` or `await pool.open()`.
   */
  scope<T>(body: () => T): T {
    return this.#now().scope(body);
  }

  /**
   * Runs `body` as a region: tells what it returned as `value`, and what the pool took meanwhile: `peak`,
   * `live`, `allocations`, `frees`. Regions may nest. An async body is awaited, and the region then is a
   * promise. The GPU must have been opened, as for `scope`.
   */
  region<T>(body: () => Promise<T>): Promise<Region<T>>;
  region<T>(body: () => T): Region<T>;
  region<T>(body: () => T): Region<T> | Promise<Region<T>> {
    return this.#now().region(body);
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

/** What the panel follows: `monitor.mark("epoch 3")` is `pool.mark("epoch 3")`. */
export const monitor = { mark: (name: string): Mark => pool.mark(name) };
