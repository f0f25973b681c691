// A list of rows in the order of their adding, in typed arrays: adding, removing and taking the oldest
// cost the same however many there are. slabs.ts keeps its empty slabs in one.
import { BLOCK_CAPACITY } from "../base/index.ts";

export class RowList {
  readonly #older = new Uint32Array(BLOCK_CAPACITY);
  readonly #newer = new Uint32Array(BLOCK_CAPACITY);
  #newest = 0;
  /** The row that was added first, or 0. */
  oldest = 0;

  /** Adds a row that is not in the list. */
  add(row: number): void {
    const newest = this.#newest;
    this.#older[row] = newest;
    this.#newer[row] = 0;
    if (newest === 0) this.oldest = row;
    else this.#newer[newest] = row;
    this.#newest = row;
  }

  /** Removes a row that is in the list. */
  remove(row: number): void {
    const older = this.#older[row]!;
    const newer = this.#newer[row]!;
    if (older === 0) this.oldest = newer;
    else this.#newer[older] = newer;
    if (newer === 0) this.#newest = older;
    else this.#older[newer] = older;
  }

  /** The row that was added after `row`, or 0. */
  newer(row: number): number {
    return this.#newer[row]!;
  }

  clear(): void {
    this.oldest = 0;
    this.#newest = 0;
  }
}
