// Boards: a page of each owner that others map and read without asking. It has a count for each name (for
// many names the same one), which the owner raises whenever the name has a new version or is taken back.
// While the count stands still, what the owner has answered for the name is still true.
import { crc32 } from "node:zlib";
import type { Native } from "../base/index.ts";
import { encodeFrame } from "./frames.ts";

/** Counts on a board: u32, in the machine's byte order. */
const COUNTS = 1024;
export const BOARD_BYTES = COUNTS * Uint32Array.BYTES_PER_ELEMENT;

/** How another thread of the owner reaches its board. */
export interface BoardHandle {
  fd: number;
  mapping: number;
}

const places = new Map<string, number>();
const PLACES_KEPT = 4096;

/** Which count is the name's: its CRC-32 modulo their number. */
function place(name: string): number {
  let found = places.get(name);
  if (found === undefined) {
    if (places.size >= PLACES_KEPT) places.clear();
    places.set(name, (found = crc32(name) % COUNTS));
  }
  return found;
}

/** This process's own board. Two threads raise its counts: the owner's and the one that serves. */
export class OwnBoard {
  readonly handle: BoardHandle;
  readonly #counts: Uint32Array;

  /** `handle`: of the board that another thread has made. */
  constructor(addon: Native, handle?: BoardHandle) {
    this.handle = handle ?? addon.createArena("cenote-board", BOARD_BYTES);
    this.#counts = new Uint32Array(addon.view(this.handle.mapping, 0, BOARD_BYTES));
  }

  /** To be called when a question would already have the new answer. */
  raise(name: string): void {
    Atomics.add(this.#counts, place(name), 1);
  }
}

/** A peer's board, mapped. */
export class PeerBoard {
  readonly #counts: Uint32Array;

  private constructor(counts: Uint32Array) {
    this.#counts = counts;
  }

  /** Rejects where the peer passes none that can be mapped. */
  static async fetch(addon: Native, path: string, patienceMs: number): Promise<PeerBoard> {
    const request = encodeFrame({ op: "board", id: 1 });
    const fd = await addon.receiveDescriptor(path, request, patienceMs);
    try {
      const mapping = addon.mapArena(fd, BOARD_BYTES);
      const counts = new Uint32Array(addon.view(mapping, 0, BOARD_BYTES));
      addon.unmapArena(mapping); // it stays as long as the view
      return new PeerBoard(counts);
    } finally {
      addon.closeDescriptor(fd);
    }
  }

  count(name: string): number {
    return Atomics.load(this.#counts, place(name));
  }
}
