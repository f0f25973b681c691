// Decides which blocks move so that room comes about: those of the slabs that hold least, into holes of
// other slabs, so that the emptied ones go back; or those of a window in a slab that is large enough.
import { BLOCK_STATE, type Books, COUNTER, GRANULE } from "../../base/index.ts";
import type { Fit } from "../fit.ts";
import type { Ledger } from "../ledger.ts";
import type { Slabs } from "../slabs.ts";
import type { Mover } from "./mover.ts";
import { type Candidate, survey, type Window } from "./survey.ts";

/** How far moving may go. */
export interface Limits {
  /** Bytes that may be reserved, before and after. */
  ceiling: number;
  /** Bytes that may be copied. */
  credit: number;
  /** The most that a slab may hold that is emptied, as a share of its size. */
  fullest: number;
}

const PASSES = 3;

export class Packing {
  readonly #ledger: Ledger;
  readonly #books: Books;
  readonly #fit: Fit;
  readonly #slabs: Slabs;
  readonly #mover: Mover;
  /** What the counter of moved bytes may reach. */
  #end = 0;

  constructor(ledger: Ledger, fit: Fit, slabs: Slabs, mover: Mover) {
    this.#ledger = ledger;
    this.#books = ledger.books;
    this.#fit = fit;
    this.#slabs = slabs;
    this.#mover = mover;
  }

  /**
   * Moves blocks so that `granules` more fit below the ceiling. Returns the row of a hole that was made for
   * them, or 0; then slabs may have gone back, so that there is room for a new one.
   */
  makeRoom(granules: number, limits: Limits): number {
    const { window, candidates } = survey(this.#books, this.#fit, granules);
    const wanted = this.#reserved + granules * GRANULE - limits.ceiling;
    this.#end = this.#moved + limits.credit;
    const cheap = window !== undefined && window.live <= costOf(candidates, wanted);
    const hole = cheap ? this.#clear(window, granules, limits) : 0;
    if (hole !== 0 || this.#empty(wanted, limits) >= wanted) return hole;
    const after = survey(this.#books, this.#fit, granules);
    return (
      this.#clear(after.window, granules, limits) || this.#slide(after.slide, granules, limits)
    );
  }

  /** Empties slabs until `bytes` bytes have gone back to the memory, as far as can be; returns the bytes. */
  giveBack(bytes: number, limits: Limits): number {
    this.#end = this.#moved + limits.credit;
    return this.#empty(bytes, limits);
  }

  #empty(bytes: number, limits: Limits): number {
    const before = this.#reserved;
    for (let pass = 0, progress = true; pass < PASSES && progress; pass++) {
      progress = false;
      for (const candidate of survey(this.#books, this.#fit, 0).candidates) {
        if (before - this.#reserved >= bytes) break;
        if (candidate.live > candidate.size * limits.fullest) break;
        if (!this.#mayMove(candidate.live)) continue;
        if (this.#evacuate(candidate, limits.ceiling)) progress = true;
      }
    }
    return before - this.#reserved;
  }

  /** Empties a slab and gives it back; false when its blocks don't fit elsewhere. */
  #evacuate({ slab, first, kind, size }: Candidate, ceiling: number): boolean {
    if (!this.#slabs.has(slab) || this.#books.blocks.slab[first] !== slab) return false; // it went back meanwhile
    // A new slab as large as this one would gain nothing.
    const most = Math.min(ceiling - this.#reserved, (size - 1) * GRANULE);
    const { done } = this.#moveOut(first, 0, kind, most);
    if (done) this.#slabs.drop(slab);
    return done;
  }

  /** Makes the window one hole; returns its row, or 0 when its blocks don't fit elsewhere. */
  #clear(window: Window | undefined, granules: number, limits: Limits): number {
    if (window === undefined || !this.#mayMove(window.live)) return 0;
    if (window.live > granules * limits.fullest) return 0;
    const { first, last, kind } = window;
    const most = Math.min(limits.ceiling - this.#reserved, (granules - 1) * GRANULE);
    const { done, hole } = this.#moveOut(first, last, kind, most);
    return done ? hole : 0;
  }

  /** Slides the blocks of the window together; returns the row of the hole that grows, or 0. */
  #slide(window: Window | undefined, granules: number, limits: Limits): number {
    if (window === undefined || !this.#mayMove(window.live)) return 0;
    if (window.live > granules * limits.fullest) return 0;
    let hole = window.first;
    while (this.#sizes[hole]! < granules) hole = this.#mover.slide(this.#fit.next(hole));
    return hole;
  }

  /**
   * Moves the live chunks from `first` to `last` (0: to the end) to other slabs: into holes, and those that don't
   * fit into a new slab of at most `most` bytes. `hole`: the row of the hole that the last of them left.
   */
  #moveOut(
    first: number,
    last: number,
    kind: number,
    most: number,
  ): { done: boolean; hole: number } {
    const rows = this.#liveRows(first, last);
    const slab = this.#books.blocks.slab[first]!;
    this.#fit.seal(first);
    let hole = first;
    const move = (row: number, to: number) => {
      const left = this.#mover.move(row, to);
      if (left !== 0) hole = left;
      return left !== 0;
    };
    const done = this.#place(rows, kind, most / GRANULE, move);
    if (this.#slabs.has(slab)) this.#fit.unseal(hole, kind);
    return { done, hole: this.#slabs.has(slab) ? hole : 0 };
  }

  /**
   * Finds places for the rows, in a new slab of at most `most` granules where there is no hole, and moves them
   * there; false when some have stayed.
   */
  #place(
    rows: number[],
    kind: number,
    most: number,
    move: (row: number, to: number) => boolean,
  ): boolean {
    const sizes = this.#sizes;
    const sum = (of: readonly number[]) => of.reduce((all, row) => all + sizes[row]!, 0);
    const homeless = rows.filter((row) => this.#fit.findAny(sizes[row]!) === 0);
    if (homeless.length > 0 && sum(homeless) > most) return false;
    const rest = rows.filter((row) => {
      const hole = this.#fit.findAny(sizes[row]!);
      return hole === 0 || !move(row, hole);
    });
    if (rest.length === 0) return true;
    if (sum(rest) > most) return false;
    let to = this.#slabs.reserve(sum(rest) * GRANULE, kind).row;
    for (const row of rest) {
      if (to === 0 || !move(row, to)) return false;
      to = this.#fit.next(row);
    }
    return true;
  }

  /** The live chunks from `first` to `last` (0: to the end), the largest first. */
  #liveRows(first: number, last: number): number[] {
    const { state } = this.#books.blocks;
    const rows: number[] = [];
    const end = last === 0 ? 0 : this.#fit.next(last);
    for (let row = first; row !== end; row = this.#fit.next(row)) {
      if (state[row] !== BLOCK_STATE.none) rows.push(row);
    }
    return rows.sort((a, b) => this.#sizes[b]! - this.#sizes[a]!);
  }

  #mayMove(granules: number): boolean {
    return this.#moved + granules * GRANULE <= this.#end;
  }

  get #sizes(): Uint32Array {
    return this.#books.blocks.size;
  }

  get #reserved(): number {
    return this.#ledger.get(COUNTER.reserved);
  }

  get #moved(): number {
    return this.#ledger.get(COUNTER.movedBytes);
  }
}

/** Granules to be moved so that slabs of `bytes` bytes are empty; infinite where there are not so many. */
function costOf(candidates: readonly Candidate[], bytes: number): number {
  let cost = 0;
  let left = bytes / GRANULE;
  for (const { size, live } of candidates) {
    if (left <= 0) break;
    cost += live;
    left -= size;
  }
  return left <= 0 ? cost : Number.POSITIVE_INFINITY;
}
