// Arenas as mapped in this process for reading. A mapping is copy-on-write: a stray write neither crashes
// this process nor reaches the owner. When the lease on a range ends, what was written to its pages here is
// forgotten, so that a later table in the same place is seen as its owner wrote it.
import type { Native } from "../base/index.ts";
import { pageAlign } from "./ranges.ts";

/** One arena, mapped. */
export class MappedArena {
  readonly bytes: number;
  readonly #native: Native;
  readonly #mapping: number;
  /** Leases by the offset of their range: two where one's view is collected but not told of yet. */
  readonly #leases = new Map<number, number>();

  /** Takes over the descriptor. Throws where the file is too small or could be shrunk. */
  constructor(addon: Native, fd: number, bytes: number) {
    this.#native = addon;
    this.bytes = bytes;
    try {
      this.#mapping = addon.mapArena(fd, bytes);
    } finally {
      addon.closeDescriptor(fd);
    }
  }

  /** A view over a range, leased until `end`. */
  lease(offset: number, bytes: number): ArrayBuffer {
    const view = this.#native.view(this.#mapping, offset, bytes);
    this.#leases.set(offset, (this.#leases.get(offset) ?? 0) + 1);
    return view;
  }

  end(offset: number, bytes: number): void {
    const left = (this.#leases.get(offset) ?? 0) - 1;
    if (left > 0) {
      this.#leases.set(offset, left);
      return;
    }
    this.#leases.delete(offset);
    this.#native.forgetWrites(this.#mapping, offset, pageAlign(bytes));
  }

  get unused(): boolean {
    return this.#leases.size === 0;
  }

  close(): void {
    this.#native.unmapArena(this.#mapping);
  }
}
