// Whom to tell when a block goes back (AllocateOptions.onFree). Most blocks have nobody.
import type { FreedBlock } from "./types.ts";

type Listener = (freed: FreedBlock) => void;

export class FreeListeners {
  readonly #byRow = new Map<number, Listener>();
  /** Whether anybody waits to be told. */
  waiting = false;

  add(row: number, listener: Listener): void {
    this.#byRow.set(row, listener);
    this.waiting = true;
  }

  /** Tells whoever waits for this block. What they throw surfaces later: dispose() never throws. */
  tell(freed: FreedBlock): void {
    const listener = this.#byRow.get(freed.id);
    if (listener === undefined) return;
    this.#byRow.delete(freed.id);
    this.waiting = this.#byRow.size > 0;
    try {
      listener(freed);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
