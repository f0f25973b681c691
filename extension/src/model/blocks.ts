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
}

const FIRST_ROWS = 1024;

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
  /** Rows that were ever used: ids are below this. */
  rows = 0;
  /** Rows that hold a block now. */
  count = 0;
  /** Grows with every change, so that views know when to draw. */
  version = 0;

  clear(): void {
    this.state.fill(BLOCK_STATE.none, 0, this.rows);
    this.rows = 0;
    this.count = 0;
    this.version++;
  }

  /** Takes the rows of a snapshot in place of everything. */
  load(rows: Uint32Array): void {
    this.clear();
    for (let at = 0; at < rows.length; at += BLOCK_ROW_WORDS) {
      const state = rows[at + 9]!;
      if (state === BLOCK_STATE.none) continue;
      const requested = rows[at + 4]! + rows[at + 5]! * 2 ** 32;
      this.#put(rows[at]!, state, rows[at + 1]!, rows[at + 2]!, rows[at + 3]!, requested);
      this.#attribute(rows[at]!, rows[at + 6]!, rows[at + 7]!, rows[at + 8]!);
    }
  }

  /** Applies one event record that begins at word `at`. Events that don't concern blocks are passed over. */
  apply(events: Uint32Array, at: number): void {
    const kind = events[at]! & 0xff;
    const id = events[at + 1]!;
    const spilled = kind === EVENT.spill;
    if (spilled || kind === EVENT.alloc || kind === EVENT.move || kind === EVENT.fetch) {
      const word = events[at + 7]!;
      const requested = events[at + 5]! + (word >>> 20) * 2 ** 32;
      const [slab, offset, size] = [events[at + 2]!, events[at + 3]!, events[at + 4]!];
      const state = spilled ? BLOCK_STATE.spilled : BLOCK_STATE.live;
      this.#put(id, state, slab, offset, size, requested);
      this.#attribute(id, events[at + 6]!, word & 0xfffff, events[at]! >>> 8);
    } else if (kind === EVENT.free) {
      this.#drop(id);
    } else if (kind === EVENT.slabFree) {
      for (let row = 0; row < this.rows; row++) if (this.slab[row] === id) this.#drop(row);
    }
  }

  /** Applies every record of `events`. */
  applyAll(events: Uint32Array): void {
    for (let at = 0; at < events.length; at += EVENT_WORDS) this.apply(events, at);
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
    this.state[id] = BLOCK_STATE.none;
    this.count--;
    this.version++;
  }

  #grow(rows: number): void {
    const length = 2 ** Math.ceil(Math.log2(rows));
    const longer = <T extends { set(from: T): void }>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.state = longer(new Uint8Array(length), this.state);
    this.slab = longer(new Uint32Array(length), this.slab);
    this.offset = longer(new Uint32Array(length), this.offset);
    this.size = longer(new Uint32Array(length), this.size);
    this.requested = longer(new Float64Array(length), this.requested);
    this.cell = longer(new Uint32Array(length), this.cell);
    this.line = longer(new Uint32Array(length), this.line);
    this.tag = longer(new Uint32Array(length), this.tag);
  }
}
