// Bytes of one or more blocks that left their slabs together. They stay together, in host memory or in one
// file, until the last of the blocks has come back or ended and nobody reads them any more.
import type { HostCopy } from "../types.ts";
import type { SpillFile } from "./disk.ts";

export type Tier = "host" | "disk";

/** A block whose bytes are not in a slab. */
export interface Away {
  readonly row: number;
  /** Bytes that its place in a slab takes. */
  readonly size: number;
  /** Bytes that are kept of it: those asked for, in whole words; 0 for a blank block. */
  readonly bytes: number;
  /** Where they lie; undefined where there are none. */
  parcel: Parcel | undefined;
  /** Where room is kept for the block: that of a blank one may be needed by what is written to it later. */
  readonly tier: Tier;
  /** Bytes from the start of the parcel. */
  offset: number;
  /** The reading of its file, while that is under way. */
  loading: Promise<void> | undefined;
}

/** Bytes of a tier's budget that a block takes as it leaves: for a blank one the room of its place. */
export const roomFor = ({ bytes, size }: Away) => (bytes === 0 ? size : bytes);

export class Parcel {
  readonly bytes: number;
  readonly members = new Set<Away>();
  /** Exactly one of the two is there, until the parcel ends. */
  copy: HostCopy | undefined;
  file: SpillFile | undefined;
  #users = 0;

  constructor(bytes: number, copy: HostCopy) {
    this.bytes = bytes;
    this.copy = copy;
  }

  get tier(): Tier {
    return this.copy ? "host" : "disk";
  }

  /** Whether nobody needs it any more. */
  get done(): boolean {
    return this.members.size === 0 && this.#users === 0;
  }

  /** Whether less than half of it is still needed, by blocks alone. */
  get sparse(): boolean {
    if (this.#users > 0 || this.members.size === 0) return false;
    let needed = 0;
    for (const { bytes } of this.members) needed += bytes;
    return needed * 2 < this.bytes;
  }

  /** A read or write of its bytes begins; `leave` ends it. */
  enter(): void {
    this.#users++;
  }

  leave(): void {
    this.#users--;
  }
}
