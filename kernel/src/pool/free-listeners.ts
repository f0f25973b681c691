// Whom to tell when a block goes back (AllocateOptions.onFree). Most blocks have nobody.
import type { FreedBlock } from "./types.ts";

type Listener = (freed: FreedBlock) => void;

export class FreeListeners {
  readonly #byRow = new Map<number, Listener>();

  /** Whether anybody waits to be told. */
  get waiting(): boolean {
    return this.#byRow.size > 0;
  }

  add(row: number, listener: Listener): void {
    this.#byRow.set(row, listener);
  }

  /** Tells whoever waits for this block. What they throw surfaces later: dispose() never throws. */
  tell(freed: FreedBlock): void {
    const listener = this.#byRow.get(freed.id);
    if (listener === undefined) return;
    this.#byRow.delete(freed.id);
    try {
      listener(freed);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
