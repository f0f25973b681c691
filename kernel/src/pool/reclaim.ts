// The safety net: gives back blocks whose handles were garbage collected without being disposed.
// Collection runs its callbacks between tasks, never inside a busy cell; scopes and dispose are the way.
//
// Watching a handle costs the collector more than allocating the block, and most handles are disposed
// soon. So new ones wait in a nursery, held strongly, until the current task ends or the nursery is
// full; only those that are still live then are watched.
//
// When memory is short, the collector is run at once (collector.ts), and blocks whose handles are gone are
// found by weak references, because callbacks come too late. Those cost 0.3 µs, so only blocks of some
// size have one: the block table has no room for more than 1 GiB of smaller ones.
import { BLOCK_CAPACITY, formatBytes } from "../base/index.ts";
import { collectGarbage } from "./collector.ts";
import type { Handle, HandleOwner } from "./handle.ts";

const NURSERY = 1024;
/** Bytes from which a block is found at once when its handle was dropped. */
const FOUND_FROM = 4096;
/** Share of the budget that must have been allocated before a collection is worth its time. */
const DUE_SHARE = 1 / 8;
const MOST_SKIPPED = 1023;

export class Reclaim {
  readonly #owner: HandleOwner;
  readonly #lost: FinalizationRegistry<number>;
  /** Made anew each time, because the collector's book-keeping for writes to old objects costs more. */
  #young = new Array<Handle>(NURSERY);
  /** By row: the handle of a block that is worth finding, and the generation it was noted for. */
  readonly #weak: (WeakRef<Handle> | undefined)[] = [];
  readonly #noted: number[] = [];
  /** Bytes noted since the last collection. */
  #fresh = 0;
  /** Collections in this task that found nothing, and failing requests that go without one because of it. */
  #fruitless = 0;
  #skip = 0;
  #count = 0;
  #planned = false;
  /** Blocks given back because nobody disposed them. */
  count = 0;

  constructor(owner: HandleOwner) {
    this.#owner = owner;
    this.#lost = new FinalizationRegistry((key) => this.#collect(key));
  }

  watch(handle: Handle): void {
    const count = this.#count + 1;
    this.#young[count - 1] = handle;
    this.#count = count;
    if (count === NURSERY) this.#settle();
    if (!this.#planned) this.#plan();
  }

  #plan(): void {
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#settle();
    });
  }

  /**
   * For a request of `bytes` that finds no room: collects if enough was allocated since the last time for
   * that to be worth its time, or in any case if it is the `last` resort. Returns what was done, or
   * undefined. A loop of requests that fail must not collect each time: after collections that found
   * nothing, later ones in the same task are left out, twice as many each time.
   */
  relieve(bytes: number, budget: number, last: boolean): Relief | undefined {
    this.#settle();
    const due = this.#fresh >= Math.max(bytes, budget * DUE_SHARE);
    if (!due && !last) return undefined;
    if (!due && this.#skip > 0) {
      this.#skip--;
      return undefined;
    }
    const found = this.collectNow();
    if (found.blocks > 0) this.#fruitless = 0;
    else this.#foundNothing();
    return { ...found, text: collectedText(found) };
  }

  /** Runs the garbage collector and gives back the blocks (of FOUND_FROM bytes and more) whose handles are gone. */
  collectNow(): Collected {
    this.#settle();
    this.#fresh = 0;
    collectGarbage();
    const found = { blocks: 0, bytes: 0 };
    for (const [row, weak] of this.#weak.entries()) {
      if (weak === undefined) continue;
      const generation = this.#noted[row]!;
      const live = this.#owner.isLive(row, generation);
      if (live && weak.deref() !== undefined) continue;
      this.#weak[row] = undefined;
      if (!live) continue;
      found.blocks++;
      found.bytes += this.#giveBack(row, generation);
    }
    return found;
  }

  #foundNothing(): void {
    if (this.#fruitless++ === 0) {
      setImmediate(() => {
        this.#fruitless = 0;
        this.#skip = 0;
      });
    }
    this.#skip = Math.min(2 ** this.#fruitless - 1, MOST_SKIPPED);
  }

  #settle(): void {
    const count = this.#count;
    if (count === 0) return;
    const young = this.#young;
    this.#young = new Array<Handle>(NURSERY);
    this.#count = 0;
    for (let n = 0; n < count; n++) {
      const handle = young[n]!;
      const { id, generation, bytes } = handle;
      if (!this.#owner.isLive(id, generation)) continue;
      this.#lost.register(handle, generation * BLOCK_CAPACITY + id);
      if (bytes < FOUND_FROM) continue;
      this.#weak[id] = new WeakRef(handle);
      this.#noted[id] = generation;
      this.#fresh += bytes;
    }
  }

  #collect(key: number): void {
    const id = key % BLOCK_CAPACITY;
    const generation = (key - id) / BLOCK_CAPACITY;
    if (this.#owner.isLive(id, generation)) this.#giveBack(id, generation);
  }

  #giveBack(id: number, generation: number): number {
    const bytes = this.#owner.requested(id);
    this.count++;
    this.#owner.release(id, generation);
    return bytes;
  }
}

/** What a collection gave back. */
export interface Collected {
  blocks: number;
  /** As requested. */
  bytes: number;
}

interface Relief extends Collected {
  /** For the list of what was tried. */
  text: string;
}

function collectedText({ blocks, bytes }: Collected): string {
  if (blocks === 0) return "collected garbage (no dropped block)";
  const noun = blocks === 1 ? "dropped block" : "dropped blocks";
  return `collected ${blocks} ${noun} (${formatBytes(bytes)})`;
}
