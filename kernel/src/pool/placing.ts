// Places chunks inside slabs, with immediate coalescing, all of it in typed arrays. It knows rows, slabs
// and granules, and leaves the choice of slabs to slabs.ts, counters and events to ledger.ts, and the lists
// of chunks to chunks.ts.
//
// A hole keeps its row while blocks are cut from its start and given back to it, so that most operations
// change only its offset and size. The chunk given back last, if it is small, is not joined with its
// neighbours until another is, or somebody looks: the next request often is for its size.
import { BLOCK_STATE, type Books } from "../base/index.ts";
import { Bins } from "./bins.ts";
import { Chunks, KIND } from "./chunks.ts";

/** Chunks of up to this many granules may wait to be joined; larger holes matter too much (256 KiB). */
const HELD_AT_MOST = 1024;
/** An own slab serves requests of at least 7/8 of its size. */
const OWN_WASTE = 8 / 7;

export class Placing {
  protected readonly chunks: Chunks;
  readonly #slab: Uint32Array;
  readonly #offset: Uint32Array;
  readonly #size: Uint32Array;
  readonly #state: Uint32Array;
  readonly #before: Uint32Array;
  readonly #after: Uint32Array;
  readonly #kind: Uint8Array;
  readonly #bins: Bins;
  readonly #isWhole = (row: number) => this.isWhole(row);
  /** The chunk given back last, if it is still in one piece and in no bin; or 0. */
  #last = 0;

  constructor(books: Books) {
    const chunks = new Chunks(books);
    this.chunks = chunks;
    this.#slab = chunks.slab;
    this.#offset = chunks.offset;
    this.#size = chunks.size;
    this.#state = chunks.state;
    this.#before = chunks.before;
    this.#after = chunks.after;
    this.#kind = chunks.kind;
    this.#bins = new Bins(books);
  }

  /** Adds a slab as one hole; returns its row, or 0 when the table is full. */
  addSlab(slab: number, granules: number, kind: number): number {
    const row = this.chunks.newRow();
    if (row === 0) return 0;
    this.#slab[row] = slab;
    this.#offset[row] = 0;
    this.#size[row] = granules;
    this.#before[row] = 0;
    this.#after[row] = 0;
    this.#kind[row] = kind;
    this.link(row);
    return row;
  }

  /** Removes a slab that is one hole, `row`. */
  removeSlab(row: number): void {
    this.unlink(row, this.#size[row]!);
    this.chunks.dropRow(row);
  }

  /** Whether `row` is a whole slab. */
  isWhole(row: number): boolean {
    return this.#before[row] === 0 && this.#after[row] === 0;
  }

  kindOf(row: number): number {
    return this.#kind[row]!;
  }

  /** Takes the chunk given back last, if it has just this size and kind; returns its row, or 0. */
  takeLast(granules: number, kind: number): number {
    const last = this.#last;
    if (last === 0 || this.#size[last] !== granules || this.#kind[last] !== kind) return 0;
    this.#last = 0;
    return last;
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
    const row = size === granules ? 0 : this.chunks.newRow();
    if (row === 0) {
      // A whole hole, or the table is full and the chunk keeps the rest.
      this.unlink(hole, size);
      return hole;
    }
    this.#size[row] = granules;
    this.cutInto(row, hole);
    return row;
  }

  /**
   * Cuts `granules` at `offset` out of a hole of a planned slab; returns the chunk's row, or 0 when the
   * table is full.
   */
  carve(hole: number, offset: number, granules: number): number {
    const left = offset - this.#offset[hole]!;
    if (left === 0) return this.cut(hole, granules);
    const rest = this.chunks.newRow();
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
    if (!held || this.isWhole(row)) return this.join(row);
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
    return this.join(row);
  }

  /** The row `row`, whose size is set, takes the start of the larger hole `hole`. */
  protected cutInto(row: number, hole: number): void {
    const size = this.#size[hole]!;
    const offset = this.#offset[hole]!;
    const granules = this.#size[row]!;
    this.#slab[row] = this.#slab[hole]!;
    this.#offset[row] = offset;
    this.#kind[row] = this.#kind[hole]!;
    this.#offset[hole] = offset + granules;
    this.#size[hole] = size - granules;
    this.chunks.insertBefore(row, hole);
    this.resized(hole, size);
  }

  protected join(row: number): number {
    const after = this.#after[row]!;
    const before = this.#before[row]!;
    const joinsAfter = after !== 0 && this.#state[after] === BLOCK_STATE.none;
    if (before !== 0 && this.#state[before] === BLOCK_STATE.none) {
      const size = this.#size[before]!;
      if (joinsAfter) {
        this.unlink(after, this.#size[after]!);
        this.chunks.absorb(row, after);
      }
      this.chunks.absorb(before, row);
      this.resized(before, size);
      return before;
    }
    if (!joinsAfter) {
      this.link(row);
      return row;
    }
    const size = this.#size[after]!;
    this.#offset[after] = this.#offset[row]!;
    this.#size[after] = size + this.#size[row]!;
    this.#before[after] = before;
    if (before !== 0) this.#after[before] = after;
    this.chunks.dropRow(row);
    this.resized(after, size);
    return after;
  }

  /** The chunk after `row` in its slab, or 0. */
  next(row: number): number {
    return this.#after[row]!;
  }

  /** Whether nearLargest() may give another figure than the last time. */
  get largestChanged(): boolean {
    return this.#bins.largestChanged;
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
    for (const row of this.chunks.holes()) if (this.isWhole(row)) yield row;
  }

  /** Makes links and bins anew from the live rows of the table and these slabs; spilled rows stay. */
  rebuild(slabs: ReadonlyMap<number, { granules: number; kind: number }>): void {
    this.#bins.clear();
    this.#last = 0;
    const live = this.chunks.reset(slabs);
    let at = 0;
    for (const [slab, { granules, kind }] of [...slabs].sort((a, b) => a[0] - b[0])) {
      const from = at;
      while (at < live.length && this.#slab[live[at]!] === slab) at++;
      const rows = live.slice(from, at);
      this.chunks.relink(slab, granules, kind, rows, (row) => this.link(row));
    }
  }

  protected link(row: number): void {
    const kind = this.#kind[row]!;
    if (kind !== KIND.planned) this.#bins.link(row, kind);
  }

  protected unlink(row: number, size: number): void {
    const kind = this.#kind[row]!;
    if (kind !== KIND.planned) this.#bins.unlink(row, kind, size);
  }

  protected resized(row: number, before: number): void {
    const kind = this.#kind[row]!;
    if (kind !== KIND.planned) this.#bins.resized(row, kind, before);
  }
}
