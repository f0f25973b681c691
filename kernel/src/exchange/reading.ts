// Reads what was found: in place, over the mapped arena; or over a copy where it can't be mapped.
import type * as Arrow from "apache-arrow";
import { bytesOutside } from "./arrow-buffers.ts";
import { decode } from "./decode.ts";
import { type Finder, type Found, leaseKey } from "./finding.ts";
import type { Decoded } from "./known-streams.ts";
import type { Leases } from "./leases.ts";
import type { MappedArenas } from "./mapped-arenas.ts";
import type { MappedArena } from "./mappings.ts";
import type { Owner } from "./owner.ts";
import { PATIENCE_MS } from "./peers.ts";
import { readSegment } from "./segment.ts";

export class Reader {
  readonly counts = { handoffs: 0, copies: 0, bytesCopied: 0 };
  readonly #owner: Owner;
  readonly #finder: Finder;
  readonly #leases: Leases;
  readonly #arenas: MappedArenas | undefined;
  #lastCopy = 0;

  /** `arenas`: undefined where nothing can be mapped. */
  constructor(owner: Owner, finder: Finder, leases: Leases, arenas: MappedArenas | undefined) {
    this.#owner = owner;
    this.#finder = finder;
    this.#leases = leases;
    this.#arenas = arenas;
  }

  /** The table, over the mapped arena; or over a copy where it can't be mapped. */
  async open(arrow: typeof Arrow, found: Found): Promise<Arrow.Table | undefined> {
    const mapped = this.#arenas && found.description.arena;
    const table = await (mapped
      ? this.#openMapped(arrow, found, this.#arenas!)
      : this.#openCopy(arrow, found));
    if (table) this.counts.handoffs++;
    return table;
  }

  /** Every copy is a version of its own: it is released, and its arrays are emptied, as those of mappings are. */
  async #openCopy(arrow: typeof Arrow, found: Found): Promise<Arrow.Table> {
    const copy = await this.#copy(found);
    const decoded = decode(arrow, copy, found.description);
    const key = `copy ${++this.#lastCopy}`;
    this.#leases.add(found.description.table.name, key, copy.buffer, () => {});
    return this.#claim(arrow, key, decoded);
  }

  #claim(arrow: typeof Arrow, key: string, decoded: Decoded): Arrow.Table {
    const table = new arrow.Table(decoded.schema, decoded.batches);
    this.#leases.claim(key, table, decoded);
    return table;
  }

  /** Undefined when the lease that there was has ended meanwhile: a newer version has been got. */
  async #openMapped(
    arrow: typeof Arrow,
    found: Found,
    arenas: MappedArenas,
  ): Promise<Arrow.Table | undefined> {
    const leases = this.#leases;
    const { table: shared, offset, arena: place } = found.description;
    let arena: MappedArena;
    try {
      const owner = "owned" in found ? this.#owner : found.peer;
      arena = await arenas.find(owner, place!, shared.owner);
    } catch (error) {
      this.#finder.endLease(found);
      throw error;
    }
    const key = leaseKey("owned" in found ? "own" : found.peer.path, shared);
    let view = leases.find(key);
    if (view) {
      this.#finder.endLease(found); // one will do
    } else if ("peer" in found && found.lease === undefined) {
      return undefined;
    } else {
      view = arena.lease(offset, shared.bytes);
      leases.add(shared.name, key, view, (memory) => {
        arena.end(offset, shared.bytes, memory);
        this.#finder.endLease(found);
        arenas.forgetDropped();
      });
    }
    try {
      const decoded = leases.decoded(key) ?? decode(arrow, new Uint8Array(view), found.description);
      const outside = bytesOutside(decoded, view);
      this.countCopy(outside);
      return this.#claim(arrow, key, decoded);
    } catch (error) {
      leases.abandon(key);
      throw error;
    }
  }

  async #copy(found: Found): Promise<Uint8Array<ArrayBuffer>> {
    const { bytes } = found.description.table;
    let copy: Uint8Array<ArrayBuffer>;
    try {
      if ("owned" in found) {
        const { arena, offset } = found.owned.place;
        copy = new Uint8Array(readSegment(arena.segment.handle, offset, bytes));
      } else copy = await found.peer.fetch(found.lease!, bytes, PATIENCE_MS); // only what is mapped has none
    } finally {
      this.#finder.endLease(found);
    }
    this.countCopy(bytes);
    return copy;
  }

  /** A copy besides the one into the arena. */
  countCopy(bytes: number): void {
    if (bytes === 0) return;
    this.counts.copies++;
    this.counts.bytesCopied += bytes;
  }
}
