// The chunks of all slabs: rows of the books' block table, joined to a list for each slab, and the rows
// that are not in use. It knows no bins and no kinds of request; what is free and where to cut is placing.ts's.
//
// Every chunk, live or free, is a row (`slab`, `offset`, `size`); free chunks have state "none". Beside the
// table lie private links: the chunk before and after it in its slab. Row 0 means "none".
import { BLOCK_CAPACITY, BLOCK_STATE, type Books, CONTROL } from "../base/index.ts";

/** What a slab is for; holes of different kinds are kept apart (slabs.ts says why). */
export const KIND = {
  /** Many small blocks. */
  small: 0,
  /** Blocks of middling size. */
  shared: 1,
  /** One block that is large for this pool. */
  own: 2,
  /** The memory of a plan, cut at planned offsets only; its holes are in no bin. */
  planned: 3,
} as const;

export class Chunks {
  readonly slab: Uint32Array;
  readonly offset: Uint32Array;
  readonly size: Uint32Array;
  readonly state: Uint32Array;
  readonly before = new Uint32Array(BLOCK_CAPACITY);
  readonly after = new Uint32Array(BLOCK_CAPACITY);
  /** KIND of the slab. */
  readonly kind = new Uint8Array(BLOCK_CAPACITY);
  readonly #control: Uint32Array;
  /** First of the dropped rows, which are joined by `after`. */
  #spareRow = 0;

  constructor(books: Books) {
    this.slab = books.blocks.slab;
    this.offset = books.blocks.offset;
    this.size = books.blocks.size;
    this.state = books.blocks.state;
    this.#control = books.control;
    if (this.#control[CONTROL.blockRows] === 0) this.#control[CONTROL.blockRows] = 1;
  }

  /** Rows below this have been used. */
  get rows(): number {
    return this.#control[CONTROL.blockRows]!;
  }

  /** A row that nothing uses, or 0 when the table is full. */
  newRow(): number {
    const spare = this.#spareRow;
    if (spare !== 0) {
      this.#spareRow = this.after[spare]!;
      return spare;
    }
    const row = this.#control[CONTROL.blockRows]!;
    if (row >= BLOCK_CAPACITY) return 0;
    this.#control[CONTROL.blockRows] = row + 1;
    return row;
  }

  dropRow(row: number): void {
    this.size[row] = 0;
    this.slab[row] = 0;
    this.after[row] = this.#spareRow;
    this.#spareRow = row;
  }

  /** Puts `row` into the list before `next`. */
  insertBefore(row: number, next: number): void {
    const before = this.before[next]!;
    this.before[row] = before;
    this.after[row] = next;
    this.before[next] = row;
    if (before !== 0) this.after[before] = row;
  }

  /** Joins the chunk `second`, which follows `first`, to it. */
  absorb(first: number, second: number): void {
    const after = this.after[second]!;
    this.size[first]! += this.size[second]!;
    this.after[first] = after;
    if (after !== 0) this.before[after] = first;
    this.dropRow(second);
  }

  /** The row `by` takes over the place of `row` in its slab; `row` is in no list then. */
  replace(row: number, by: number): void {
    const before = this.before[row]!;
    const after = this.after[row]!;
    this.slab[by] = this.slab[row]!;
    this.offset[by] = this.offset[row]!;
    this.size[by] = this.size[row]!;
    this.kind[by] = this.kind[row]!;
    this.before[by] = before;
    this.after[by] = after;
    if (before !== 0) this.after[before] = by;
    if (after !== 0) this.before[after] = by;
  }

  /** Row of every hole; looks through the whole table. */
  *holes(): Generator<number> {
    for (let row = 1; row < this.rows; row++) {
      if (this.size[row] !== 0 && this.state[row] === BLOCK_STATE.none) yield row;
    }
  }

  /** Forgets all links, drops every row that is neither live in one of the slabs nor spilled; returns those live in slabs, in order. */
  reset(slabs: ReadonlyMap<number, unknown>): number[] {
    this.before.fill(0);
    this.after.fill(0);
    this.#spareRow = 0;
    const live: number[] = [];
    for (let row = this.rows - 1; row > 0; row--) {
      const state = this.state[row]!;
      if (state === BLOCK_STATE.spilled) continue;
      if (state !== BLOCK_STATE.none && slabs.has(this.slab[row]!)) live.push(row);
      else this.dropRow(row);
    }
    return live.sort((a, b) => this.slab[a]! - this.slab[b]! || this.offset[a]! - this.offset[b]!);
  }

  /** Links the live rows of one slab, in order, and makes a hole of each gap; `onHole` gets their rows. */
  relink(
    slab: number,
    granules: number,
    kind: number,
    live: readonly number[],
    onHole: (row: number) => void,
  ): void {
    let last = 0;
    let end = 0;
    const append = (row: number) => {
      this.kind[row] = kind;
      this.before[row] = last;
      this.after[row] = 0;
      if (last !== 0) this.after[last] = row;
      last = row;
    };
    const hole = (upTo: number) => {
      const row = upTo > end ? this.newRow() : 0;
      if (row === 0) return;
      this.slab[row] = slab;
      this.offset[row] = end;
      this.size[row] = upTo - end;
      append(row);
      onHole(row);
    };
    for (const row of live) {
      hole(this.offset[row]!);
      append(row);
      end = this.offset[row]! + this.size[row]!;
    }
    hole(granules);
  }
}
