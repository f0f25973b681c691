// What the pool hands out and what it asks for: blocks, the memory it divides, statistics. No device
// here; a GPU's slabs, simulated memory and later host arenas stand behind `Memory`.
import type { Books } from "../base/index.ts";

/** Objects that own blocks give them by a method of this name, so that scopes and `keep` can find them. */
export const BLOCKS = Symbol.for("cenote.blocks");

/** Something that owns blocks: a column, a table, a tensor. */
export interface OwnsBlocks {
  [BLOCKS](): Iterable<Block>;
}

/** A handle on a range of pooled memory. The pool knows blocks by id and never holds the handle. */
export interface Block {
  /** Row of the block table; given to another block after this one is disposed. */
  readonly id: number;
  /** Bytes as requested; the block itself is rounded up to GRANULE. */
  readonly bytes: number;
  readonly tag: string;
  readonly disposed: boolean;
  /** Gives the memory back. Doing it twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface AllocateOptions {
  /** A short name that groups blocks in the panel and in reports, e.g. "acts" or "column". */
  tag?: string;
  /** What it is for, in error messages, e.g. "column delay int16[3000000]". Default: the tag. */
  what?: string;
  /**
   * Called once when the block's memory goes back, however that comes about: dispose, a scope's end, the
   * garbage collector, the pool's end. What it throws is reported as an uncaught error.
   */
  onFree?: (freed: FreedBlock) => void;
  /** Fill with zeros. Otherwise a block holds whatever its memory held before. */
  zeroed?: boolean;
}

/** A block that has gone back. */
export interface FreedBlock {
  /** Row of the block table that it had. */
  id: number;
  /** Bytes as requested. */
  bytes: number;
}

/** Where a block lies now. Valid until the next pool operation or await, because blocks may move. */
export interface Place {
  slab: number;
  /** Bytes from the start of the slab. */
  offset: number;
  /** Bytes, rounded up to GRANULE. */
  size: number;
}

/** A source of slabs. Sizes are bytes. Slab ids are positive and never given twice. */
export interface Memory {
  /** For messages and figures, e.g. "simulated" or the adapter's name. */
  readonly name: string;
  /** The largest slab that can be reserved, a multiple of GRANULE. */
  readonly maxSlab: number;
  /** Reserves a slab. Throws when the memory has no more. */
  reserve(bytes: number): number;
  /** Gives a slab back. Work that still uses it is completed first, or completes unharmed. */
  release(slab: number): void;
  /** Fills a range with zeros, in order with the work on it. */
  clear(slab: number, offset: number, bytes: number): void;
  /**
   * Copies `bytes` bytes (a multiple of 4) from one place to another, in order with the work on them; the
   * ranges may lie in one slab and overlap. Without it blocks don't move.
   */
  move?(from: Place, to: Place, bytes: number): void;
  /** Carries bytes to host memory and back. Without it blocks don't leave the memory. */
  readonly carrier?: Carrier;
}

/**
 * When live blocks move to other places: never; when a request would fail otherwise; also rather than
 * reserve more than the peak needs, for at most 4.5 % of the bytes ever allocated; or, for tests, before
 * every operation.
 */
export const MOVING_MODES = ["never", "need", "pack", "chaos"] as const;
export type MovingMode = (typeof MOVING_MODES)[number];

/** Bytes that were copied out of slabs to host memory, or are on the way. */
export interface HostCopy {
  /** Whether the bytes have arrived, so that view() may be called. */
  readonly ready: boolean;
  /** Resolves when they have arrived. Rejects when they never will: the device was lost. */
  arrived(): Promise<void>;
  /** The bytes, in the order of the places. Not to be used after release(). */
  view(): Uint8Array;
  /** Gives the host memory back. */
  release(): void;
}

/** Carries bytes between slabs and host memory, in order with the work on them. */
export interface Carrier {
  /** Bytes that one copyOut() takes, at most. */
  readonly largest: number;
  /**
   * Copies the first bytes of each place (multiples of 4) to the host, one behind the other. The places
   * may be given to others as soon as this returns.
   */
  copyOut(parts: readonly { place: Place; bytes: number }[]): HostCopy;
  /** Copies bytes to the start of a place; they may be changed as soon as this returns. */
  copyIn(bytes: Uint8Array, place: Place): void;
  /** Resolves when copyIn() of so many bytes finds its memory ready; undefined if that is now. */
  whenReady(bytes: number): Promise<void> | undefined;
}

/** What Pool.compact did, bytes. */
export interface Compacted {
  /** Copied because blocks moved. */
  movedBytes: number;
  /** Of slabs that went back to the memory. */
  givenBack: number;
}

export interface PoolOptions {
  /** Bytes, or text such as "4 GiB". Default: CENOTE_BUDGET, else 1 GiB. */
  budget?: number | string;
  /**
   * One size for all slabs but those of larger requests. By default sizes follow what is live
   * (docs/memory.md, Placement).
   */
  slabBytes?: number;
  /**
   * Without slabBytes: how far beyond the peak of live bytes slabs are reserved before empty ones go
   * back to make room, as a share of the peak. Default 1/32, and 1/256 where blocks move for the sake of
   * packing. More slack, fewer slabs made anew.
   */
  slack?: number;
  /**
   * Without slabBytes: bytes that may be reserved in any case. Slab sizes begin at what suits a peak of
   * this size, and below it no slab is made anew while an empty one of another size is kept. Default 0.
   */
  floor?: number;
  /** When blocks move. Default: CENOTE_MOVE, else "need". */
  moving?: MovingMode;
  /** Milliseconds without an allocation or a free after which what is empty goes back. Default 10,000. */
  idle?: number;
  /** Bytes of empty slabs that are kept for reuse. Default a quarter of the budget. */
  keepEmpty?: number;
  /** Whether a request that fits nowhere runs the garbage collector before it fails. Default true. */
  collect?: boolean;
  /** What blocks that don't fit may take of host memory and disk. Default nothing: they don't leave. */
  tiers?: TierBudgets;
  /** The books to keep; default those of the process. */
  books?: Books;
}

/** Bytes that blocks which don't fit the device may take of host memory, and of the disk. */
export interface TierBudgets {
  host: number;
  disk: number;
}

/**
 * Bytes unless the name says otherwise. All are our own counts: WebGPU tells neither how much memory an
 * adapter has nor how much of it is taken (docs/memory.md, What the figures are).
 */
export interface PoolStats {
  /** In live blocks that lie in slabs, rounded up to GRANULE; and as they were requested. */
  live: number;
  requested: number;
  /** In slabs. */
  reserved: number;
  peakLive: number;
  peakReserved: number;
  /** What the slabs may take together; it was set, or is a default. */
  budget: number;
  /** Budget less live: what could still be allocated if it were in one piece. */
  free: number;
  /** Reserved less live: free inside the slabs that there are. */
  holes: number;
  /** The largest hole inside the slabs that there are. */
  largestFree: number;
  /** 1 − largestFree ÷ holes; 0 when there are no holes. */
  fragmentation: number;
  slabs: number;
  /** Slabs reserved since the beginning, and their bytes: memory that was made anew. */
  slabsMade: number;
  bytesMade: number;
  liveBlocks: number;
  allocations: number;
  frees: number;
  /** Blocks that the garbage collector gave back because nobody disposed them. */
  collected: number;
  /** Ever copied because live blocks moved. */
  moved: number;
  /** Of live blocks whose bytes are in host memory, or on disk, instead of in a slab. */
  spilled: number;
  disk: number;
  /** How often blocks left their slabs, and came back. */
  spills: number;
  fetches: number;
  /** Of buffers that the host fills or reads. Outside the budget. */
  staging: number;
  /** Of what other libraries allocated on a device that countOutside watches. Outside the budget. */
  outside: number;
}

/** Blocks with the same tag, cell and line, and what they hold together. */
export interface Holder {
  tag: string;
  cell: number;
  line: number;
  blocks: number;
  bytes: number;
}

/** What is known of a repeating computation (Pool.iteration). */
export interface PlanInfo {
  name: string;
  /** Iterations that ran to their end. */
  iterations: number;
  /** Of the last of them: its allocations, and how many were served from the plan. */
  allocations: number;
  served: number;
  /** Bytes that the plan's slab takes; 0 while there is no plan. */
  bytes: number;
  /** How long making the plan took. */
  milliseconds: number;
}
