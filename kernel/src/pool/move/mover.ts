// Moves live blocks: the one place where a block's bytes are copied and its place in the books changes.
// What is worth moving, and when, is packing.ts's and moving.ts's.
import { type Books, GRANULE } from "../../base/index.ts";
import type { Fit } from "../fit.ts";
import type { Ledger } from "../ledger.ts";
import type { Slabs } from "../slabs.ts";
import type { Memory, Place } from "../types.ts";

export class Mover {
  readonly #memory: Memory;
  readonly #ledger: Ledger;
  readonly #books: Books;
  readonly #fit: Fit;
  readonly #slabs: Slabs;

  constructor(memory: Memory, ledger: Ledger, fit: Fit, slabs: Slabs) {
    this.#memory = memory;
    this.#ledger = ledger;
    this.#books = ledger.books;
    this.#fit = fit;
    this.#slabs = slabs;
  }

  /**
   * Moves the live block `row` to the start of `hole`, which is large enough and lies in another slab. Returns
   * the row of the hole that it left, or 0 when the block table is full and nothing was done.
   */
  move(row: number, hole: number): number {
    const bytes = this.#copy(row, hole);
    const whole = this.#fit.isWhole(hole);
    if (whole) this.#slabs.used(hole);
    const left = this.#fit.move(row, hole);
    if (left === 0) {
      if (whole) this.#slabs.emptied(hole);
      return 0;
    }
    this.#ledger.blockMoved(row, bytes);
    if (this.#fit.isWhole(left)) this.#slabs.emptied(left);
    return left;
  }

  /** Moves the live block `row` down over the hole before it; returns the row of the hole after it. */
  slide(row: number): number {
    const bytes = this.#copy(row, this.#fit.previous(row));
    const hole = this.#fit.slide(row);
    this.#ledger.blockMoved(row, bytes);
    return hole;
  }

  /** Copies what the block holds to the start of `hole`, before the books change: the memory may refuse. */
  #copy(row: number, hole: number): number {
    const bytes = Math.ceil(this.#ledger.requested(row) / 4) * 4;
    if (bytes > 0) this.#memory.move!(this.#place(row), this.#place(hole), bytes);
    return bytes;
  }

  #place(row: number): Place {
    const { slab, offset, size } = this.#books.blocks;
    return { slab: slab[row]!, offset: offset[row]! * GRANULE, size: size[row]! * GRANULE };
  }
}
