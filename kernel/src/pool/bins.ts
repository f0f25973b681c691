// Holes binned by size, apart for each kind of slab: below 32 granules one bin a size, above that 32
// bins for each power of two, found through two levels of bitmaps (Masmano et al., "TLSF", ECRTS 2004,
// section 3). Knows rows and their sizes; which holes there are is placing.ts's.
import { BLOCK_CAPACITY, type Books } from "../base/index.ts";

/** Kinds of slab whose holes are kept apart. */
export const KINDS = 3;
const WORDS = 28;
const BINS = WORDS * 32;
/** Holes looked at in one bin before the best of them is taken. */
const SCAN = 16;

export function binOf(granules: number): number {
  if (granules < 32) return granules;
  const exponent = 31 - Math.clz32(granules);
  return (exponent - 4) * 32 + ((granules >>> (exponent - 5)) & 31);
}

const lowestBit = (word: number) => 31 - Math.clz32(word & -word);
const highestBit = (word: number) => 31 - Math.clz32(word);

export class Bins {
  readonly #size: Uint32Array;
  readonly #previous = new Uint32Array(BLOCK_CAPACITY);
  readonly #next = new Uint32Array(BLOCK_CAPACITY);
  readonly #heads = new Uint32Array(KINDS * BINS);
  readonly #words = new Uint32Array(KINDS * WORDS);
  /** By kind: which words hold anything. */
  readonly #tops = new Uint32Array(KINDS);
  #nearLargest = 0;
  #stale = false;
  /** Whether nearLargest() may give another figure than the last time. */
  largestChanged = false;

  constructor(books: Books) {
    this.#size = books.blocks.size;
  }

  /** Adds the hole `row`. */
  link(row: number, kind: number): void {
    const size = this.#size[row]!;
    const within = binOf(size);
    const bin = kind * BINS + within;
    const head = this.#heads[bin]!;
    this.#previous[row] = 0;
    this.#next[row] = head;
    if (head !== 0) this.#previous[head] = row;
    else {
      const word = within >>> 5;
      this.#words[kind * WORDS + word]! |= 1 << (within & 31);
      this.#tops[kind]! |= 1 << word;
    }
    this.#heads[bin] = row;
    if (size > this.#nearLargest) {
      this.#nearLargest = size;
      this.largestChanged = true;
    }
  }

  /** Takes the hole `row` out, which was linked with `size` granules. */
  unlink(row: number, kind: number, size: number): void {
    const previous = this.#previous[row]!;
    const next = this.#next[row]!;
    if (next !== 0) this.#previous[next] = previous;
    if (previous !== 0) {
      this.#next[previous] = next;
      return;
    }
    const within = binOf(size);
    const bin = kind * BINS + within;
    this.#heads[bin] = next;
    if (next !== 0) return;
    if (size >= this.#nearLargest - (this.#nearLargest >>> 5)) {
      this.#stale = true;
      this.largestChanged = true;
    }
    const word = within >>> 5;
    const left = this.#words[kind * WORDS + word]! & ~(1 << (within & 31));
    this.#words[kind * WORDS + word] = left;
    if (left === 0) this.#tops[kind]! &= ~(1 << word);
  }

  /** The size of the hole `row` has changed from `before`. */
  resized(row: number, kind: number, before: number): void {
    const size = this.#size[row]!;
    if (binOf(size) === binOf(before)) return;
    this.unlink(row, kind, before);
    this.link(row, kind);
  }

  /** The smallest hole of `granules` or more, as far as was looked (16 of a bin); 0 for none. */
  find(granules: number, kind: number): number {
    const within = binOf(granules);
    const head = this.#heads[kind * BINS + within]!;
    if (head !== 0) {
      const near = this.#bestOf(head, granules, SCAN);
      if (near !== 0) return near;
    }
    const above = this.#binFrom(within + 1, kind);
    if (above >= 0) return this.#bestOf(this.#heads[kind * BINS + above]!, granules, SCAN);
    return head === 0 ? 0 : this.#bestOf(head, granules, BLOCK_CAPACITY);
  }

  /** Granules of a hole in the topmost bin: the largest hole, or within 1/32 of it. */
  nearLargest(): number {
    this.largestChanged = false;
    if (!this.#stale) return this.#nearLargest;
    let most = 0;
    for (let kind = 0; kind < KINDS; kind++) {
      const head = this.#topHead(kind);
      if (head !== 0) most = Math.max(most, this.#size[head]!);
    }
    this.#nearLargest = most;
    this.#stale = false;
    return most;
  }

  /** Granules of the largest hole. */
  largest(): number {
    let most = 0;
    for (let kind = 0; kind < KINDS; kind++) {
      for (let row = this.#topHead(kind); row !== 0; row = this.#next[row]!) {
        most = Math.max(most, this.#size[row]!);
      }
    }
    return most;
  }

  /** The smallest hole of `from` to `to` granules that `suits`, of all there are; 0 for none. */
  findClose(from: number, to: number, kind: number, suits: (row: number) => boolean): number {
    const last = binOf(to);
    let bin = this.#binFrom(binOf(from), kind);
    while (bin >= 0 && bin <= last) {
      let best = 0;
      let bestSize = to + 1;
      for (let row = this.#heads[kind * BINS + bin]!; row !== 0; row = this.#next[row]!) {
        const size = this.#size[row]!;
        if (size < from || size >= bestSize || !suits(row)) continue;
        best = row;
        bestSize = size;
      }
      if (best !== 0) return best;
      bin = this.#binFrom(bin + 1, kind);
    }
    return 0;
  }

  clear(): void {
    for (const part of [this.#previous, this.#next, this.#heads, this.#words, this.#tops]) {
      part.fill(0);
    }
    this.#nearLargest = 0;
    this.#stale = false;
    this.largestChanged = true;
  }

  #bestOf(head: number, granules: number, limit: number): number {
    const sizes = this.#size;
    let best = 0;
    let bestSize = 2 ** 32;
    let looked = 0;
    for (let row = head; row !== 0 && looked < limit; row = this.#next[row]!, looked++) {
      const size = sizes[row]!;
      if (size < granules || size >= bestSize) continue;
      best = row;
      bestSize = size;
      if (size === granules) break;
    }
    return best;
  }

  /** The lowest bin of the kind, from `bin` on, that holds anything, or −1. */
  #binFrom(bin: number, kind: number): number {
    if (bin >= BINS) return -1;
    let word = bin >>> 5;
    const here = this.#words[kind * WORDS + word]! & (-1 << (bin & 31));
    if (here !== 0) return word * 32 + lowestBit(here);
    const above = word >= 31 ? 0 : this.#tops[kind]! & (-2 << word);
    if (above === 0) return -1;
    word = lowestBit(above);
    return word * 32 + lowestBit(this.#words[kind * WORDS + word]!);
  }

  #topHead(kind: number): number {
    const top = this.#tops[kind]!;
    if (top === 0) return 0;
    const word = highestBit(top);
    return this.#heads[kind * BINS + word * 32 + highestBit(this.#words[kind * WORDS + word]!)]!;
  }
}
