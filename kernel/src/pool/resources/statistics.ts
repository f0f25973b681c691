// Counts what passes through it, with a peak for each region that is asked for: push() begins one, pop()
// ends it. Regions nest, as cells and the steps inside them do.
import type { AllocateOptions, Block } from "../types.ts";
import { type Resource, withOnFree } from "./resource.ts";

/** What was counted. Bytes as requested. */
export interface Counts {
  /** Live now. For a region: less what was live when it began, so it may be below 0. */
  live: number;
  /** The most that was live at once, reckoned like `live`. */
  peak: number;
  /** Of all allocations together. */
  total: number;
  allocations: number;
  frees: number;
}

export class Statistics implements Resource {
  readonly #upstream: Resource;
  /** The innermost region last; the first is the whole life of the resource. */
  readonly #regions: Counts[] = [none()];

  constructor(upstream: Resource) {
    this.#upstream = upstream;
  }

  allocate(bytes: number, options: AllocateOptions = {}): Block {
    const block = this.#upstream.allocate(
      bytes,
      withOnFree(options, () => this.#count(-bytes)),
    );
    this.#count(bytes, true);
    return block;
  }

  /** Counts since the beginning, open regions included. */
  get counts(): Counts {
    return { ...this.#regions.reduceRight(joined) };
  }

  /** Begins a region. */
  push(): void {
    this.#regions.push(none());
  }

  /** Ends the region begun last; returns its counts, or undefined when none is open. */
  pop(): Counts | undefined {
    if (this.#regions.length === 1) return undefined;
    const region = this.#regions.pop()!;
    const outer = this.#regions.length - 1;
    this.#regions[outer] = joined(region, this.#regions[outer]!);
    return region;
  }

  #count(bytes: number, allocated = false): void {
    const region = this.#regions.at(-1)!;
    region.live += bytes;
    if (region.live > region.peak) region.peak = region.live;
    if (allocated) {
      region.total += bytes;
      region.allocations++;
    } else region.frees++;
  }
}

const none = (): Counts => ({ live: 0, peak: 0, total: 0, allocations: 0, frees: 0 });

/** The counts of `outer` once `inner`, which ran inside it, is counted in. */
function joined(inner: Counts, outer: Counts): Counts {
  return {
    live: outer.live + inner.live,
    peak: Math.max(outer.peak, outer.live + inner.peak),
    total: outer.total + inner.total,
    allocations: outer.allocations + inner.allocations,
    frees: outer.frees + inner.frees,
  };
}
