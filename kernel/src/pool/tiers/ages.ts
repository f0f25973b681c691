// When each block was last used, in ticks that every use and allocation moves on. A block that nobody has
// used since it was allocated is blank: what it holds is of no account, and need not be kept.
import { BLOCK_CAPACITY } from "../../base/index.ts";

export class Ages {
  /** Tick of the last use by row; of blank blocks the tick of their allocation, negative. */
  readonly #used = new Float64Array(BLOCK_CAPACITY);
  #now = 1;

  /** The blocks used from now on are younger than those used before. */
  next(): void {
    this.#now++;
  }

  born(row: number): void {
    this.#used[row] = -this.#now++;
  }

  used(row: number): void {
    this.#used[row] = this.#now;
  }

  isBlank(row: number): boolean {
    return this.#used[row]! < 0;
  }

  /** Tick of the last use, or of the allocation. */
  of(row: number): number {
    return Math.abs(this.#used[row]!);
  }
}
