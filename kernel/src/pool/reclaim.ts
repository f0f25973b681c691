// The safety net: gives back blocks whose handles were garbage collected without being disposed.
// Collection runs its callbacks between tasks, never inside a busy cell; scopes and dispose are the way.
//
// Watching a handle costs the collector more than allocating the block, and most handles are disposed
// soon. So new ones wait in a nursery, held strongly, until the current task ends or the nursery is
// full; only those that are still live then are watched.
import { BLOCK_CAPACITY } from "../base/index.ts";
import type { Handle, HandleOwner } from "./handle.ts";

const NURSERY = 1024;

export class Reclaim {
  readonly #owner: HandleOwner;
  readonly #lost: FinalizationRegistry<number>;
  readonly #young = new Array<Handle | undefined>(NURSERY).fill(undefined);
  #count = 0;
  #planned = false;
  /** Blocks given back because nobody disposed them. */
  count = 0;

  constructor(owner: HandleOwner) {
    this.#owner = owner;
    this.#lost = new FinalizationRegistry((key) => this.#collect(key));
  }

  watch(handle: Handle): void {
    this.#young[this.#count++] = handle;
    if (this.#count === NURSERY) this.#settle();
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#settle();
    });
  }

  #settle(): void {
    for (let n = 0; n < this.#count; n++) {
      const handle = this.#young[n]!;
      this.#young[n] = undefined;
      const { id, generation } = handle;
      if (this.#owner.isLive(id, generation)) {
        this.#lost.register(handle, generation * BLOCK_CAPACITY + id);
      }
    }
    this.#count = 0;
  }

  #collect(key: number): void {
    const id = key % BLOCK_CAPACITY;
    const generation = (key - id) / BLOCK_CAPACITY;
    if (!this.#owner.isLive(id, generation)) return;
    this.count++;
    this.#owner.release(id, generation);
  }
}
