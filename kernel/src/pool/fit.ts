// Places chunks inside slabs, with immediate coalescing, all of it in typed arrays. It knows rows, slabs
// and granules, and leaves the choice of slabs to slabs.ts, counters and events to ledger.ts.
//
// Every chunk, live or free, is a row of the books' block table (`slab`, `offset`, `size`); free chunks
// have state "none". Beside the table lie private links: the chunk before and after it in its slab.
// Row 0 means "none". A hole keeps its row while blocks are cut from its start and given back to it, so
// that most operations change only its offset and size. The chunk given back last, if it is small, is not
// joined with its neighbours until another is, or somebody looks: the next request often is for its size.
import { BLOCK_CAPACITY, BLOCK_STATE, type Books, CONTROL } from "../base/index.ts";
import { Bins } from "./bins.ts";

/** What a slab is for; holes of different kinds are kept apart (slabs.ts says why). */
export const KIND = {
  /** Many small blocks. */
  small: 0,
  /** Blocks of middling size. */
  shared: 1,
  /** One block that is large for this pool. */
  own: 2,
  /** The memory of a plan, cut at planned offsets only; its holes are in no bin. */
  planned: 3,
} as const;

/** Chunks of up to this many granules may wait to be joined; larger holes matter too much (256 KiB). */
const HELD_AT_MOST = 1024;
/** An own slab serves requests of at least 7/8 of its size. */
const OWN_WASTE = 8 / 7;

export class Fit {
  readonly #slab: Uint32Array;
  readonly #offset: Uint32Array;
  readonly #size: Uint32Array;
  readonly #state: Uint32Array;
  readonly #control: Uint32Array;
  readonly #before = new Uint32Array(BLOCK_CAPACITY);
  readonly #after = new Uint32Array(BLOCK_CAPACITY);
  readonly #kind = new Uint8Array(BLOCK_CAPACITY);
  readonly #bins: Bins;
  readonly #isWhole = (row: number) => this.isWhole(row);
  /** The chunk given back last, if it is still in one piece and in no bin; or 0. */
  #last = 0;
  /** First of the dropped rows, which are joined by #after. */
  #spareRow = 0;

  constructor(books: Books) {
    this.#slab = books.blocks.slab;
    this.#offset = books.blocks.offset;
    this.#size = books.blocks.size;
    this.#state = books.blocks.state;
    this.#control = books.control;
    this.#bins = new Bins(books);
    if (this.#control[CONTROL.blockRows] === 0) this.#control[CONTROL.blockRows] = 1;
  }

  /** Adds a slab as one hole; returns its row, or 0 when the table is full. */
  addSlab(slab: number, granules: number, kind: number): number {
    const row = this.#newRow();
    if (row === 0) return 0;
    this.#slab[row] = slab;
    this.#offset[row] = 0;
    this.#size[row] = granules;
    this.#before[row] = 0;
    this.#after[row] = 0;
    this.#kind[row] = kind;
    this.#link(row);
    return row;
  }

  /** Removes a slab that is one hole, `row`. */
  removeSlab(row: number): void {
    this.#unlink(row, this.#size[row]!);
    this.#dropRow(row);
  }

  /** Whether `row` is a whole slab. */
  isWhole(row: number): boolean {
    return this.#before[row] === 0 && this.#after[row] === 0;
  }

  kindOf(row: number): number {
    return this.#kind[row]!;
  }

  /** The hole of this kind that `granules` would be cut from, or 0. */
  find(granules: number, kind: number): number {
    const last = this.#last;
    if (last !== 0 && this.#size[last] === granules && this.#kind[last] === kind) return last;
    if (kind !== KIND.own) return this.#bins.find(granules, kind);
    return this.#bins.findClose(granules, Math.floor(granules * OWN_WASTE), kind, this.#isWhole);
  }

  /** The smallest hole of any kind that holds `granules`, for when nothing else is left; or 0. */
  findAny(granules: number): number {
    let best = 0;
    for (const kind of [KIND.small, KIND.shared, KIND.own]) {
      const row = this.#bins.find(granules, kind);
      if (row !== 0 && (best === 0 || this.#size[row]! < this.#size[best]!)) best = row;
    }
    return best;
  }

  /** Cuts `granules` from the start of the hole `hole`; returns the chunk's row. */
  cut(hole: number, granules: number): number {
    if (hole === this.#last) {
      this.#last = 0;
      return hole;
    }
    const size = this.#size[hole]!;
    const row = size === granules ? 0 : this.#newRow();
    if (row === 0) {
      // A whole hole, or the table is full and the chunk keeps the rest.
      this.#unlink(hole, size);
      return hole;
    }
    const offset = this.#offset[hole]!;
    this.#slab[row] = this.#slab[hole]!;
    this.#offset[row] = offset;
    this.#size[row] = granules;
    this.#kind[row] = this.#kind[hole]!;
    this.#offset[hole] = offset + granules;
    this.#size[hole] = size - granules;
    this.#insertBefore(row, hole);
    this.#resized(hole, size);
    return row;
  }

  /**
   * Cuts `granules` at `offset` out of a hole of a planned slab; returns the chunk's row, or 0 when the
   * table is full.
   */
  carve(hole: number, offset: number, granules: number): number {
    const left = offset - this.#offset[hole]!;
    if (left === 0) return this.cut(hole, granules);
    const rest = this.#newRow();
    if (rest === 0) return 0;
    const after = this.#after[hole]!;
    this.#slab[rest] = this.#slab[hole]!;
    this.#kind[rest] = this.#kind[hole]!;
    this.#offset[rest] = offset;
    this.#size[rest] = this.#size[hole]! - left;
    this.#size[hole] = left;
    this.#before[rest] = hole;
    this.#after[rest] = after;
    this.#after[hole] = rest;
    if (after !== 0) this.#before[after] = rest;
    return this.cut(rest, granules);
  }

  /**
   * Takes back the chunk `row` (state "none" by now), after settle(). Returns the row of the hole that it
   * became, or 0 when it is not joined yet.
   */
  give(row: number): number {
    const held = this.#size[row]! <= HELD_AT_MOST && this.#kind[row] !== KIND.planned;
    if (!held || this.isWhole(row)) return this.#join(row);
    this.#last = row;
    return 0;
  }

  /**
   * Joins the chunk given back last with the holes beside it; returns the hole's row, or 0 if there is none.
   * To be called before another chunk becomes free: a free chunk beside it would be taken for a hole.
   */
  settle(): number {
    const row = this.#last;
    if (row === 0) return 0;
    this.#last = 0;
    return this.#join(row);
  }

  #join(row: number): number {
    const after = this.#after[row]!;
    const before = this.#before[row]!;
    const joinsAfter = after !== 0 && this.#state[after] === BLOCK_STATE.none;
    if (before !== 0 && this.#state[before] === BLOCK_STATE.none) {
      const size = this.#size[before]!;
      if (joinsAfter) {
        this.#unlink(after, this.#size[after]!);
        this.#absorb(row, after);
      }
      this.#absorb(before, row);
      this.#resized(before, size);
      return before;
    }
    if (!joinsAfter) {
      this.#link(row);
      return row;
    }
    const size = this.#size[after]!;
    this.#offset[after] = this.#offset[row]!;
    this.#size[after] = size + this.#size[row]!;
    this.#before[after] = before;
    if (before !== 0) this.#after[before] = after;
    this.#dropRow(row);
    this.#resized(after, size);
    return after;
  }

  /** The chunk after `row` in its slab, or 0. */
  next(row: number): number {
    return this.#after[row]!;
  }

  /** Granules of the largest hole, or within 1/32 of it. */
  nearLargest(): number {
    return this.#bins.nearLargest();
  }

  /** Granules of the largest hole. */
  largest(): number {
    return this.#bins.largest();
  }

  /** Row of every slab that is one hole; looks through the whole table. */
  *emptySlabs(): Generator<number> {
    for (let row = 1; row < this.#control[CONTROL.blockRows]!; row++) {
      const hole = this.#size[row] !== 0 && this.#state[row] === BLOCK_STATE.none;
      if (hole && this.isWhole(row)) yield row;
    }
  }

  /** Makes links and bins anew from the live rows of the table and these slabs. */
  rebuild(slabs: ReadonlyMap<number, { granules: number; kind: number }>): void {
    this.#before.fill(0);
    this.#after.fill(0);
    this.#bins.clear();
    this.#last = 0;
    this.#spareRow = 0;
    const live: number[] = [];
    for (let row = this.#control[CONTROL.blockRows]! - 1; row > 0; row--) {
      if (this.#state[row] !== BLOCK_STATE.none && slabs.has(this.#slab[row]!)) live.push(row);
      else this.#dropRow(row);
    }
    live.sort((a, b) => this.#slab[a]! - this.#slab[b]! || this.#offset[a]! - this.#offset[b]!);
    let at = 0;
    for (const [slab, { granules, kind }] of [...slabs].sort((a, b) => a[0] - b[0])) {
      const from = at;
      while (at < live.length && this.#slab[live[at]!] === slab) at++;
      this.#rebuildSlab(slab, granules, kind, live.slice(from, at));
    }
  }

  #rebuildSlab(slab: number, granules: number, kind: number, live: number[]): void {
    let last = 0;
    let end = 0;
    const append = (row: number) => {
      this.#kind[row] = kind;
      this.#before[row] = last;
      this.#after[row] = 0;
      if (last !== 0) this.#after[last] = row;
      last = row;
    };
    const hole = (upTo: number) => {
      const row = upTo > end ? this.#newRow() : 0;
      if (row === 0) return;
      this.#slab[row] = slab;
      this.#offset[row] = end;
      this.#size[row] = upTo - end;
      append(row);
      this.#link(row);
    };
    for (const row of live) {
      hole(this.#offset[row]!);
      append(row);
      end = this.#offset[row]! + this.#size[row]!;
    }
    hole(granules);
  }

  #link(row: number): void {
    const kind = this.#kind[row]!;
    if (kind !== KIND.planned) this.#bins.link(row, kind);
  }

  #unlink(row: number, size: number): void {
    const kind = this.#kind[row]!;
    if (kind !== KIND.planned) this.#bins.unlink(row, kind, size);
  }

  #resized(row: number, before: number): void {
    const kind = this.#kind[row]!;
    if (kind !== KIND.planned) this.#bins.resized(row, kind, before);
  }

  #insertBefore(row: number, hole: number): void {
    const before = this.#before[hole]!;
    this.#before[row] = before;
    this.#after[row] = hole;
    this.#before[hole] = row;
    if (before !== 0) this.#after[before] = row;
  }

  /** Joins the chunk `second`, which follows `first`, to it. */
  #absorb(first: number, second: number): void {
    const after = this.#after[second]!;
    this.#size[first]! += this.#size[second]!;
    this.#after[first] = after;
    if (after !== 0) this.#before[after] = first;
    this.#dropRow(second);
  }

  #newRow(): number {
    const spare = this.#spareRow;
    if (spare !== 0) {
      this.#spareRow = this.#after[spare]!;
      return spare;
    }
    const row = this.#control[CONTROL.blockRows]!;
    if (row >= BLOCK_CAPACITY) return 0;
    this.#control[CONTROL.blockRows] = row + 1;
    return row;
  }

  #dropRow(row: number): void {
    this.#size[row] = 0;
    this.#slab[row] = 0;
    this.#after[row] = this.#spareRow;
    this.#spareRow = row;
  }
}
