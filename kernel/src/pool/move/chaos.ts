// Moves blocks for no reason, so that tests find whoever relies on a place that it should not: at each safe
// point the blocks of some slabs go to new ones in another order, and their slabs back to the memory.
import { BLOCK_STATE, type Books, COUNTER, GRANULE } from "../../base/index.ts";
import type { Fit } from "../fit.ts";
import type { Ledger } from "../ledger.ts";
import type { Slabs } from "../slabs.ts";
import type { Mover } from "./mover.ts";
import { type Candidate, survey } from "./survey.ts";

/** Slabs moved at one safe point, at most. */
const SLABS = 2;
/** Bytes that may move for each safe point; saved up for larger slabs, so that tests take an end. */
const BYTES = 2 ** 17;
const SAVED = 64 * 2 ** 20;

export class Chaos {
  readonly #ledger: Ledger;
  readonly #books: Books;
  readonly #fit: Fit;
  readonly #slabs: Slabs;
  readonly #mover: Mover;
  /** The slab that came last; slabs made anew have higher numbers, so that each has its turn. */
  #last = 0;
  #saved = SAVED;

  constructor(ledger: Ledger, fit: Fit, slabs: Slabs, mover: Mover) {
    this.#ledger = ledger;
    this.#books = ledger.books;
    this.#fit = fit;
    this.#slabs = slabs;
    this.#mover = mover;
  }

  /** Moves the blocks of the next slabs. After settle(). */
  shake(): void {
    const all = survey(this.#books, this.#fit, 0).candidates.sort((a, b) => a.slab - b.slab);
    const next = all.filter(({ slab }) => slab > this.#last);
    this.#saved = Math.min(SAVED, this.#saved + BYTES);
    for (const candidate of (next.length > 0 ? next : all).slice(0, SLABS)) {
      this.#last = candidate.slab;
      const bytes = candidate.live * GRANULE;
      if (bytes > this.#saved) continue;
      this.#saved -= bytes;
      this.#renew(candidate);
    }
  }

  /** Moves what a slab holds into a new one, last block first; nothing where the budget has no room. */
  #renew({ slab, first, kind, size, live }: Candidate): void {
    const room = this.#ledger.get(COUNTER.budget) - this.#ledger.get(COUNTER.reserved);
    const spare = Math.min(size, live + 1) * GRANULE;
    if (room < spare) return;
    const rows: number[] = [];
    for (let row = first; row !== 0; row = this.#fit.next(row)) {
      if (this.#books.blocks.state[row] !== BLOCK_STATE.none) rows.unshift(row);
    }
    let hole = this.#slabs.reserve(spare, kind).row;
    for (const row of rows) {
      if (hole === 0 || this.#mover.move(row, hole) === 0) return;
      hole = this.#fit.next(row);
    }
    this.#slabs.drop(slab);
  }
}
