// What an iteration allocated and gave back, in order: the material of a plan.
import type { Problem } from "./solve/problem.ts";

export class Recording {
  readonly #granules: number[] = [];
  readonly #born: number[] = [];
  /** 0 while it lives. */
  readonly #died: number[] = [];
  #clock = 0;

  get count(): number {
    return this.#granules.length;
  }

  granules(): Uint32Array {
    return Uint32Array.from(this.#granules);
  }

  /** Notes an allocation; returns its number, from 0. */
  born(granules: number): number {
    this.#born.push(++this.#clock);
    this.#died.push(0);
    return this.#granules.push(granules) - 1;
  }

  died(k: number): void {
    this.#died[k] = ++this.#clock;
  }

  /**
   * The problem of placing what was given back before the iteration ended, in granules: at most `most`
   * allocations, the largest. `index` says which they are.
   */
  problem(most: number): { problem: Problem; index: Uint32Array } {
    let index = Uint32Array.from(this.#granules.keys()).filter((k) => this.#died[k] !== 0);
    if (index.length > most) {
      const bySize = index.sort((a, b) => this.#granules[b]! - this.#granules[a]!);
      index = bySize.subarray(0, most).slice().sort();
    }
    const column = (of: number[]) => Float64Array.from(index, (k) => of[k]!);
    return {
      index,
      problem: {
        count: index.length,
        lower: column(this.#born),
        upper: column(this.#died),
        size: column(this.#granules),
      },
    };
  }
}
