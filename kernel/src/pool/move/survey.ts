// Looks through all slabs for what moving could gain: slabs that hold little, and windows in them. It takes
// as long as there are blocks and holes, so it is for moments at which a slab would be made otherwise.
import { BLOCK_STATE, type Books, CONTROL } from "../../base/index.ts";
import { KIND } from "../chunks.ts";
import type { Fit } from "../fit.ts";

/** A slab whose live blocks may all move. */
export interface Candidate {
  slab: number;
  kind: number;
  /** Its first chunk, when the survey was made. */
  first: number;
  /** Granules of the slab, and of the blocks in it. */
  size: number;
  live: number;
}

/** Neighbouring chunks of a slab that would make a hole, if the blocks among them moved. */
export interface Window {
  /** The slab's kind. */
  kind: number;
  first: number;
  last: number;
  /** Granules of the blocks in it. */
  live: number;
}

export interface Survey {
  /** Slabs with live blocks, all of them movable, the emptiest first. */
  candidates: Candidate[];
  /** The window of the granules asked for with the least live bytes, if any slab has one. */
  window: Window | undefined;
  /** The window with so many granules free, where sliding blocks together costs least; begins with a hole. */
  slide: Window | undefined;
}

/** Surveys the slabs; windows are looked for if `granules` is not 0. */
export function survey(books: Books, fit: Fit, granules: number): Survey {
  const { size, slab } = books.blocks;
  const candidates: Candidate[] = [];
  const view = new SlabView(books, fit, granules);
  for (let row = 1; row < books.control[CONTROL.blockRows]!; row++) {
    if (size[row] === 0 || slab[row] === 0 || fit.previous(row) !== 0) continue;
    if (fit.kindOf(row) === KIND.planned) continue;
    const candidate = view.walk(row);
    if (candidate !== undefined) candidates.push(candidate);
  }
  candidates.sort((a, b) => a.live / a.size - b.live / b.size);
  return { candidates, window: view.window, slide: view.slide };
}

/** Walks through slabs, chunk by chunk, and keeps the best windows. */
class SlabView {
  readonly #size: Uint32Array;
  readonly #state: Uint32Array;
  readonly #slab: Uint32Array;
  readonly #fit: Fit;
  readonly #granules: number;
  window: Window | undefined;
  slide: Window | undefined;

  constructor(books: Books, fit: Fit, granules: number) {
    this.#size = books.blocks.size;
    this.#state = books.blocks.state;
    this.#slab = books.blocks.slab;
    this.#fit = fit;
    this.#granules = granules;
  }

  /** The slab that begins with `first`, or undefined where it holds nothing or something that must stay. */
  walk(first: number): Candidate | undefined {
    const fit = this.#fit;
    let [total, live, stays, start] = [0, 0, false, first];
    for (let row = first; row !== 0; row = fit.next(row)) {
      total += this.#size[row]!;
      live += this.#liveSize(row);
      if (this.#state[row] === BLOCK_STATE.none || this.#state[row] === BLOCK_STATE.live) continue;
      stays = true;
      this.#windows(start, row);
      start = fit.next(row);
    }
    this.#windows(start, 0);
    if (stays || live === 0) return undefined;
    return { slab: this.#slab[first]!, kind: fit.kindOf(first), first, size: total, live };
  }

  /** Looks for windows among the chunks from `first` up to before `end`, which may all move. */
  #windows(first: number, end: number): void {
    if (this.#granules === 0) return;
    this.window = this.#narrowest(first, end, this.window, (row) => this.#size[row]!);
    const free = (row: number) => this.#size[row]! - this.#liveSize(row);
    this.slide = this.#narrowest(first, end, this.slide, free);
  }

  /** The window whose chunks' `worth` is at least the granules asked for, with the least live in it; or `best`. */
  #narrowest(
    first: number,
    end: number,
    best: Window | undefined,
    worth: (row: number) => number,
  ): Window | undefined {
    const fit = this.#fit;
    let [from, sum, live] = [first, 0, 0];
    for (let row = first; row !== end; row = fit.next(row)) {
      sum += worth(row);
      live += this.#liveSize(row);
      while (from !== row && sum - worth(from) >= this.#granules) {
        sum -= worth(from);
        live -= this.#liveSize(from);
        from = fit.next(from);
      }
      if (sum < this.#granules || (best !== undefined && best.live <= live)) continue;
      best = { kind: fit.kindOf(first), first: from, last: row, live };
    }
    return best;
  }

  #liveSize(row: number): number {
    return this.#state[row] === BLOCK_STATE.none ? 0 : this.#size[row]!;
  }
}
