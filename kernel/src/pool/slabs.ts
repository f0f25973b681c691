// The slabs of a pool: how large to make them, which are empty, and when empty ones go back.
// A request larger than the ordinary slab gets one of its own size.
import { COUNTER, formatBytes, GRANULE } from "../base/index.ts";
import type { Fit } from "./fit.ts";
import type { Ledger } from "./ledger.ts";
import type { Memory } from "./types.ts";

const SLAB_BYTES = 64 * 2 ** 20;

export interface Growth {
  /** Row of a hole that is large enough, or 0. */
  row: number;
  tried: string[];
  refusal?: unknown;
}

export class Slabs {
  readonly #memory: Memory;
  readonly #ledger: Ledger;
  readonly #fit: Fit;
  readonly #ordinary: number;
  readonly #keepEmpty: number | undefined;
  /** Bytes by slab id. */
  readonly #bytes = new Map<number, number>();
  #emptyBytes = 0;

  constructor(memory: Memory, ledger: Ledger, fit: Fit, slabBytes?: number, keepEmpty?: number) {
    this.#memory = memory;
    this.#ledger = ledger;
    this.#fit = fit;
    const wanted = roundUp(slabBytes ?? SLAB_BYTES);
    this.#ordinary = Math.max(GRANULE, Math.min(wanted, memory.maxSlab));
    this.#keepEmpty = keepEmpty;
  }

  get count(): number {
    return this.#bytes.size;
  }

  /** Granules by slab id. */
  granules(): Map<number, number> {
    return new Map([...this.#bytes].map(([id, bytes]) => [id, bytes / GRANULE]));
  }

  /** Reserves a slab that holds `size` bytes (a multiple of GRANULE), trimming empty ones if it must. */
  grow(size: number): Growth {
    const tried: string[] = [];
    if (this.#room() < size) {
      const trimmed = this.trim(size - this.#room());
      if (trimmed.slabs > 0) tried.push(trimmedText(trimmed));
    }
    if (this.#room() < size) return { row: 0, tried };
    const first = this.#reserve(Math.max(size, Math.min(this.#ordinary, floor(this.#room()))));
    if (first.row !== 0) return { ...first, tried };
    // The memory itself refused: give back what is empty and ask for no more than is needed.
    const trimmed = this.trim(Number.POSITIVE_INFINITY);
    if (trimmed.slabs > 0) tried.push(trimmedText(trimmed));
    tried.push(`asked for a slab of just ${formatBytes(size)}`);
    return { ...this.#reserve(size), tried };
  }

  /** The slab whose one hole is `row` is about to be used. */
  used(row: number): void {
    this.#emptyBytes -= this.#sizeOf(row);
  }

  /** The slab of the hole `row` has become empty; when too much is empty, slabs go back. */
  emptied(row: number): void {
    this.#emptyBytes += this.#sizeOf(row);
    const budget = this.#ledger.get(COUNTER.budget);
    const keep = this.#keepEmpty ?? budget / 4;
    if (this.#emptyBytes > keep) this.trim(this.#emptyBytes - keep);
    if (this.#ledger.get(COUNTER.reserved) > budget) this.fitBudget();
  }

  /** Gives empty slabs back, oldest first, until at least `bytes` are given back or none is left. */
  trim(bytes: number): { slabs: number; bytes: number } {
    let given = 0;
    let slabs = 0;
    if (this.#emptyBytes === 0) return { slabs, bytes: given };
    for (const [slab, row] of [...this.#fit.wholeHoles()].sort((a, b) => a[0] - b[0])) {
      if (given >= bytes) break;
      given += this.#remove(slab, row);
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
    for (const [, row] of this.#fit.wholeHoles()) this.#emptyBytes += this.#sizeOf(row);
  }

  #room(): number {
    return this.#ledger.get(COUNTER.budget) - this.#ledger.get(COUNTER.reserved);
  }

  /** Bytes of the chunk `row`, here always a whole slab. */
  #sizeOf(row: number): number {
    return this.#ledger.books.blocks.size[row]! * GRANULE;
  }

  #reserve(bytes: number): { row: number; refusal?: unknown } {
    let slab: number;
    try {
      slab = this.#memory.reserve(bytes);
    } catch (refusal) {
      return { row: 0, refusal };
    }
    const row = this.#fit.addSlab(slab, bytes / GRANULE);
    if (row === 0) {
      this.#memory.release(slab);
      return { row: 0, refusal: "the block table is full (262143 blocks and holes)" };
    }
    this.#bytes.set(slab, bytes);
    this.#emptyBytes += bytes;
    this.#ledger.slabNew(slab, bytes);
    return { row };
  }

  #remove(slab: number, row: number): number {
    const bytes = this.#bytes.get(slab)!;
    this.#fit.removeSlab(row);
    this.#emptyBytes -= bytes;
    this.#bytes.delete(slab);
    this.#ledger.slabFree(slab, bytes);
    this.#memory.release(slab);
    return bytes;
  }
}

const roundUp = (bytes: number) => Math.ceil(bytes / GRANULE) * GRANULE;
const floor = (bytes: number) => Math.floor(bytes / GRANULE) * GRANULE;

function trimmedText(trimmed: { slabs: number; bytes: number }): string {
  const noun = trimmed.slabs === 1 ? "empty slab" : "empty slabs";
  return `trimmed ${trimmed.slabs} ${noun} (${formatBytes(trimmed.bytes)})`;
}
