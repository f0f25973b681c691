// Decides which kind of slab serves a request and how large a new slab is made. It only reckons;
// slabs.ts acts on it. The figures behind the constants are in docs/memory.md, under Placement.
import { GRANULE } from "../base/index.ts";
import { KIND } from "./chunks.ts";
import type { Memory, PoolOptions } from "./types.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A slab for small blocks is this part of the peak, within bounds. */
const SMALL_SLABS = 64;
const SMALL_SLAB_LEAST = 16 * KIB;
const SMALL_SLAB_MOST = 64 * MIB;
/** Requests up to this part of a small slab are small. */
const SMALL_REQUESTS = 4;
const SMALL_REQUEST_MOST = MIB;
/** A shared slab is at least this part of the peak. */
const SHARED_SLABS = 128;
const SHARED_SLAB_MOST = 256 * MIB;
/** Requests from this part of the peak on get slabs of their own. */
const OWN_SLABS = 8;

const DEFAULT_SLACK = 1 / 32;
const PACKING_SLACK = 1 / 256;

export interface SlabPolicy {
  /** Which kind of slab serves a request of this many granules. */
  kindOf(granules: number): number;
  /**
   * Bytes wanted for a new slab of the kind, for a request of `size` bytes, when `left` bytes are left of what
   * may be reserved.
   */
  slabFor(size: number, kind: number, left: number): number;
  /** Bytes that may be reserved before empty slabs are given back to make room for a new one. */
  allowance(peakLive: number): number;
  /** Tells the most bytes that were ever live; called when the pool grows. */
  learn(peakLive: number): void;
}

/** Slabs of one size for everything; a larger request gets one of its own size. */
export class UniformSlabs implements SlabPolicy {
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  kindOf(): number {
    return KIND.small;
  }

  slabFor(size: number): number {
    return Math.max(size, this.#bytes);
  }

  allowance(): number {
    return Number.POSITIVE_INFINITY;
  }

  learn(): void {}
}

/**
 * Slabs that grow with what is live. Blocks that are large for this pool lie alone, so that their memory
 * can go back whole; middling ones share slabs of just the size needed; small ones share larger slabs.
 * So little is lost at any scale, and empty slabs go back before more than the peak is reserved.
 */
export class ScaledSlabs implements SlabPolicy {
  readonly #slack: number;
  readonly #floor: number;
  #peak = 0;
  #smallGranules = 0;
  #ownGranules = 0;

  /** Slack is a share of the peak, floor bytes that may be reserved in any case. */
  constructor(slack: number, floor: number) {
    this.#slack = slack;
    this.#floor = floor;
    this.learn(0);
  }

  kindOf(granules: number): number {
    if (granules <= this.#smallGranules) return KIND.small;
    return granules < this.#ownGranules ? KIND.shared : KIND.own;
  }

  slabFor(size: number, kind: number, left: number): number {
    if (kind === KIND.own) return size;
    if (kind === KIND.small) {
      return Math.max(size, SMALL_SLAB_LEAST, within(this.#smallSlab(), left));
    }
    const shared = Math.min(SHARED_SLAB_MOST, powerBelow(this.#peak / SHARED_SLABS));
    return Math.max(size, within(shared, left));
  }

  allowance(peakLive: number): number {
    return Math.max(this.#floor, peakLive * (1 + this.#slack));
  }

  learn(peakLive: number): void {
    this.#peak = Math.max(peakLive, this.#floor);
    const small = Math.min(SMALL_REQUEST_MOST, this.#smallSlab() / SMALL_REQUESTS);
    this.#smallGranules = small / GRANULE;
    this.#ownGranules = Math.ceil(this.#peak / OWN_SLABS / GRANULE);
  }

  #smallSlab(): number {
    const part = powerBelow(this.#peak / SMALL_SLABS);
    return Math.max(SMALL_SLAB_LEAST, Math.min(SMALL_SLAB_MOST, part));
  }
}

/** What is left of `bytes`, but at least a quarter of them, so that slabs don't become many. */
function within(bytes: number, left: number): number {
  return Math.min(bytes, Math.max(bytes / 4, left));
}

/** The largest power of two that is at most `bytes`, and at least a granule. */
function powerBelow(bytes: number): number {
  return bytes <= GRANULE ? GRANULE : 2 ** Math.floor(Math.log2(bytes));
}

/** The policy that the pool's options ask for. */
export function slabPolicyFor(
  memory: Memory,
  { slabBytes, slack, floor, moving }: PoolOptions,
): SlabPolicy {
  if (slabBytes === undefined) {
    const usual = moving === "pack" ? PACKING_SLACK : DEFAULT_SLACK;
    return new ScaledSlabs(slack ?? usual, floor ?? 0);
  }
  const granules = Math.ceil(slabBytes / GRANULE);
  return new UniformSlabs(Math.max(GRANULE, Math.min(granules * GRANULE, memory.maxSlab)));
}
