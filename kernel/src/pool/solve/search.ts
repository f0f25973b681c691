// Searches for a placement within a capacity where greedy ones need more: depth first over buffers in the
// order of their offsets, with what is known to be hopeless cut off. The idea of canonical placements and
// of bounding sections is M. D. Moffitt's ("MiniMalloc", ASPLOS 2023, sections 4 and 5).
//
// A placement is canonical when no buffer could be lower while the others stay. If there is any placement,
// there is a canonical one, and its buffers can be placed by rising offset, each resting on the floor or on
// one that was placed before. So a node of the search is the set placed so far, and
//   floor[i]   top of the highest placed buffer beside i: i lies there, or higher once more is placed;
//   level      the offset placed last: later ones lie no lower. Of those at the level, only buffers of a
//              higher rank than the last may follow, so that each set at one level is tried once.
// Time is cut into sections in which nothing begins or ends. A node is hopeless when
//   - what is unplaced in a section does not fit between the lowest place that any of it can have, and the
//     capacity;
//   - a buffer could end, resting on its floor, at or below the level: nothing will come to lie in its way,
//     so that it would never have to lie higher, but by the order it must.
// Where no unplaced buffer spans a point of time, both sides are solved apart: one that fails fails both,
// and neither is tried again for the other's sake.
import type { Problem } from "./problem.ts";

export interface SearchOptions {
  /** Milliseconds after which the search gives up. */
  milliseconds: number;
  /** Seed of the random numbers that vary the order between restarts. */
  seed?: number;
}

const FEW_NODES = 8000;

/** Offsets within the capacity, "none" when it was shown that there are none, or undefined when time ran out. */
export function search(
  problem: Problem,
  capacity: number,
  options: SearchOptions,
): Float64Array | "none" | undefined {
  const state = new Search(problem, capacity);
  if (state.hopeless()) return "none";
  const random = randoms(options.seed ?? 1);
  const deadline = performance.now() + options.milliseconds;
  const orders = state.orders();
  // An order solves a problem soon or hardly ever: each is tried with ever more nodes, and between them
  // variations of it with few.
  for (let nodes = FEW_NODES; ; nodes *= 2) {
    for (const order of orders) {
      for (const attempt of nodes === FEW_NODES ? [order] : [order, varied(order, random)]) {
        const most = attempt === order ? nodes : FEW_NODES;
        const found = state.run(attempt, most, deadline);
        if (found !== undefined) return found ? state.offset : "none";
        if (performance.now() > deadline) return undefined;
      }
    }
  }
}

class Search {
  readonly offset: Float64Array;
  readonly #problem: Problem;
  readonly #capacity: number;
  readonly #count: number;
  readonly #size: Float64Array;
  /** Sections of buffer i: first[i] up to last[i]. */
  readonly #first: Uint32Array;
  readonly #last: Uint32Array;
  readonly #floor: Float64Array;
  /** Bytes unplaced in each section, and the lowest place any of them can have. */
  readonly #rest: Float64Array;
  readonly #low: Float64Array;
  /** By boundary of sections: unplaced buffers that span it, as differences. */
  readonly #spans: Int32Array;
  /** Buffers that live at some time with buffer i. */
  readonly #beside: Uint32Array[];
  readonly #rank: Uint32Array;
  #nodes = 0;
  #deadline = 0;

  constructor(problem: Problem, capacity: number) {
    const { count, lower, upper, size } = problem;
    this.#problem = problem;
    this.#capacity = capacity;
    this.#count = count;
    this.#size = size;
    this.offset = new Float64Array(count);
    this.#floor = new Float64Array(count);
    this.#rank = new Uint32Array(count);
    const times = [...new Set([...lower, ...upper])].sort((a, b) => a - b);
    const section = new Map(times.map((time, at) => [time, at]));
    this.#first = Uint32Array.from(lower, (time) => section.get(time)!);
    this.#last = Uint32Array.from(upper, (time) => section.get(time)!);
    this.#rest = new Float64Array(times.length);
    this.#low = new Float64Array(times.length);
    this.#spans = new Int32Array(times.length + 1);
    const all = Array.from({ length: count }, (_, i) => i);
    this.#beside = all.map((i) =>
      Uint32Array.from(
        all.filter((j) => j !== i && lower[j]! < upper[i]! && lower[i]! < upper[j]!),
      ),
    );
  }

  /** Whether some section holds more than the capacity, or a buffer is larger. */
  hopeless(): boolean {
    this.#reset();
    return this.#rest.some((bytes) => bytes > this.#capacity);
  }

  /** Orders to try candidates in: by the load of their busiest section, by length, by area. */
  orders(): Uint32Array[] {
    this.#reset();
    const { lower, upper, size, count } = this.#problem;
    const load = Float64Array.from({ length: count }, (_, i) =>
      Math.max(...this.#rest.subarray(this.#first[i]!, this.#last[i]!)),
    );
    const length = Float64Array.from({ length: count }, (_, i) => upper[i]! - lower[i]!);
    const area = Float64Array.from({ length: count }, (_, i) => length[i]! * size[i]!);
    return [
      [load, length, area],
      [length, area, load],
      [load, area, length],
      [area, load],
    ].map((keys) => byFalling(count, keys));
  }

  /** Searches at most `nodes` nodes: true when placed, false when there is no placement, else undefined. */
  run(order: Uint32Array, nodes: number, deadline: number): boolean | undefined {
    this.#reset();
    for (let n = 0; n < order.length; n++) this.#rank[order[n]!] = n + 1;
    this.#nodes = nodes;
    this.#deadline = deadline;
    return this.#solve(order, 0, 0);
  }

  #reset(): void {
    this.#floor.fill(0);
    this.#rest.fill(0);
    for (let i = 0; i < this.#count; i++) this.#load(i, this.#size[i]!);
  }

  #load(i: number, bytes: number): void {
    const last = this.#last[i]!;
    for (let s = this.#first[i]!; s < last; s++) this.#rest[s]! += bytes;
  }

  /** Places what waits, by rank, in parts that have no time in common. */
  #solve(waiting: Uint32Array, level: number, rank: number): boolean | undefined {
    if (waiting.length === 0) return true;
    const parts = this.#parts(waiting);
    if (parts.length === 1) return this.#place(waiting, level, rank);
    // The small ones first: they fail soonest.
    parts.sort((a, b) => a.length - b.length);
    for (let n = 0; n < parts.length; n++) {
      const placed = this.#place(parts[n]!, level, rank);
      if (placed === true) continue;
      // The floors are the caller's to restore; that the parts before lie no longer, ours.
      for (const part of parts.slice(0, n)) for (const i of part) this.#load(i, this.#size[i]!);
      return placed;
    }
    return true;
  }

  #parts(waiting: Uint32Array): Uint32Array[] {
    const spans = this.#spans.fill(0);
    for (const i of waiting) {
      spans[this.#first[i]! + 1]! += 1;
      spans[this.#last[i]!]! -= 1;
    }
    // From here on: the part that a section belongs to.
    let open = 0;
    let parts = 1;
    for (let s = 0; s < spans.length; s++) {
      open += spans[s]!;
      if (open === 0) parts++;
      spans[s] = parts;
    }
    const of = new Map<number, number[]>();
    for (const i of waiting) {
      const part = spans[this.#first[i]!]!;
      const members = of.get(part);
      if (members) members.push(i);
      else of.set(part, [i]);
    }
    return of.size === 1 ? [waiting] : [...of.values()].map((part) => Uint32Array.from(part));
  }

  /**
   * Places what waits (by rank), none lower than `level`, and of those that would lie at `level` only
   * ranks above `rank`. When it fails, or gives up, what waits is as it was.
   */
  #place(waiting: Uint32Array, level: number, rank: number): boolean | undefined {
    if (this.#nodes-- <= 0) return undefined;
    if ((this.#nodes & 255) === 0 && performance.now() > this.#deadline) return undefined;
    const size = this.#size;
    // A buffer that lies at or above this leaves its room to the one that would end here.
    let lowestTop = Number.POSITIVE_INFINITY;
    for (const i of waiting) lowestTop = Math.min(lowestTop, this.#floor[i]! + size[i]!);
    if (lowestTop <= level || !this.#fits(waiting, level, rank)) return false;
    const saved = Float64Array.from(waiting, (i) => this.#floor[i]!);
    for (const i of this.#candidates(waiting, level, rank, lowestTop)) {
      const at = this.#floor[i]!;
      this.#raise(i, at + size[i]!);
      this.#load(i, -size[i]!);
      this.offset[i] = at;
      const found = this.#solve(
        waiting.filter((j) => j !== i),
        at,
        this.#rank[i]!,
      );
      if (found === true) return true;
      for (let k = 0; k < waiting.length; k++) this.#floor[waiting[k]!] = saved[k]!;
      this.#load(i, size[i]!);
      if (found === undefined) return undefined;
    }
    return false;
  }

  /** Those that may be placed next, lowest first, of equal ones by rank. */
  #candidates(waiting: Uint32Array, level: number, rank: number, below: number): Uint32Array {
    const floor = this.#floor;
    const may = waiting.filter((i) => this.#mayLie(i, level, rank) && floor[i]! < below);
    return may.sort((a, b) => floor[a]! - floor[b]! || this.#rank[a]! - this.#rank[b]!);
  }

  /** Whether buffer i may be placed next, on its floor. */
  #mayLie(i: number, level: number, rank: number): boolean {
    const floor = this.#floor[i]!;
    return floor > level || (floor === level && this.#rank[i]! > rank);
  }

  #raise(i: number, top: number): void {
    const floor = this.#floor;
    for (const j of this.#beside[i]!) if (floor[j]! < top) floor[j] = top;
  }

  /** Whether what waits fits into each of its sections above the lowest place it can have. */
  #fits(waiting: Uint32Array, level: number, rank: number): boolean {
    // What may not lie on its floor must be raised first, by the top of something that may.
    let support = Number.POSITIVE_INFINITY;
    for (const i of waiting) {
      if (this.#mayLie(i, level, rank)) {
        support = Math.min(support, this.#floor[i]! + this.#size[i]!);
      }
    }
    const low = this.#low;
    let from = low.length;
    let to = 0;
    for (const i of waiting) {
      from = Math.min(from, this.#first[i]!);
      to = Math.max(to, this.#last[i]!);
    }
    low.fill(Number.POSITIVE_INFINITY, from, to);
    for (const i of waiting) {
      const at = this.#mayLie(i, level, rank) ? this.#floor[i]! : support;
      if (at + this.#size[i]! > this.#capacity) return false;
      const last = this.#last[i]!;
      for (let s = this.#first[i]!; s < last; s++) if (at < low[s]!) low[s] = at;
    }
    for (let s = from; s < to; s++) {
      if (this.#rest[s]! > 0 && low[s]! + this.#rest[s]! > this.#capacity) return false;
    }
    return true;
  }
}

function byFalling(count: number, keys: readonly Float64Array[]): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => {
    for (const key of keys) if (key[a] !== key[b]) return key[b]! - key[a]!;
    return a - b;
  });
}

/** The order with some of the buffers moved a few places. */
function varied(order: Uint32Array, random: () => number): Uint32Array {
  const to = order.slice();
  for (let n = to.length >> 2; n > 0; n--) {
    const a = Math.floor(random() * to.length);
    const b = Math.min(to.length - 1, a + 1 + Math.floor(random() * 8));
    [to[a], to[b]] = [to[b]!, to[a]!];
  }
  return to;
}

/** Random numbers from 0 to 1 that are the same for the same seed (Marsaglia's xorshift). */
function randoms(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
