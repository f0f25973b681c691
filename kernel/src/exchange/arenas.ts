// The arenas of this process: segments, and the page ranges that are taken in them. They are kept warm
// and reused, because writing to fresh pages costs nine times as much as writing to warm ones.
import { checkRoom, memoryRoom } from "./host-memory.ts";
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

  /** Takes a range of that many bytes, in whole pages. Throws HOST_MEMORY where a new arena has no room. */
  take(bytes: number): Place {
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

  /** Gives back what an object has not needed of the range that was taken for it. */
  trim(place: Place, bytes: number): Place {
    const [kept, taken] = [pageAlign(bytes), pageAlign(place.bytes)];
    if (kept < taken) place.arena.ranges.giveBack(place.offset + kept, taken - kept);
    return { ...place, bytes };
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
