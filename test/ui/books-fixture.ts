// Real books with a simple pool's entries, and the monitor's messages made of them, for tests of the
// panel's model. Sequence, versions and cells are the test's to vary.
import {
  BLOCK_STATE,
  type Books,
  CONTROL,
  EVENT,
  EVENT_WORDS,
  GRANULE,
  openBooks,
  RING_CAPACITY,
} from "../../kernel/src/base/books.ts";
import { writeEvent } from "../../kernel/src/base/events.ts";
import {
  BLOCK_ROW_WORDS,
  MONITOR_VERSION,
  type MonitorDelta,
  type MonitorSnapshot,
  type PoolNumbers,
} from "../../kernel/src/base/monitor-protocol.ts";

interface Row {
  id: number;
  state: number;
  generation: number;
  slab: number;
  offset: number;
  bytes: number;
  requested: number;
  cell: number;
  line: number;
  tag: number;
}

/** A writer of books: blocks at fixed places in slabs, no allocator. */
export class BooksPool {
  readonly books: Books = openBooks();
  readonly #rows = new Map<number, Row>();
  readonly #generations = new Map<number, number>();
  readonly slabs = new Map<number, number>([[0, 2 ** 20 / GRANULE]]);

  head(): number {
    return this.books.control[CONTROL.ringHead]!;
  }

  time(): number {
    return 1_700_000_000_000 + this.head();
  }

  live(): number {
    return this.rows().reduce(
      (sum, row) => sum + (row.state === BLOCK_STATE.spilled ? 0 : row.bytes),
      0,
    );
  }

  rows(): Row[] {
    return [...this.#rows.values()].sort((a, b) => a.id - b.id);
  }

  write(kind: number, id: number, slab: number, offset: number, size: number): void {
    writeEvent(this.books, kind, id, slab, offset, size, 0, 0, 0, 0);
  }

  slab(id: number, granules: number): void {
    this.slabs.set(id, granules);
    this.write(EVENT.slabNew, id, id, 0, granules);
  }

  /** Moves row `id` to slab 9 or spills it; brings it back where it is spilled. Nothing where there is no such row. */
  shift(id: number, how: "move" | "spill"): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    const spilled = row.state === BLOCK_STATE.spilled;
    const kind = spilled ? EVENT.fetch : how === "move" ? EVENT.move : EVENT.spill;
    const offset = id * 5000 * GRANULE;
    if (kind === EVENT.spill)
      Object.assign(row, { state: BLOCK_STATE.spilled, slab: 0, offset: 0 });
    else Object.assign(row, { state: BLOCK_STATE.live, slab: 9, offset });
    const sizes = [row.offset / GRANULE, row.bytes / GRANULE, row.requested] as const;
    writeEvent(this.books, kind, id, row.slab, ...sizes, row.cell, row.line, row.tag);
  }

  /** Allocates row `id` where it is free, frees it where it isn't. */
  toggle(id: number, size: number, cell: number, line: number, tag: number): void {
    if (this.#rows.has(id)) this.free(id);
    else this.allocate(id, size, cell, line, tag, size * GRANULE - 1);
  }

  allocate(
    id: number,
    size: number,
    cell: number,
    line: number,
    tag: number,
    requested: number,
    slab = 0,
  ): void {
    const offset = id * 5000;
    const bytes = size * GRANULE;
    this.#rows.set(id, {
      ...{ id, state: BLOCK_STATE.live, slab, offset: offset * GRANULE, bytes, requested },
      ...{ cell, line, tag, generation: this.#next(id) },
    });
    writeEvent(this.books, EVENT.alloc, id, slab, offset, size, requested, cell, line, tag);
  }

  free(id: number): void {
    const row = this.#rows.get(id)!;
    this.#rows.delete(id);
    this.#next(id);
    const [offset, size] = [row.offset / GRANULE, row.bytes / GRANULE];
    const { cell, line, tag } = row;
    writeEvent(this.books, EVENT.free, id, row.slab, offset, size, row.requested, cell, line, tag);
  }

  #next(id: number): number {
    const generation = (this.#generations.get(id) ?? 0) + 1;
    this.#generations.set(id, generation);
    return generation;
  }
}

export function newPool(): BooksPool {
  return new BooksPool();
}

/** The ring's records from head `from` on. */
export function eventsSince(pool: BooksPool, from: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array((pool.head() - from) * EVENT_WORDS);
  for (let i = from; i < pool.head(); i++) {
    const at = (i % RING_CAPACITY) * EVENT_WORDS;
    words.set(pool.books.ring.subarray(at, at + EVENT_WORDS), (i - from) * EVENT_WORDS);
  }
  return words;
}

/** A snapshot with the last `records` records before it. */
export function snapshot(pool: BooksPool, seq: number, records = 0): [MonitorSnapshot, DataView[]] {
  const rows = pool.rows();
  const words = new Uint32Array(rows.length * BLOCK_ROW_WORDS);
  rows.forEach((r, i) => {
    const sizes = [r.offset / GRANULE, r.bytes / GRANULE, r.requested >>> 0];
    const high = Math.floor(r.requested / 2 ** 32);
    const owner = [r.cell, r.line, r.tag, r.state, r.generation];
    words.set([r.id, r.slab, ...sizes, high, ...owner], i * BLOCK_ROW_WORDS);
  });
  const message: MonitorSnapshot = {
    ...{ kind: "snapshot", v: MONITOR_VERSION, seq, time: pool.time(), numbers: numbersOf(pool) },
    slabs: [...pool.slabs].map(([id, granules]) => ({ id, bytes: granules * GRANULE })),
    cells: [],
    tags: {},
    adapter: null,
    marks: [],
    whats: [],
    head: pool.head(),
  };
  const past = eventsSince(pool, Math.max(0, pool.head() - records));
  return [message, [words, samplesOf(pool), past].map(viewOf)];
}

export function delta(
  pool: BooksPool,
  seq: number,
  events: Uint32Array<ArrayBuffer>,
): [MonitorDelta, DataView[]] {
  const message: MonitorDelta = {
    ...{ kind: "delta", v: MONITOR_VERSION, seq, time: pool.time(), numbers: numbersOf(pool) },
    ...{ hidden: 0, cells: [], tags: {}, since: 0 },
    from: pool.head() - events.length / EVENT_WORDS,
  };
  return [message, [events, samplesOf(pool)].map(viewOf)];
}

function samplesOf(pool: BooksPool): Float64Array<ArrayBuffer> {
  const live = pool.live();
  return new Float64Array([pool.time(), live, 2 ** 20, live, 0, pool.head()]);
}

const viewOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>) =>
  new DataView(buffer, byteOffset, byteLength);

function numbersOf(pool: BooksPool): PoolNumbers {
  const live = pool.live();
  return {
    ...{ live, requested: live, reserved: 2 ** 20, peakLive: live, peakReserved: 2 ** 20 },
    ...{ budget: 2 ** 30, allocations: 0, frees: 0, liveBlocks: pool.rows().length },
    ...{ largestFree: 0, uploadBytes: 0, readBackBytes: 0, movedBytes: 0 },
    ...{ spilledBytes: 0, diskBytes: 0, stagingBytes: 0, outsideBytes: 0, allocatedBytes: 0 },
    ...{ hostBudget: 0, diskBudget: 0, cellPeak: live, recentPeak: live },
  };
}
