// Memory for an object that is produced in place: a range of an arena that nobody else knows of yet. Sharing
// it costs no copy. The producer's arrays over it are empty from then on, because what is shared is immutable
// and the range may be another object's one day. A draft that is not shared comes back when nothing holds its
// memory any more: not sooner, since something may still be writing there.
import type { Arenas, Place } from "./arenas.ts";

export class Draft {
  /** The memory to be filled; of this process only until it is shared. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Undefined where there is no shared memory: then sharing copies. */
  readonly #place: Place | undefined;
  readonly #drafts: Drafts;

  constructor(drafts: Drafts, memory: Uint8Array<ArrayBuffer>, place: Place | undefined) {
    this.#drafts = drafts;
    this.memory = memory;
    this.#place = place;
  }

  /** Whether sharing it costs no copy. */
  get inPlace(): boolean {
    return this.#place !== undefined;
  }

  /** The range with what was written to it; all arrays over it are empty now. Once. */
  take(): Place {
    return this.#drafts.take(this.memory, this.#place);
  }
}

export class Drafts {
  readonly #arenas: Arenas;
  readonly #dropped = new FinalizationRegistry<Place>((place) => this.#arenas.giveBack(place));

  constructor(arenas: Arenas) {
    this.#arenas = arenas;
  }

  /** A draft of that many bytes; they hold anything. */
  make(bytes: number): Draft {
    const place = this.#arenas.take(bytes);
    const view = place.arena.segment.open(place.offset, bytes);
    if (view) {
      this.#dropped.register(view, place, view);
      return new Draft(this, new Uint8Array(view), place);
    }
    this.#arenas.giveBack(place);
    return new Draft(this, new Uint8Array(bytes), undefined);
  }

  take(memory: Uint8Array<ArrayBuffer>, place: Place | undefined): Place {
    if (place) {
      this.#dropped.unregister(memory.buffer);
      place.arena.segment.detach(memory.buffer);
      return place;
    }
    const taken = this.#arenas.take(memory.length);
    taken.arena.segment.fill(taken.offset, memory.length, (target) => target.set(memory));
    memory.buffer.transfer();
    return taken;
  }
}
