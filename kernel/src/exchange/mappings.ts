// Arenas as mapped in this process for reading. A mapping is copy-on-write: a stray write neither crashes
// this process nor reaches the owner. When the lease on a range ends, what was written to its pages here is
// forgotten, so that a later table in the same place is seen as its owner wrote it.
import type { Native } from "../base/index.ts";
import { pageAlign } from "./ranges.ts";

/** Views of an arena that are kept for the next version in their place: to make one takes longer than to reuse it. */
const MOST_IDLE = 64;

/** One arena, mapped. */
export class MappedArena {
  readonly bytes: number;
  readonly #native: Native;
  readonly #mapping: number;
  /** Views that are not in use, by the offset of their range, for the next version in that place. */
  readonly #idle = new Map<number, ArrayBuffer>();
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
    const idle = this.#idle.get(offset);
    this.#idle.delete(offset);
    const fits = idle?.byteLength === bytes;
    if (idle && !fits) this.#native.detach(idle);
    const view = fits ? idle : this.#native.view(this.#mapping, offset, bytes);
    this.#leases.set(offset, (this.#leases.get(offset) ?? 0) + 1);
    return view;
  }

  /** `view`: over the range, which nobody else has; undefined where it was collected. */
  end(offset: number, bytes: number, view: ArrayBuffer | undefined): void {
    if (view) this.#keep(offset, view);
    const left = (this.#leases.get(offset) ?? 0) - 1;
    if (left > 0) {
      this.#leases.set(offset, left);
      return;
    }
    this.#leases.delete(offset);
    this.#native.forgetWrites(this.#mapping, offset, pageAlign(bytes));
  }

  #keep(offset: number, view: ArrayBuffer): void {
    const other = this.#idle.get(offset);
    if (other) this.#native.detach(other);
    this.#idle.set(offset, view);
    if (this.#idle.size <= MOST_IDLE) return;
    const [oldest, spare] = this.#idle.entries().next().value!;
    this.#idle.delete(oldest);
    this.#native.detach(spare);
  }

  get unused(): boolean {
    return this.#leases.size === 0;
  }

  close(): void {
    for (const view of this.#idle.values()) this.#native.detach(view);
    this.#idle.clear();
    this.#native.unmapArena(this.#mapping);
  }
}
