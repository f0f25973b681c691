// Which blocks must stay where they are, because somebody outside the pool's operations knows their place:
// a count for each row, beside the table, whose state tells readers.
import { BLOCK_CAPACITY, BLOCK_STATE, type Books } from "../base/index.ts";

export class Pins {
  readonly #state: Uint32Array;
  #counts = new Uint32Array(0);

  constructor(books: Books) {
    this.#state = books.blocks.state;
  }

  has(row: number): boolean {
    return this.#counts.length > 0 && this.#counts[row] !== 0;
  }

  /** Pins may be many; the block may move again when each of them was taken back. */
  add(row: number): void {
    if (this.#counts.length === 0) this.#counts = new Uint32Array(BLOCK_CAPACITY);
    this.#counts[row]! += 1;
    if (this.#state[row] === BLOCK_STATE.live) this.#state[row] = BLOCK_STATE.pinned;
  }

  /** Takes one pin back; nothing where there is none. */
  remove(row: number): void {
    if (!this.has(row)) return;
    this.#counts[row]! -= 1;
    if (this.#counts[row] === 0 && this.#state[row] === BLOCK_STATE.pinned) {
      this.#state[row] = BLOCK_STATE.live;
    }
  }

  /** The block ends, with all its pins. */
  clear(row: number): void {
    if (this.has(row)) this.#counts[row] = 0;
  }
}
