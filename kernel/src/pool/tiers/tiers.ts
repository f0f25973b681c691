// Blocks that are not in a slab. Under pressure the blocks used longest ago leave for host memory, and from
// there for disk (store.ts); they come back when they are used. All of it is synchronous, and done while the
// books' sequence word is odd; residence.ts waits for what takes time.
import { BLOCK_STATE, CenoteError, COUNTER, formatBytes, GRANULE } from "../../base/index.ts";
import type { Allocator, Relieved } from "../allocator.ts";
import type { Ledger } from "../ledger.ts";
import { tagText } from "../tags.ts";
import type { Carrier, Place } from "../types.ts";
import { Ages } from "./ages.ts";
import { type Away, Parcel, roomFor, type Tier } from "./parcel.ts";
import type { Store } from "./store.ts";
import { Victims } from "./victims.ts";

/** So much leaves at once, where a request asks for less: each time costs a submit. */
const LEAST_BATCH_BYTES = 8 * 2 ** 20;
const LEAST_BATCH_SHARE = 1 / 32;

export class Tiers {
  readonly ages = new Ages();
  readonly store: Store;
  readonly carrier: Carrier;
  /** How often blocks have left their slabs, and come back. */
  readonly counts = { spills: 0, fetches: 0 };
  readonly #ledger: Ledger;
  readonly #allocator: Allocator;
  readonly #victims: Victims;
  readonly #away = new Map<number, Away>();
  /** Whether blocks could not leave for want of host memory, when room was asked for last. */
  shortOfHost = false;
  /** A block that is coming back: what leaves for its sake may take its room. */
  #coming: Away | undefined;
  /** What has left for the present request. */
  #left = { blocks: 0, bytes: 0 };

  constructor(carrier: Carrier, ledger: Ledger, allocator: Allocator, store: Store) {
    this.carrier = carrier;
    this.store = store;
    this.#ledger = ledger;
    this.#allocator = allocator;
    this.#victims = new Victims(ledger.books, allocator.fit, this.ages);
    allocator.relief.push((bytes, again) => this.#relieve(bytes, again));
  }

  isAway(row: number): boolean {
    return this.#ledger.books.blocks.state[row] === BLOCK_STATE.spilled;
  }

  /** The block is about to be used where it lies. Throws NOT_RESIDENT when it is away. */
  touch(row: number): void {
    if (this.isAway(row)) throw this.#notResident(row);
    this.ages.used(row);
  }

  /** Whether a block that is away could come back without another's leaving, as far as bytes tell. */
  hasRoomFor(row: number): boolean {
    const free = this.#ledger.get(COUNTER.budget) - this.#ledger.get(COUNTER.live);
    return this.away(row).size <= free;
  }

  /** A block that is away. */
  away(row: number): Away {
    return this.#away.get(row)!;
  }

  /**
   * A block that is away gets a place and its bytes. Throws OutOfPoolMemory, and NOT_RESIDENT when the bytes
   * are not in host memory; then nothing has changed.
   */
  fetch(row: number): void {
    const away = this.away(row);
    const { parcel, offset, bytes } = away;
    if (parcel && !parcel.copy?.ready) throw this.#notResident(row);
    this.#coming = away;
    try {
      this.#allocator.restore(row, { what: `${this.#named(row)}, which had been spilled` });
    } finally {
      this.#coming = undefined;
    }
    if (parcel) {
      try {
        const held = parcel.copy!.view().subarray(offset, offset + bytes);
        this.carrier.copyIn(held, this.#place(row));
      } catch (error) {
        this.#allocator.evict(row);
        throw error;
      }
      this.ages.used(row);
    }
    this.counts.fetches++;
    this.forget(row);
  }

  /** Blocks leave until they make that many bytes, or there is no room for more; returns the bytes that left. */
  spill(bytes: number): number {
    this.#left = { blocks: 0, bytes: 0 };
    while (this.#left.bytes < bytes && this.#spill(bytes - this.#left.bytes));
    return this.#left.bytes;
  }

  /** The block is in a slab again, or has ended: what is kept of it goes. */
  forget(row: number): void {
    const away = this.#away.get(row);
    if (!away) return;
    this.#away.delete(row);
    this.store.forget(away);
  }

  /** After a termination: forgets what is away no more. */
  recover(): void {
    for (const [row, away] of this.#away) {
      away.loading = undefined; // its end may have been cut off
      if (!this.isAway(row)) this.forget(row);
    }
    this.store.recover();
  }

  #relieve(bytes: number, again: boolean): Relieved {
    if (!again) this.#left = { blocks: 0, bytes: 0 };
    const done = this.#spill(bytes);
    const { blocks, bytes: left } = this.#left;
    const noun = blocks === 1 ? "block" : "blocks";
    const texts = blocks > 0 ? [`spilled ${blocks} ${noun} (${formatBytes(left)})`] : [];
    if (!done && this.shortOfHost) texts.push(`could spill no more: ${this.store.shortage()}`);
    return { done, text: texts.join(", ") };
  }

  /** Blocks that take at least `bytes` bytes leave, as far as there are such, and host memory for them. */
  #spill(bytes: number): boolean {
    const batch = Math.min(LEAST_BATCH_BYTES, this.#ledger.get(COUNTER.budget) * LEAST_BATCH_SHARE);
    const leaving = this.#choose(Math.max(bytes, batch));
    const parcel = this.#copyOut(leaving.filter((away) => away.bytes > 0));
    const gone = leaving.filter((away) => this.#leave(away, parcel));
    if (parcel && parcel.members.size > 0) this.store.add(parcel);
    else parcel?.copy?.release();
    return gone.length > 0;
  }

  #choose(bytes: number): Away[] {
    const chosen = new Map<number, Away>();
    let found = 0;
    let copied = 0;
    const room = this.store.room(this.#coming);
    this.shortOfHost = false;
    for (const row of this.#victims.inOrder()) {
      if (chosen.has(row)) continue;
      const away = this.#awayFrom(row, room);
      const needed = roomFor(away);
      if (needed > room[away.tier]) {
        this.shortOfHost = true;
        continue;
      }
      if (found > 0 && copied + away.bytes > this.carrier.largest) break;
      room[away.tier] -= needed;
      copied += away.bytes;
      found += away.size;
      chosen.set(row, away);
      if (found >= bytes) break;
    }
    return [...chosen.values()];
  }

  /** Blank blocks take no room on the host where the disk has some. */
  #awayFrom(row: number, room: Readonly<Record<Tier, number>>): Away {
    const blank = this.ages.isBlank(row);
    const bytes = blank ? 0 : Math.ceil(this.#ledger.requested(row) / 4) * 4;
    const size = this.#ledger.books.blocks.size[row]! * GRANULE;
    const tier = blank && size <= room.disk ? "disk" : "host";
    return { row, size, bytes, tier, parcel: undefined, offset: 0, loading: undefined };
  }

  #copyOut(parts: readonly Away[]): Parcel | undefined {
    if (parts.length === 0) return undefined;
    let total = 0;
    for (const away of parts) {
      away.offset = total;
      total += away.bytes;
    }
    const copied = parts.map(({ row, bytes }) => ({ place: this.#place(row), bytes }));
    return new Parcel(total, this.carrier.copyOut(copied));
  }

  /** False when the block table is full: the block stays. */
  #leave(away: Away, parcel: Parcel | undefined): boolean {
    if (!this.#allocator.evict(away.row)) return false;
    if (away.bytes > 0) {
      away.parcel = parcel;
      parcel!.members.add(away);
    } else this.store.promise(away);
    this.#away.set(away.row, away);
    this.counts.spills++;
    this.#left.blocks++;
    this.#left.bytes += away.size;
    return true;
  }

  #place(row: number): Place {
    const { slab, offset, size } = this.#ledger.books.blocks;
    return { slab: slab[row]!, offset: offset[row]! * GRANULE, size: size[row]! * GRANULE };
  }

  #named(row: number): string {
    const tag = tagText(this.#ledger.books.blocks.tag[row]!);
    return tag ? `block ${row} "${tag}"` : `block ${row}`;
  }

  #notResident(row: number): CenoteError {
    const { parcel } = this.away(row);
    const where = !parcel || parcel.copy ? "host memory" : "disk";
    return new CenoteError(
      "NOT_RESIDENT",
      `${this.#named(row)} is not on the device: it was spilled to ${where}`,
      { mend: "Bring it back first: await tensor.resident(), or await gpu.resident([block])." },
    );
  }
}
