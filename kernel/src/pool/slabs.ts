// The slabs of a pool: reserves them, knows which are empty, and gives empty ones back. How large they
// are and what they serve is slab-policy.ts's.
import { COUNTER, formatBytes, GRANULE } from "../base/index.ts";
import { KIND } from "./chunks.ts";
import type { Fit } from "./fit.ts";
import type { Ledger } from "./ledger.ts";
import { RowList } from "./row-list.ts";
import type { SlabPolicy } from "./slab-policy.ts";
import type { Memory } from "./types.ts";

export interface Growth {
  /** Row of a hole that is large enough, or 0. */
  row: number;
  tried: string[];
  refusal?: unknown;
}

interface Slab {
  bytes: number;
  kind: number;
}

export class Slabs {
  readonly #memory: Memory;
  readonly #ledger: Ledger;
  readonly #fit: Fit;
  readonly #policy: SlabPolicy;
  readonly #keepEmpty: number | undefined;
  readonly #slabs = new Map<number, Slab>();
  /** Rows of the empty slabs, longest empty first. */
  readonly #empty = new RowList();
  #emptyBytes = 0;
  readonly #disowned = new Set<number>();
  /** Called when a slab is made or becomes empty. */
  onSpare: () => void = () => {};
  /** Slabs reserved since the beginning, and their bytes. */
  readonly made = { slabs: 0, bytes: 0 };

  constructor(memory: Memory, ledger: Ledger, fit: Fit, policy: SlabPolicy, keepEmpty?: number) {
    this.#memory = memory;
    this.#ledger = ledger;
    this.#fit = fit;
    this.#policy = policy;
    this.#keepEmpty = keepEmpty;
  }

  get count(): number {
    return this.#slabs.size;
  }

  has(slab: number): boolean {
    return this.#slabs.has(slab);
  }

  /** Every slab by id. */
  layout(): Map<number, { granules: number; kind: number }> {
    return new Map(
      [...this.#slabs].map(([id, { bytes, kind }]) => [id, { granules: bytes / GRANULE, kind }]),
    );
  }

  /** Reserves a slab of this kind that holds `size` bytes (a multiple of GRANULE), trimming empty ones if it must. */
  grow(size: number, kind: number): Growth {
    const tried: string[] = [];
    const left = this.makeWay(size) - this.#ledger.get(COUNTER.reserved);
    const suits = kind === KIND.planned ? size : floor(this.#policy.slabFor(size, kind, left));
    const wanted = Math.min(suits, this.#memory.maxSlab);
    if (this.#room() < size) {
      const trimmed = this.trim(size - this.#room());
      if (trimmed.slabs > 0) tried.push(trimmedText(trimmed));
    }
    if (this.#room() < size || size > this.#memory.maxSlab) return { row: 0, tried };
    const first = this.reserve(Math.max(size, Math.min(wanted, floor(this.#room()))), kind);
    if (first.row !== 0) return { ...first, tried };
    // The memory itself refused: give back what is empty and ask for no more than is needed.
    const trimmed = this.trim(Number.POSITIVE_INFINITY);
    if (trimmed.slabs > 0) tried.push(trimmedText(trimmed));
    tried.push(`asked for a slab of just ${formatBytes(size)}`);
    return { ...this.reserve(size, kind), tried };
  }

  /** The slab whose one hole is `row` is about to be used. */
  used(row: number): void {
    this.#empty.remove(row);
    this.#emptyBytes -= this.#sizeOf(row);
  }

  /** The slab of the hole `row` has become empty; when too much is empty, slabs go back. */
  emptied(row: number): void {
    const ledger = this.#ledger;
    this.onSpare();
    this.#empty.add(row);
    this.#emptyBytes += this.#sizeOf(row);
    if (this.#disowned.has(ledger.books.blocks.slab[row]!)) {
      this.#remove(row);
      return;
    }
    const budget = ledger.get(COUNTER.budget);
    const keep = this.#keepEmpty ?? budget / 4;
    if (this.#emptyBytes > keep) this.trim(this.#emptyBytes - keep);
    if (ledger.get(COUNTER.reserved) > budget) this.fitBudget();
  }

  /** Gives the slab back as soon as it is empty: nobody will use it any more. */
  disown(slab: number): void {
    if (!this.#slabs.has(slab)) return;
    this.#disowned.add(slab);
    this.drop(slab);
  }

  /** Gives the slab back if it is empty. */
  drop(slab: number): void {
    const { blocks } = this.#ledger.books;
    for (let row = this.#empty.oldest; row !== 0; row = this.#empty.newer(row)) {
      if (blocks.slab[row] !== slab) continue;
      this.#remove(row);
      return;
    }
  }

  /**
   * Gives empty slabs back where `size` bytes more would be beyond what the peak needs, so that slabs of other
   * sizes make way. Returns the bytes that the peak needs.
   */
  makeWay(size: number): number {
    const peak = this.#peakWith(size);
    this.#policy.learn(peak);
    const allowance = this.#policy.allowance(peak);
    this.trim(this.#ledger.get(COUNTER.reserved) + size - allowance);
    return allowance;
  }

  /** Gives empty slabs back, longest empty first, until at least `bytes` are given back or none is left. */
  trim(bytes: number): { slabs: number; bytes: number } {
    let given = 0;
    let slabs = 0;
    while (given < bytes && this.#empty.oldest !== 0) {
      given += this.#remove(this.#empty.oldest);
      slabs++;
    }
    return { slabs, bytes: given };
  }

  /** Gives empty slabs back while more is reserved than the budget allows. */
  fitBudget(): void {
    if (this.#room() < 0) this.trim(-this.#room());
  }

  /** Counts the empty slabs again after the allocator was rebuilt. */
  recount(): void {
    this.#emptyBytes = 0;
    this.#empty.clear();
    for (const row of this.#fit.emptySlabs()) {
      this.#empty.add(row);
      this.#emptyBytes += this.#sizeOf(row);
    }
  }

  /** The most bytes that were ever live, or will be when `size` more are. */
  #peakWith(size: number): number {
    const live = this.#ledger.get(COUNTER.live);
    return Math.max(this.#ledger.get(COUNTER.peakLive), live + size);
  }

  #room(): number {
    return this.#ledger.get(COUNTER.budget) - this.#ledger.get(COUNTER.reserved);
  }

  /** Bytes of the chunk `row`, here always a whole slab. */
  #sizeOf(row: number): number {
    return this.#ledger.books.blocks.size[row]! * GRANULE;
  }

  /** Reserves a slab of just `bytes` bytes, as one hole. */
  reserve(bytes: number, kind: number): { row: number; refusal?: unknown } {
    let slab: number;
    try {
      slab = this.#memory.reserve(bytes);
    } catch (refusal) {
      return { row: 0, refusal };
    }
    const row = this.#fit.addSlab(slab, bytes / GRANULE, kind);
    if (row === 0) {
      this.#memory.release(slab);
      return { row: 0, refusal: "the block table is full (262143 blocks and holes)" };
    }
    this.#slabs.set(slab, { bytes, kind });
    this.made.slabs++;
    this.made.bytes += bytes;
    this.onSpare();
    this.#emptyBytes += bytes;
    this.#empty.add(row);
    this.#ledger.slabNew(slab, bytes);
    return { row };
  }

  #remove(row: number): number {
    const slab = this.#ledger.books.blocks.slab[row]!;
    const { bytes } = this.#slabs.get(slab)!;
    this.#empty.remove(row);
    this.#fit.removeSlab(row);
    this.#emptyBytes -= bytes;
    this.#slabs.delete(slab);
    this.#disowned.delete(slab);
    this.#ledger.slabFree(slab, bytes);
    this.#memory.release(slab);
    return bytes;
  }
}

const floor = (bytes: number) => Math.floor(bytes / GRANULE) * GRANULE;

function trimmedText(trimmed: { slabs: number; bytes: number }): string {
  const noun = trimmed.slabs === 1 ? "empty slab" : "empty slabs";
  return `trimmed ${trimmed.slabs} ${noun} (${formatBytes(trimmed.bytes)})`;
}
