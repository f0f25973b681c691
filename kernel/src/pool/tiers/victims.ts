// Which blocks leave first: those used longest ago, of equally old ones the largest; pinned blocks and the
// blocks of plans stay. The order is made once, and served from until it is used up: what is used or
// allocated meanwhile is younger than all that is in it.
import { BLOCK_STATE, type Books, CONTROL } from "../../base/index.ts";
import { KIND } from "../chunks.ts";
import type { Fit } from "../fit.ts";
import type { Ages } from "./ages.ts";

// A key is age (29 bits), smallness (6 bits) and row (18 bits), so that plain sorting gives the order.
const ROWS = 2 ** 18;
const SIZES = 2 ** 6;
const AGES = 2 ** 29;

export class Victims {
  readonly #books: Books;
  readonly #fit: Fit;
  readonly #ages: Ages;
  #queue = new Float64Array(0);
  #next = 0;
  /** Tick that ages in the keys count from. */
  #oldest = 0;

  constructor(books: Books, fit: Fit, ages: Ages) {
    this.#books = books;
    this.#fit = fit;
    this.#ages = ages;
  }

  /** Rows of the blocks that may leave, in order; a row may come twice. */
  *inOrder(): Generator<number> {
    yield* this.#serve();
    this.#sort();
    yield* this.#serve();
  }

  *#serve(): Generator<number> {
    while (this.#next < this.#queue.length) {
      const key = this.#queue[this.#next++]!;
      const row = key % ROWS;
      if (this.#mayLeave(row) && this.#key(row) === key) yield row;
    }
  }

  #sort(): void {
    const rows: number[] = [];
    let oldest = Number.POSITIVE_INFINITY;
    for (let row = 1; row < this.#books.control[CONTROL.blockRows]!; row++) {
      if (!this.#mayLeave(row)) continue;
      rows.push(row);
      oldest = Math.min(oldest, this.#ages.of(row));
    }
    this.#oldest = oldest;
    this.#queue = Float64Array.from(rows, (row) => this.#key(row)).sort();
    this.#next = 0;
  }

  #mayLeave(row: number): boolean {
    const live = this.#books.blocks.state[row] === BLOCK_STATE.live;
    return live && this.#fit.kindOf(row) !== KIND.planned;
  }

  #key(row: number): number {
    const age = Math.min(AGES - 1, this.#ages.of(row) - this.#oldest);
    const small = SIZES - 1 - Math.floor(Math.log2(this.#books.blocks.size[row]!));
    return (age * SIZES + small) * ROWS + row;
  }
}
