// Boards: memory of each owner that others map and read without asking. A board has a count for each name (for
// many names the same one), which the owner raises whenever the name has a new version or is taken back: while
// it stands still, what the owner has answered for the name is still true. Behind the counts the current
// objects are posted, in a hash table, so that a reader finds and leases a new version without waiting for
// anybody. Layout: docs/exchange.md.
import { crc32 } from "node:zlib";
import type { Native } from "../base/index.ts";
import { encodeFrame } from "./frames.ts";
import type { Description, Facts } from "./shared.ts";

/** Counts at the beginning of a board: u32, in the machine's byte order. */
const COUNTS = 1024;
/** Then the number of names that are not posted, a u32, with a page of its own. */
const NOT_POSTED_AT = COUNTS * 4;
/** Then a hash for each entry (0: it is free), in buckets, and then the entries. */
const ENTRIES = 16384;
const BUCKET = 8;
const HASHES_AT = NOT_POSTED_AT + 4096;
const ENTRIES_AT = HASHES_AT + ENTRIES * 4;
const ENTRY_BYTES = 256;
export const BOARD_BYTES = ENTRIES_AT + ENTRIES * ENTRY_BYTES;
/**
 * An entry: a checksum of what follows, bytes of the name (u32), and eight facts (u64); then the name. At its end
 * the last version that was taken back, which another thread of the owner writes.
 */
const FACTS_AT = 8;
const NAME_AT = FACTS_AT + 8 * 8;
const TAKEN_AT = ENTRY_BYTES - 8;
const NAME_LIMIT = TAKEN_AT - NAME_AT;

/** How another thread of the owner reaches its board. */
export interface BoardHandle {
  fd: number;
  mapping: number;
}

interface Place {
  coded: Buffer;
  crc: number;
  hash: number;
  /** The first entry of its bucket. */
  bucket: number;
}

const places = new Map<string, Place>();
const PLACES_KEPT = 4096;

function place(name: string): Place {
  let found = places.get(name);
  if (found === undefined) {
    if (places.size >= PLACES_KEPT) places.clear();
    const coded = Buffer.from(name);
    const crc = crc32(coded);
    const hash = crc || 1;
    found = { coded, crc, hash, bucket: (hash % (ENTRIES / BUCKET)) * BUCKET };
    places.set(name, found);
  }
  return found;
}

const entryAt = (entry: number) => ENTRIES_AT + entry * ENTRY_BYTES;

/** The parts of a board that is mapped. */
class Memory {
  readonly counts: Uint32Array;
  readonly notPosted: Uint32Array;
  readonly hashes: Uint32Array;
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(addon: Native, mapping: number) {
    const whole = addon.view(mapping, 0, BOARD_BYTES);
    this.counts = new Uint32Array(whole, 0, COUNTS);
    this.notPosted = new Uint32Array(whole, NOT_POSTED_AT, 1);
    this.hashes = new Uint32Array(whole, HASHES_AT, ENTRIES);
    this.bytes = Buffer.from(whole);
    this.view = new DataView(whole);
  }
}

/** This process's own board. Two threads write to it: the owner's, and the one that serves takes names back. */
export class OwnBoard {
  readonly handle: BoardHandle;
  readonly #memory: Memory;
  readonly #entries = new Map<string, number>();
  readonly #notPosted = new Set<string>();

  /** `handle`: of the board that another thread has made. */
  constructor(addon: Native, handle?: BoardHandle) {
    this.handle = handle ?? addon.createArena("cenote-board", BOARD_BYTES);
    this.#memory = new Memory(addon, this.handle.mapping);
  }

  /** The entry that is or will be the name's; undefined where there is no room for it. */
  entry(name: string): number | undefined {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const { coded, bucket } = place(name);
    if (coded.length > NAME_LIMIT) return undefined;
    const free = this.#memory.hashes.subarray(bucket, bucket + BUCKET).indexOf(0);
    return free < 0 ? undefined : bucket + free;
  }

  /** Posts an object in the name's entry; to be called when a lease on it would be granted already. */
  post({ table, createdUs, arena, offset }: Description, entry: number | undefined): void {
    const { bytes, hashes } = this.#memory;
    const { name } = table;
    const { coded, hash } = place(name);
    if (entry === undefined || !arena) {
      this.#notPosted.add(name);
      Atomics.store(this.#memory.notPosted, 0, this.#notPosted.size);
    } else {
      const made = Buffer.alloc(NAME_AT + coded.length);
      made.writeUInt32LE(coded.length, 4);
      const { version, rows, bytes: size, columnCount } = table;
      const facts = [version, createdUs, rows, size, columnCount, arena.id, arena.bytes, offset];
      for (const [i, fact] of facts.entries()) writeWhole(made, FACTS_AT + i * 8, fact);
      made.set(coded, NAME_AT);
      made.writeUInt32LE(crc32(made.subarray(4)), 0);
      bytes.set(made, entryAt(entry));
      this.#entries.set(name, entry);
      Atomics.store(hashes, entry, hash);
    }
    this.raise(name);
  }

  /** The name was taken back, in the owner's thread. */
  takeDown(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#notPosted.delete(name);
      Atomics.store(this.#memory.notPosted, 0, this.#notPosted.size);
    } else {
      Atomics.store(this.#memory.hashes, entry, 0);
      this.#memory.bytes.fill(0, entryAt(entry), entryAt(entry) + NAME_AT);
      this.#entries.delete(name);
    }
    this.raise(name);
  }

  /** A version was taken back, in the serving thread: the owner's may be busy, or post a newer one just now. */
  strike(name: string, entry: number | undefined, version: number): void {
    const { view } = this.#memory;
    if (entry !== undefined) view.setBigUint64(entryAt(entry) + TAKEN_AT, BigInt(version), true);
    this.raise(name);
  }

  raise(name: string): void {
    Atomics.add(this.#memory.counts, place(name).crc % COUNTS, 1);
  }
}

function writeWhole(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value % 2 ** 32, at);
  into.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

const readWhole = (from: Buffer, at: number) =>
  from.readUInt32LE(at) + from.readUInt32LE(at + 4) * 2 ** 32;

/** What a board says under a name, as it was read: it may be void by now. */
export interface Entry {
  /** What is said of the object, unchecked; but its columns' names. */
  readonly facts: Omit<Facts, "owner">;
  /** Whether the board still says the same. */
  stands: () => boolean;
}

/** A peer's board, mapped. */
export class PeerBoard {
  readonly #memory: Memory;

  private constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Rejects where the peer passes none that can be mapped. */
  static async fetch(addon: Native, path: string, patienceMs: number): Promise<PeerBoard> {
    const request = encodeFrame({ op: "board", id: 1 });
    const fd = await addon.receiveDescriptor(path, request, patienceMs);
    try {
      const mapping = addon.mapArena(fd, BOARD_BYTES);
      const memory = new Memory(addon, mapping);
      addon.unmapArena(mapping); // it stays as long as the view
      return new PeerBoard(memory);
    } finally {
      addon.closeDescriptor(fd);
    }
  }

  count(name: string): number {
    return Atomics.load(this.#memory.counts, place(name).crc % COUNTS);
  }

  /** What the board says under the name: null where nothing is shared, undefined where it can't tell. */
  find(name: string): Entry | null | undefined {
    const { hashes, notPosted, bytes } = this.#memory;
    const { coded, hash, bucket } = place(name);
    let entry = bucket;
    while (entry < bucket + BUCKET && Atomics.load(hashes, entry) !== hash) entry++;
    if (entry === bucket + BUCKET) return Atomics.load(notPosted, 0) === 0 ? null : undefined;
    const at = entryAt(entry);
    const there = bytes.subarray(at, at + ENTRY_BYTES);
    const read = Buffer.from(there);
    const size = read.readUInt32LE(4);
    const end = NAME_AT + size;
    if (size !== coded.length || !read.subarray(NAME_AT, end).equals(coded)) return undefined;
    if (crc32(read.subarray(4, end)) !== read.readUInt32LE(0)) return undefined; // it is being written
    const version = readWhole(read, FACTS_AT);
    if (version <= readWhole(read, TAKEN_AT)) return null;
    const facts = {
      name,
      version,
      createdUs: readWhole(read, FACTS_AT + 8),
      rows: readWhole(read, FACTS_AT + 16),
      bytes: readWhole(read, FACTS_AT + 24),
      columns: [],
      columnCount: readWhole(read, FACTS_AT + 32),
      arena: { id: readWhole(read, FACTS_AT + 40), bytes: readWhole(read, FACTS_AT + 48) },
      offset: readWhole(read, FACTS_AT + 56),
    };
    const { createdUs, rows, columnCount, arena, offset } = facts;
    const sum =
      version + createdUs + rows + facts.bytes + columnCount + arena.id + arena.bytes + offset;
    if (!Number.isSafeInteger(sum)) return undefined; // none is below 0: if it is, so is each of them
    return {
      facts,
      // The load orders the comparison after whatever was stored before.
      stands: () => Atomics.load(notPosted, 0) >= 0 && there.equals(read),
    };
  }
}
