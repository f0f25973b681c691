// A plan: where each allocation of a repeating iteration lies, in one slab of its own. It is made from a
// recording of an iteration (recording.ts) by the solver, and serves later iterations without search: the
// n-th allocation lies at the n-th offset. Whether that range is free is looked up in the block table all
// the same, so that an iteration that differs can't be given what another block holds.
import { BLOCK_CAPACITY, BLOCK_STATE, type Books } from "../base/index.ts";
import { KIND } from "./chunks.ts";
import type { Fit } from "./fit.ts";
import type { Recording } from "./recording.ts";
import { solve } from "./solve/solve.ts";

/** Allocations that a plan places; of a longer iteration the largest, and the pool serves the rest. */
const PLANNED_AT_MOST = 32_768;
const UNPLANNED = 0xffffffff;

export class Plan {
  /** Allocations of the recorded iteration. */
  readonly count: number;
  /** By allocation: granules. */
  readonly granules: Uint32Array;
  /** By allocation: granules from the start of the slab, or UNPLANNED. */
  readonly #offset: Uint32Array;
  /** Granules that the plan needs. */
  readonly height: number;
  /** The slab it is served from, 0 while there is none. */
  slab = 0;
  // A chunk of the slab can only begin at an offset at which some allocation begins or ends: a point.
  readonly #points: Uint32Array;
  readonly #startPoint: Uint32Array;
  readonly #endPoint: Uint32Array;
  /** By point: the row of the chunk that began there when it was last seen. */
  readonly #rowAt: Uint32Array;
  /** By allocation: the point at which the hole began that it was cut from. */
  readonly #holePoint: Uint32Array;

  constructor(recording: Recording) {
    const { problem, index } = recording.problem(PLANNED_AT_MOST);
    const placement = solve(problem);
    this.count = recording.count;
    this.granules = recording.granules();
    this.height = placement.height;
    this.#offset = new Uint32Array(this.count).fill(UNPLANNED);
    for (let n = 0; n < index.length; n++) this.#offset[index[n]!] = placement.offset[n]!;
    const ends = (k: number) => this.#offset[k]! + this.granules[k]!;
    const points = new Set([0]);
    for (const k of index) points.add(this.#offset[k]!).add(ends(k));
    this.#points = Uint32Array.from(points).sort();
    this.#rowAt = new Uint32Array(this.#points.length);
    this.#startPoint = new Uint32Array(this.count);
    this.#endPoint = new Uint32Array(this.count);
    this.#holePoint = new Uint32Array(this.count);
    for (const k of index) {
      this.#startPoint[k] = this.#pointAt(this.#offset[k]!);
      this.#endPoint[k] = this.#pointAt(ends(k));
    }
  }

  /** Whether the plan has a place for allocation `k`. */
  places(k: number): boolean {
    return this.#offset[k] !== UNPLANNED;
  }

  /** The slab has just been reserved as one hole, `row`. */
  serveFrom(slab: number, row: number): void {
    this.slab = slab;
    this.#rowAt.fill(0);
    this.#rowAt[0] = row;
  }

  /** Row of the hole that holds the place of allocation `k`, or 0 when it is taken. */
  holeFor(k: number, fit: Fit, books: Books): number {
    const offset = this.#offset[k]!;
    const guess = this.#rowAt[this.#holePoint[k]!]!;
    if (this.#holds(guess, offset, this.granules[k]!, books)) return guess;
    const row = this.#chunkAt(offset, fit, books);
    if (!this.#holds(row, offset, this.granules[k]!, books)) return 0;
    const point = this.#pointAt(books.blocks.offset[row]!);
    this.#holePoint[k] = point;
    this.#rowAt[point] = row;
    return row;
  }

  /** Cuts the place of allocation `k` out of `hole`; returns its row, or 0 when the table is full. */
  carve(k: number, hole: number, fit: Fit, books: Books): number {
    const row = fit.carve(hole, this.#offset[k]!, this.granules[k]!);
    if (row === 0) return 0;
    this.#rowAt[this.#startPoint[k]!] = row;
    const after = fit.next(row);
    if (after !== 0 && books.blocks.state[after] === BLOCK_STATE.none) {
      this.#rowAt[this.#endPoint[k]!] = after;
    }
    return row;
  }

  /** Allocation `k` was given back and is now part of `hole`. */
  gaveBack(k: number, hole: number, books: Books): void {
    if (books.blocks.offset[hole] === this.#offset[k]) this.#rowAt[this.#startPoint[k]!] = hole;
  }

  #holds(row: number, offset: number, granules: number, { blocks }: Books): boolean {
    if (row === 0 || blocks.slab[row] !== this.slab) return false;
    if (blocks.state[row] !== BLOCK_STATE.none) return false;
    const from = blocks.offset[row]!;
    return from <= offset && offset + granules <= from + blocks.size[row]!;
  }

  /** Row of the chunk that covers `offset`; walks through the slab. */
  #chunkAt(offset: number, fit: Fit, { blocks }: Books): number {
    let row = this.#rowAt[0]!;
    if (blocks.slab[row] !== this.slab || blocks.offset[row] !== 0 || blocks.size[row] === 0) {
      row = 0;
      for (let at = 1; at < BLOCK_CAPACITY && row === 0; at++) {
        const first = blocks.slab[at] === this.slab && blocks.offset[at] === 0;
        if (first && blocks.size[at] !== 0 && fit.kindOf(at) === KIND.planned) row = at;
      }
      this.#rowAt[0] = row;
    }
    while (row !== 0 && blocks.offset[row]! + blocks.size[row]! <= offset) row = fit.next(row);
    return row;
  }

  /** Index of the last point at or below `offset`. */
  #pointAt(offset: number): number {
    let low = 0;
    let high = this.#points.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#points[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}
