// The arenas of this process: segments, and the page ranges that are taken in them. They are kept warm
// and reused, because writing to fresh pages costs nine times as much as writing to warm ones.
import { checkBudget, checkRoom, memoryRoom } from "./host-memory.ts";
import { pageAlign, Ranges } from "./ranges.ts";
import { makeSegment, type Segment } from "./segment.ts";

/** Arenas are at least this large; a larger object gets an arena of its own size. */
const ARENA_BYTES = 64 * 1024 * 1024;
/** Bytes of empty arenas that are kept. */
const KEEP_WARM_BYTES = 256 * 1024 * 1024;
/** Milliseconds that peers may take to unmap an arena that was dropped, and bytes that are then freed in one. */
const LET_GO_MS = 2000;
const FREED_PER_MS = 1024 * 1024;
const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));

export interface Arena {
  id: number;
  segment: Segment;
  ranges: Ranges;
  /** The name whose older version was the last to lie here: its next one may come here. */
  spareOf?: string | undefined;
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
  readonly #reclaim: () => void;
  /** Bytes of ranges that are reserved, but not written yet. */
  unwritten = 0;

  /**
   * `room`: bytes of memory that may still be taken. `reclaim` gives back what can be, before a new arena is made
   * though there are some.
   */
  constructor(
    onNew: (arena: Arena) => void,
    onDropped: (arena: Arena) => void,
    room: () => number = memoryRoom,
    reclaim: () => void = () => {},
  ) {
    this.#reclaim = reclaim;
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

  #find(bytes: number, pages: number): Place | undefined {
    for (const arena of this.#arenas) {
      // What is small leaves the large ones to the next large object.
      if (arena.segment.bytes > ARENA_BYTES !== pages > ARENA_BYTES) continue;
      const offset = arena.ranges.take(pages);
      if (offset === undefined) continue;
      arena.spareOf = undefined;
      return { arena, offset, bytes };
    }
    return undefined;
  }

  #take(bytes: number): Place {
    const pages = pageAlign(bytes);
    let found = this.#find(bytes, pages);
    if (!found && this.#arenas.length > 0) {
      this.#reclaim();
      found = this.#find(bytes, pages);
    }
    if (found) return found;
    if (pages > this.#room()) this.#makeRoom(pages);
    checkRoom(pages, this.#room());
    const size = Math.max(ARENA_BYTES, pages);
    const arena = { id: ++this.#lastId, segment: makeSegment(size), ranges: new Ranges(size) };
    this.#arenas.push(arena);
    this.#onNew(arena);
    return { arena, offset: arena.ranges.take(pages)!, bytes };
  }

  /** Drops all empty arenas. Their pages are freed by other threads, and by peers that have them mapped. */
  #makeRoom(pages: number): void {
    const idle = this.#arenas.filter(({ ranges }) => ranges.empty);
    const bytes = idle.reduce((sum, { segment }) => sum + segment.bytes, 0);
    const mayDo = this.#room() + bytes >= pages;
    this.#drop(idle);
    if (!mayDo) return;
    const deadline = performance.now() + LET_GO_MS + bytes / FREED_PER_MS;
    while (pages > this.#room() && performance.now() < deadline) Atomics.wait(NEVER_WOKEN, 0, 0, 5);
  }

  /**
   * Frees a range, and drops arenas when too many lie empty. `newer`: the version that has replaced what lay here.
   * The next one may come here: an arena that is empty now is kept for it, however large it is, until
   * `forgetSpare` or until one is less than half as large.
   */
  giveBack({ arena, offset, bytes }: Place, newer?: { name: string; bytes: number }): void {
    arena.ranges.giveBack(offset, pageAlign(bytes));
    if (newer && arena.ranges.empty) {
      this.#unmark(newer.name);
      if (2 * newer.bytes >= bytes) arena.spareOf = newer.name;
    }
    this.#trim();
  }

  /** No next version of that name is to be expected. */
  forgetSpare(name: string): void {
    this.#unmark(name);
    this.#trim();
  }

  #unmark(name: string): void {
    for (const arena of this.#arenas) if (arena.spareOf === name) arena.spareOf = undefined;
  }

  /** Drops the largest empty arenas that are nobody's spare, beyond what is kept warm. */
  #trim(): void {
    const idle = this.#arenas
      .filter(({ ranges, spareOf }) => spareOf === undefined && ranges.empty)
      .sort((a, b) => b.segment.bytes - a.segment.bytes);
    let surplus = idle.reduce((sum, { segment }) => sum + segment.bytes, 0) - KEEP_WARM_BYTES;
    const dropped: Arena[] = [];
    for (const arena of idle) {
      if (surplus <= 0) break;
      surplus -= arena.segment.bytes;
      dropped.push(arena);
    }
    if (dropped.length > 0) this.#drop(dropped);
  }

  #drop(dropped: Arena[]): void {
    this.#arenas = this.#arenas.filter((arena) => !dropped.includes(arena));
    for (const arena of dropped) {
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
    this.#arenas.giveBack(this.#place);
  }
}
