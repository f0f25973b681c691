// The arenas of this process: segments, and the page ranges that are taken in them. They are kept warm
// and reused, because writing to fresh pages costs nine times as much as writing to warm ones.
import { checkBudget, checkRoom, memoryRoom } from "./host-memory.ts";
import { pageAlign, Ranges } from "./ranges.ts";
import { makeSegment, type Segment } from "./segment.ts";

/** Arenas are at least this large; a larger object gets an arena of its own size. */
const ARENA_BYTES = 64 * 1024 * 1024;
/** Bytes of empty arenas that are kept. */
const KEEP_WARM_BYTES = 256 * 1024 * 1024;

export interface Arena {
  id: number;
  segment: Segment;
  ranges: Ranges;
}

export interface Place {
  arena: Arena;
  offset: number;
  bytes: number;
}

export class Arenas {
  #arenas: Arena[] = [];
  #lastId = 0;
  readonly #onNew: (arena: Arena) => void;
  readonly #onDropped: (arena: Arena) => void;
  readonly #room: () => number;
  /** Bytes of ranges that are reserved, but not written yet. */
  unwritten = 0;

  /** `room`: bytes of memory that may still be taken. */
  constructor(
    onNew: (arena: Arena) => void,
    onDropped: (arena: Arena) => void,
    room: () => number = memoryRoom,
  ) {
    this.#onNew = onNew;
    this.#onDropped = onDropped;
    this.#room = room;
  }

  /**
   * Takes a range of that many bytes, in whole pages. Throws HOST_MEMORY where the host's budget or a new arena
   * has no room.
   */
  take(bytes: number): Place {
    checkBudget(pageAlign(bytes), this.taken);
    return this.#take(bytes);
  }

  /** Takes a range that is written piece by piece: what is written counts, not the range. */
  reserve(bytes: number): Reserved {
    return new Reserved(this, this.#take(bytes));
  }

  #take(bytes: number): Place {
    const pages = pageAlign(bytes);
    for (const arena of this.#arenas) {
      const offset = arena.ranges.take(pages);
      if (offset !== undefined) return { arena, offset, bytes };
    }
    checkRoom(pages, this.#room());
    const size = Math.max(ARENA_BYTES, pages);
    const arena = { id: ++this.#lastId, segment: makeSegment(size), ranges: new Ranges(size) };
    this.#arenas.push(arena);
    this.#onNew(arena);
    return { arena, offset: arena.ranges.take(pages)!, bytes };
  }

  /**
   * Frees a range, and drops arenas when too many lie empty. `replaced`: a newer version lies elsewhere, and
   * the next may come here: this arena is kept however large it is.
   */
  giveBack(place: Place, replaced: boolean): void {
    place.arena.ranges.giveBack(place.offset, pageAlign(place.bytes));
    const kept = replaced ? place.arena : undefined;
    const empty = this.#arenas
      .filter((arena) => arena !== kept && arena.ranges.empty)
      .sort((a, b) => b.segment.bytes - a.segment.bytes);
    let surplus = empty.reduce((sum, arena) => sum + arena.segment.bytes, 0) - KEEP_WARM_BYTES;
    for (const arena of empty) {
      if (surplus <= 0) return;
      surplus -= arena.segment.bytes;
      this.#arenas = this.#arenas.filter((other) => other !== arena);
      this.#onDropped(arena);
      arena.segment.close();
    }
  }

  /** Bytes of ranges in which something lies, or soon will. */
  get taken(): number {
    const ranges = this.#arenas.reduce((sum, arena) => sum + arena.ranges.taken, 0);
    return ranges - this.unwritten;
  }

  has(id: number): boolean {
    return this.#arenas.some((arena) => arena.id === id);
  }

  get count(): number {
    return this.#arenas.length;
  }

  get bytes(): number {
    return this.#arenas.reduce((sum, arena) => sum + arena.segment.bytes, 0);
  }
}

/** A range that is being written piece by piece, and is shared or given up in the end. */
export class Reserved {
  /** Bytes written so far. */
  written = 0;
  readonly #arenas: Arenas;
  readonly #place: Place;

  constructor(arenas: Arenas, place: Place) {
    this.#arenas = arenas;
    this.#place = place;
    arenas.unwritten += pageAlign(place.bytes);
  }

  get bytes(): number {
    return this.#place.bytes;
  }

  /** Writes the next bytes. Throws HOST_MEMORY where the host's budget is spent, and what `write` throws. */
  add(bytes: number, write: (target: Uint8Array) => void): void {
    checkBudget(bytes, this.#arenas.taken);
    this.#place.arena.segment.fill(this.#place.offset + this.written, bytes, write);
    this.written += bytes;
    this.#arenas.unwritten -= bytes;
  }

  /** The range of what was written; the rest is given back. Once, unless it is given up. */
  take(): Place {
    const { arena, offset, bytes } = this.#place;
    const [kept, taken] = [pageAlign(this.written), pageAlign(bytes)];
    this.#arenas.unwritten -= taken - this.written;
    if (kept < taken) arena.ranges.giveBack(offset + kept, taken - kept);
    return { arena, offset, bytes: this.written };
  }

  giveUp(): void {
    this.#arenas.unwritten -= pageAlign(this.#place.bytes) - this.written;
    this.#arenas.giveBack(this.#place, false);
  }
}
