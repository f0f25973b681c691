// Places chunks inside slabs: a segregated best fit with immediate coalescing, all of it in typed
// arrays. It knows rows, slabs and granules, and leaves counters, events and handles to pool.ts.
//
// Every chunk, live or free, is a row of the books' block table (`slab`, `offset`, `size`); free chunks
// have state "none". Beside the table lie private links: the chunk before and after it in its slab,
// and for free chunks the list of its bin. Row 0 means "none". Holes are binned by size: below 32
// granules one bin a size, above that 32 bins for each power of two, found through two levels of
// bitmaps (Masmano et al., "TLSF", ECRTS 2004, section 3).
import { BLOCK_CAPACITY, BLOCK_STATE, type Books, CONTROL } from "../base/index.ts";

const BINS = 28 * 32;
/** Holes looked at in one bin before the best of them is taken. */
const SCAN = 16;

function binOf(granules: number): number {
  if (granules < 32) return granules;
  const exponent = 31 - Math.clz32(granules);
  return (exponent - 4) * 32 + ((granules >>> (exponent - 5)) & 31);
}

const lowestBit = (word: number) => 31 - Math.clz32(word & -word);

export class Fit {
  readonly #slab: Uint32Array;
  readonly #offset: Uint32Array;
  readonly #size: Uint32Array;
  readonly #state: Uint32Array;
  readonly #control: Uint32Array;
  readonly #before = new Uint32Array(BLOCK_CAPACITY);
  readonly #after = new Uint32Array(BLOCK_CAPACITY);
  readonly #previous = new Uint32Array(BLOCK_CAPACITY);
  readonly #next = new Uint32Array(BLOCK_CAPACITY);
  readonly #heads = new Uint32Array(BINS);
  readonly #words = new Uint32Array(BINS / 32);
  #top = 0;
  #spareRow = 0;

  constructor(books: Books) {
    this.#slab = books.blocks.slab;
    this.#offset = books.blocks.offset;
    this.#size = books.blocks.size;
    this.#state = books.blocks.state;
    this.#control = books.control;
    if (this.#control[CONTROL.blockRows] === 0) this.#control[CONTROL.blockRows] = 1;
  }

  /** Adds a slab as one hole; returns its row, or 0 when the table is full. */
  addSlab(slab: number, granules: number): number {
    const row = this.#newRow();
    if (row === 0) return 0;
    this.#slab[row] = slab;
    this.#offset[row] = 0;
    this.#size[row] = granules;
    this.#before[row] = 0;
    this.#after[row] = 0;
    this.#link(row);
    return row;
  }

  /** Removes a slab that is one hole, `row`. */
  removeSlab(row: number): void {
    this.#unlink(row);
    this.#dropRow(row);
  }

  /** Whether `row` is a whole slab. */
  isWhole(row: number): boolean {
    return this.#before[row] === 0 && this.#after[row] === 0;
  }

  /** The hole that `granules` would be cut from: the smallest that fits, as far as was looked; 0 for none. */
  find(granules: number): number {
    const bin = binOf(granules);
    const near = this.#bestOf(this.#heads[bin]!, granules, SCAN);
    if (near !== 0) return near;
    const above = this.#binFrom(bin + 1);
    if (above >= 0) return this.#bestOf(this.#heads[above]!, granules, SCAN);
    return this.#bestOf(this.#heads[bin]!, granules, BLOCK_CAPACITY);
  }

  /** Cuts `granules` from the start of the hole `row`, which becomes the chunk. */
  cut(row: number, granules: number): void {
    this.#unlink(row);
    const rest = this.#size[row]! - granules;
    if (rest === 0) return;
    const hole = this.#newRow();
    if (hole === 0) return; // the table is full: the chunk keeps the rest
    const after = this.#after[row]!;
    this.#slab[hole] = this.#slab[row]!;
    this.#offset[hole] = this.#offset[row]! + granules;
    this.#size[hole] = rest;
    this.#size[row] = granules;
    this.#before[hole] = row;
    this.#after[hole] = after;
    if (after !== 0) this.#before[after] = hole;
    this.#after[row] = hole;
    this.#link(hole);
  }

  /** Makes the chunk `row` (state "none" by now) a hole, joined with holes beside it; returns the hole's row. */
  give(row: number): number {
    const after = this.#after[row]!;
    if (after !== 0 && this.#state[after] === BLOCK_STATE.none) {
      this.#unlink(after);
      this.#absorb(row, after);
    }
    const before = this.#before[row]!;
    let hole = row;
    if (before !== 0 && this.#state[before] === BLOCK_STATE.none) {
      this.#unlink(before);
      this.#absorb(before, row);
      hole = before;
    }
    this.#link(hole);
    return hole;
  }

  /** Granules of a hole in the topmost bin: the largest hole, or within 1/32 of it. */
  nearLargest(): number {
    if (this.#top === 0) return 0;
    return this.#size[this.#heads[this.#topBin()]!]!;
  }

  /** Granules of the largest hole. */
  largest(): number {
    if (this.#top === 0) return 0;
    let most = 0;
    for (let row = this.#heads[this.#topBin()]!; row !== 0; row = this.#next[row]!) {
      most = Math.max(most, this.#size[row]!);
    }
    return most;
  }

  /** Slab and row of every hole that is a whole slab. */
  *wholeHoles(): Generator<[slab: number, row: number]> {
    for (const head of this.#heads) {
      for (let row = head; row !== 0; row = this.#next[row]!) {
        if (this.isWhole(row)) yield [this.#slab[row]!, row];
      }
    }
  }

  /** Makes links and bins anew from the live rows of the table and these slabs (id → granules). */
  rebuild(slabs: ReadonlyMap<number, number>): void {
    for (const links of [this.#before, this.#after, this.#previous, this.#next]) links.fill(0);
    this.#heads.fill(0);
    this.#words.fill(0);
    this.#top = 0;
    this.#spareRow = 0;
    const live: number[] = [];
    for (let row = this.#control[CONTROL.blockRows]! - 1; row > 0; row--) {
      if (this.#state[row] !== BLOCK_STATE.none && slabs.has(this.#slab[row]!)) live.push(row);
      else this.#dropRow(row);
    }
    live.sort((a, b) => this.#slab[a]! - this.#slab[b]! || this.#offset[a]! - this.#offset[b]!);
    let at = 0;
    for (const [slab, granules] of [...slabs].sort((a, b) => a[0] - b[0])) {
      const from = at;
      while (at < live.length && this.#slab[live[at]!] === slab) at++;
      this.#rebuildSlab(slab, granules, live.slice(from, at));
    }
  }

  #rebuildSlab(slab: number, granules: number, live: number[]): void {
    let last = 0;
    let end = 0;
    const append = (row: number) => {
      this.#before[row] = last;
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

  #bestOf(head: number, granules: number, limit: number): number {
    let best = 0;
    let bestSize = 2 ** 32;
    let looked = 0;
    for (let row = head; row !== 0 && looked < limit; row = this.#next[row]!, looked++) {
      const size = this.#size[row]!;
      if (size < granules || size >= bestSize) continue;
      best = row;
      bestSize = size;
      if (size === granules) break;
    }
    return best;
  }

  /** The lowest bin from `bin` on that holds anything, or −1. */
  #binFrom(bin: number): number {
    if (bin >= BINS) return -1;
    let word = bin >>> 5;
    const here = this.#words[word]! & (-1 << (bin & 31));
    if (here !== 0) return word * 32 + lowestBit(here);
    if (word >= 27) return -1;
    const above = this.#top & (-1 << (word + 1));
    if (above === 0) return -1;
    word = lowestBit(above);
    return word * 32 + lowestBit(this.#words[word]!);
  }

  #topBin(): number {
    const word = 31 - Math.clz32(this.#top);
    return word * 32 + 31 - Math.clz32(this.#words[word]!);
  }

  #link(row: number): void {
    const bin = binOf(this.#size[row]!);
    const head = this.#heads[bin]!;
    this.#previous[row] = 0;
    this.#next[row] = head;
    if (head !== 0) this.#previous[head] = row;
    this.#heads[bin] = row;
    this.#words[bin >>> 5]! |= 1 << (bin & 31);
    this.#top |= 1 << (bin >>> 5);
  }

  #unlink(row: number): void {
    const previous = this.#previous[row]!;
    const next = this.#next[row]!;
    if (next !== 0) this.#previous[next] = previous;
    if (previous !== 0) {
      this.#next[previous] = next;
      return;
    }
    const bin = binOf(this.#size[row]!);
    this.#heads[bin] = next;
    if (next !== 0) return;
    const word = bin >>> 5;
    this.#words[word]! &= ~(1 << (bin & 31));
    if (this.#words[word] === 0) this.#top &= ~(1 << word);
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
      this.#spareRow = this.#next[spare]!;
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
    this.#next[row] = this.#spareRow;
    this.#spareRow = row;
  }
}
