// What a part of the program takes at its most: regions, which may nest and overlap. They cost an allocation
// nothing: the ledger keeps one peak since the last region began or ended, which is folded in at those moments.
import { COUNTER, currentCell } from "../base/index.ts";
import type { Ledger } from "./ledger.ts";
import { isThenable } from "./thenable.ts";

/** What happened while a region ran, in the whole pool. Bytes of blocks, rounded up to GRANULE. */
export interface Region<T> {
  /** What the body returned. */
  value: T;
  /** More than was live at its beginning; below 0 when it gave back more than it took. */
  live: number;
  /** The most that was live at once, above what was live at its beginning. */
  peak: number;
  allocations: number;
  frees: number;
}

interface Open {
  readonly cell: number;
  readonly live: number;
  readonly allocations: number;
  readonly frees: number;
  peak: number;
}

export class Regions {
  readonly #ledger: Ledger;
  readonly #open = new Set<Open>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Runs `body`, which is awaited if it is asynchronous, and counts. */
  run<T>(body: () => T): Region<T> | Promise<Region<Awaited<T>>> {
    const region = this.#begin();
    let result: T;
    try {
      result = body();
    } catch (error) {
      this.#open.delete(region);
      throw error;
    }
    if (!isThenable(result)) return this.#end(region, result);
    return Promise.resolve(result).then(
      (value) => this.#end(region, value),
      (error: unknown) => {
        this.#open.delete(region);
        throw error;
      },
    );
  }

  /** Forgets the regions that the cell left open when it was terminated. */
  abandon(cell: number): void {
    for (const region of this.#open) if (region.cell === cell) this.#open.delete(region);
  }

  #begin(): Open {
    this.#fold();
    const ledger = this.#ledger;
    const live = ledger.get(COUNTER.live);
    const region = {
      cell: currentCell(),
      live,
      allocations: ledger.get(COUNTER.allocations),
      frees: ledger.get(COUNTER.frees),
      peak: live,
    };
    this.#open.add(region);
    return region;
  }

  #end<T>(region: Open, value: T): Region<T> {
    this.#fold();
    this.#open.delete(region);
    const ledger = this.#ledger;
    return {
      value,
      live: ledger.get(COUNTER.live) - region.live,
      peak: region.peak - region.live,
      allocations: ledger.get(COUNTER.allocations) - region.allocations,
      frees: ledger.get(COUNTER.frees) - region.frees,
    };
  }

  #fold(): void {
    const peak = this.#ledger.takePeak();
    for (const region of this.#open) region.peak = Math.max(region.peak, peak);
  }
}
