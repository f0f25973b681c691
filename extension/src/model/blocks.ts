// The panel's copy of the pool's block table: structure of arrays, one element a block id. It follows
// snapshots (whole rows) and events (blocks come, go, move, spill, come back), and knows nothing of drawing.
import { BLOCK_STATE, EVENT, EVENT_WORDS, GRANULE } from "../../../kernel/src/base/books.ts";
import { BLOCK_ROW_WORDS } from "../../../kernel/src/base/monitor-protocol.ts";

/** One block, with sizes in bytes. */
export interface Block {
  id: number;
  slab: number;
  offset: number;
  /** Bytes taken in the slab. */
  bytes: number;
  /** Bytes asked for. */
  requested: number;
  cell: number;
  line: number;
  /** Id of an interned string; 0 for none. */
  tag: number;
  state: number;
  /** Milliseconds since the epoch; NaN where it was allocated before what is known. */
  born: number;
}

/** Is told of every block that comes (sign 1) and, while its row still says all of it, of every one that goes. */
export interface BlockCounter {
  clear(): void;
  count(table: BlockTable, id: number, sign: 1 | -1): void;
}

const FIRST_ROWS = 1024;
const FIELDS = [
  ...["state", "slab", "offset", "size", "requested", "cell", "line", "tag"],
  ...["generation", "born", "bornAt", "moved"],
] as readonly Field[];
type Field =
  | ("state" | "slab" | "offset" | "size" | "requested" | "cell" | "line" | "tag")
  | ("generation" | "born" | "bornAt" | "moved");

export class BlockTable {
  /** BLOCK_STATE of each row; `none` for a row that holds no block. */
  state = new Uint8Array(FIRST_ROWS);
  slab = new Uint32Array(FIRST_ROWS);
  /** Granules from the start of the slab. */
  offset = new Uint32Array(FIRST_ROWS);
  /** Granules. */
  size = new Uint32Array(FIRST_ROWS);
  requested = new Float64Array(FIRST_ROWS);
  cell = new Uint32Array(FIRST_ROWS);
  line = new Uint32Array(FIRST_ROWS);
  tag = new Uint32Array(FIRST_ROWS);
  /** How often the row has changed hands: with the id it names a block. */
  generation = new Uint32Array(FIRST_ROWS);
  /** When the block was allocated, milliseconds since the epoch; NaN where that is not known. */
  born = new Float64Array(FIRST_ROWS);
  /** Index of the record of its allocation, 0 for a block that is older than the records. */
  bornAt = new Float64Array(FIRST_ROWS);
  /** When the block last moved, left its slab or came back; 0 for never. */
  moved = new Float64Array(FIRST_ROWS);
  /** Rows that were ever used: ids are below this. */
  rows = 0;
  /** Rows that hold a block now. */
  count = 0;
  /** Grows with every change, so that views know when to draw. */
  version = 0;
  readonly #counter: BlockCounter | undefined;

  constructor(counter?: BlockCounter) {
    this.#counter = counter;
  }

  clear(): void {
    this.#counter?.clear();
    this.state.fill(BLOCK_STATE.none, 0, this.rows);
    this.generation.fill(0, 0, this.rows);
    this.rows = 0;
    this.count = 0;
    this.version++;
  }

  /** A copy that lives on its own. */
  clone(): BlockTable {
    const copy = new BlockTable();
    for (const field of FIELDS) {
      // The arrays' types differ from field to field, those of one field don't.
      (copy as unknown as Record<Field, unknown>)[field] = this[field].slice(
        0,
        Math.max(this.rows, 1),
      );
    }
    copy.rows = this.rows;
    copy.count = this.count;
    return copy;
  }

  /**
   * Takes the rows of a snapshot in place of everything. Blocks that are the same as before keep their birth;
   * of others nothing is known but that they were there at record `at` (0: nothing at all).
   */
  load(rows: Uint32Array, at = 0): void {
    const before = this.rows;
    this.state.fill(BLOCK_STATE.none, 0, before);
    this.count = 0;
    this.#counter?.clear();
    this.version++;
    for (let from = 0; from < rows.length; from += BLOCK_ROW_WORDS) {
      const state = rows[from + 9]!;
      const id = rows[from]!;
      if (state === BLOCK_STATE.none) continue;
      const generation = rows[from + 10]!;
      const known = id < before && this.generation[id] === generation;
      const requested = rows[from + 4]! + rows[from + 5]! * 2 ** 32;
      this.#put(id, state, rows[from + 1]!, rows[from + 2]!, rows[from + 3]!, requested);
      this.#attribute(id, rows[from + 6]!, rows[from + 7]!, rows[from + 8]!);
      this.generation[id] = generation;
      if (!known) this.setBirth(id, Number.NaN, at);
      if (state !== BLOCK_STATE.cached) this.#counter?.count(this, id, 1);
    }
  }

  /** Says when the block of a row was allocated: milliseconds since the epoch, and the record's index. */
  setBirth(id: number, time: number, at: number): void {
    this.born[id] = time;
    this.bornAt[id] = at;
    this.moved[id] = 0;
  }

  /**
   * Applies one record that begins at word `at`; it has the index `index` and happened at `time`. Records
   * that don't concern blocks are passed over.
   */
  apply(events: Uint32Array, at: number, index = 0, time = Number.NaN): void {
    const kind = events[at]! & 0xff;
    const id = events[at + 1]!;
    const spilled = kind === EVENT.spill;
    // An allocation in a row whose end was missed: the snapshot's rows may be newer than its records.
    if (kind === EVENT.alloc) this.#drop(id);
    if (spilled || kind === EVENT.alloc || kind === EVENT.move || kind === EVENT.fetch) {
      const word = events[at + 7]!;
      const requested = events[at + 5]! + (word >>> 20) * 2 ** 32;
      const state = spilled ? BLOCK_STATE.spilled : BLOCK_STATE.live;
      this.#put(id, state, events[at + 2]!, events[at + 3]!, events[at + 4]!, requested);
      this.#attribute(id, events[at + 6]!, word & 0xfffff, events[at]! >>> 8);
      if (kind !== EVENT.alloc) this.moved[id] = time;
      else {
        this.generation[id]!++;
        this.setBirth(id, time, index);
        this.#counter?.count(this, id, 1);
      }
    } else if (kind === EVENT.free) {
      this.#drop(id);
      if (id < this.rows) this.generation[id]!++;
    } else if (kind === EVENT.slabFree) {
      for (let row = 0; row < this.rows; row++) if (this.slab[row] === id) this.#drop(row);
    }
  }

  /** Applies every record of `events`. */
  applyAll(events: Uint32Array): void {
    for (let at = 0; at < events.length; at += EVENT_WORDS) this.apply(events, at);
  }

  /** Takes over a row of another table. */
  copyRow(from: BlockTable, id: number): void {
    const { slab, offset, size, requested } = from;
    this.#put(id, from.state[id]!, slab[id]!, offset[id]!, size[id]!, requested[id]!);
    this.#attribute(id, from.cell[id]!, from.line[id]!, from.tag[id]!);
    this.setBirth(id, from.born[id]!, from.bornAt[id]!);
    this.generation[id] = from.generation[id]!;
  }

  /** Whether the row holds the block that `other` has there. */
  isSame(other: BlockTable, id: number): boolean {
    const here = id < this.rows && this.state[id] !== BLOCK_STATE.none;
    const there = id < other.rows && other.state[id] !== BLOCK_STATE.none;
    return here && there && this.generation[id] === other.generation[id];
  }

  /** The block of row `id`, or undefined where there is none. */
  get(id: number): Block | undefined {
    const state = id < this.rows ? this.state[id]! : BLOCK_STATE.none;
    if (state === BLOCK_STATE.none) return undefined;
    return {
      id,
      state,
      slab: this.slab[id]!,
      offset: this.offset[id]! * GRANULE,
      bytes: this.size[id]! * GRANULE,
      requested: this.requested[id]!,
      cell: this.cell[id]!,
      line: this.line[id]!,
      tag: this.tag[id]!,
      born: this.born[id]!,
    };
  }

  #put(
    id: number,
    state: number,
    slab: number,
    offset: number,
    size: number,
    requested: number,
  ): void {
    if (id >= this.state.length) this.#grow(id + 1);
    if (this.state[id] === BLOCK_STATE.none) this.count++;
    this.state[id] = state;
    this.slab[id] = slab;
    this.offset[id] = offset;
    this.size[id] = size;
    this.requested[id] = requested;
    if (id >= this.rows) this.rows = id + 1;
    this.version++;
  }

  #attribute(id: number, cell: number, line: number, tag: number): void {
    this.cell[id] = cell;
    this.line[id] = line;
    this.tag[id] = tag;
  }

  #drop(id: number): void {
    if (id >= this.rows || this.state[id] === BLOCK_STATE.none) return;
    if (this.state[id] !== BLOCK_STATE.cached) this.#counter?.count(this, id, -1);
    this.state[id] = BLOCK_STATE.none;
    this.count--;
    this.version++;
  }

  #grow(rows: number): void {
    const length = 2 ** Math.ceil(Math.log2(rows));
    for (const field of FIELDS) {
      const old = this[field];
      const longer = new (old.constructor as new (length: number) => typeof old)(length);
      longer.set(old);
      (this as unknown as Record<Field, unknown>)[field] = longer;
    }
  }
}
