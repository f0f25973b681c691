// Sheets: memory of an owner and one reader, in which the reader writes down the versions that it has leased. So a
// lease is taken and ended without a message, and without waking the owner, who looks there before it reuses a
// range. Layout and the order in which both sides do things: docs/exchange.md.
import type { Native } from "../base/index.ts";
import { encodeFrame } from "./frames.ts";

/** Words of u64, in the machine's byte order: how many of the others are to be looked at, and then versions. */
const WORDS = 2048;
export const SHEET_BYTES = WORDS * 8;

function wordsOf(addon: Native, mapping: number): BigUint64Array {
  const words = new BigUint64Array(addon.view(mapping, 0, SHEET_BYTES));
  addon.unmapArena(mapping); // it stays as long as the view
  return words;
}

/** The owner's side. */
export class OwnSheet {
  readonly number: number;
  readonly fd: number;
  readonly #words: BigUint64Array;
  readonly #native: Native;

  constructor(addon: Native, number: number) {
    this.number = number;
    const { fd, mapping } = addon.createSheet(SHEET_BYTES);
    this.#native = addon;
    this.fd = fd;
    this.#words = wordsOf(addon, mapping);
  }

  /** The versions that the reader has leased, each as often as it has. */
  versions(): number[] {
    // The reader's to write: it may hold anything.
    const end = Math.min(Number(Atomics.load(this.#words, 0)), WORDS - 1);
    const versions: number[] = [];
    for (let word = 1; word <= end; word++) {
      const version = Number(Atomics.load(this.#words, word));
      if (version !== 0) versions.push(version);
    }
    return versions;
  }

  close(): void {
    this.#native.closeDescriptor(this.fd);
    this.#native.detach(this.#words.buffer as ArrayBuffer); // not when it is collected: it is unmapped now
  }
}

/** An owner's sheets by their numbers, which are not used again. */
export class OwnSheets {
  readonly #byNumber = new Map<number, OwnSheet>();
  #last = 0;

  make(addon: Native): OwnSheet {
    const sheet = new OwnSheet(addon, ++this.#last);
    this.#byNumber.set(sheet.number, sheet);
    return sheet;
  }

  find(number: unknown): OwnSheet | undefined {
    return this.#byNumber.get(number as number);
  }

  forget(sheet: OwnSheet | undefined): void {
    if (sheet && this.#byNumber.delete(sheet.number)) sheet.close();
  }
}

/** The reader's side: leases have the numbers from −1 to −2047. */
export class PeerSheet {
  readonly #words: BigUint64Array;
  readonly #free: number[] = [];
  #end = 0;

  readonly #native: Native;

  private constructor(addon: Native, words: BigUint64Array) {
    this.#native = addon;
    this.#words = words;
  }

  /** The sheet of that number. Rejects where the peer passes none that can be mapped. */
  static async fetch(
    addon: Native,
    path: string,
    sheet: unknown,
    patienceMs: number,
  ): Promise<PeerSheet> {
    const request = encodeFrame({ op: "sheet", id: 1, sheet });
    const fd = await addon.receiveDescriptor(path, request, patienceMs);
    try {
      return new PeerSheet(addon, wordsOf(addon, addon.mapSheet(fd, SHEET_BYTES)));
    } finally {
      addon.closeDescriptor(fd);
    }
  }

  /** Writes a version down: it is leased if the board still says so afterwards. Undefined where there is no room. */
  lease(version: number): number | undefined {
    let word = this.#free.pop();
    if (word === undefined) {
      if (this.#end === WORDS - 1) return undefined;
      word = ++this.#end;
      Atomics.store(this.#words, 0, BigInt(word));
    }
    Atomics.store(this.#words, word, BigInt(version));
    return -word;
  }

  release(lease: number): void {
    Atomics.store(this.#words, -lease, 0n);
    this.#free.push(-lease);
    if (this.#free.length < this.#end) return;
    this.#free.length = 0;
    this.#end = 0;
    Atomics.store(this.#words, 0, 0n);
  }

  /** No lease in it may be taken or ended from now on. */
  close(): void {
    this.#native.detach(this.#words.buffer as ArrayBuffer);
  }

  static has(lease: number): boolean {
    return lease < 0 && lease > -WORDS;
  }
}

/** Above all leases in sheets: those of which the owner is told have numbers below. */
export const LAST_IN_SHEET = 1 - WORDS;
