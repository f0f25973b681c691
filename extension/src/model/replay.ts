// The pool as it was at any record of the log. Going on from a moment costs the records in between; going
// back begins at the nearest state that was kept on the way.
import type { BlockTable } from "./blocks.ts";
import { applySlab, type EventLog } from "./event-log.ts";

/** The pool at one moment. */
export interface Past {
  blocks: BlockTable;
  /** Bytes of each slab by id. */
  slabs: Map<number, number>;
}

interface State extends Past {
  index: number;
}

/** States are kept this many records apart, and so many rows of blocks at most. */
const APART = 1 << 15;
const MOST_ROWS = 1 << 20;

export class Replay {
  readonly #log: EventLog;
  #epoch = -1;
  #at: State | undefined;
  #kept: State[] = [];

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The pool before record `index`; good until the next call. */
  seek(index: number): Past {
    const log = this.#log;
    const wanted = Math.min(Math.max(index, log.begin), log.end);
    if (log.epoch !== this.#epoch) {
      this.#epoch = log.epoch;
      this.#at = undefined;
      this.#kept = [];
    }
    this.#kept = this.#kept.filter((state) => state.index >= log.begin);
    if (!this.#at || this.#at.index > wanted || this.#at.index < log.begin) {
      this.#at = this.#startBefore(wanted);
    }
    const at = this.#at;
    while (at.index < wanted) {
      const stop = Math.min(wanted, (Math.floor(at.index / APART) + 1) * APART);
      log.forEach(at.index, stop, (words, from, record, time) => {
        at.blocks.apply(words, from, record, time);
        applySlab(at.slabs, words, from);
      });
      at.index = stop;
      if (stop % APART === 0) this.#keep(at);
    }
    return at;
  }

  #startBefore(wanted: number): State {
    const nearest = this.#kept.findLast((state) => state.index <= wanted);
    if (nearest) return copyOf(nearest);
    const { before, slabsBefore, begin } = this.#log;
    return { blocks: before.clone(), slabs: new Map(slabsBefore), index: begin };
  }

  #keep(state: State): void {
    if (this.#kept.some(({ index }) => index === state.index)) return;
    const rows = this.#kept.reduce((sum, { blocks }) => sum + blocks.rows, state.blocks.rows);
    if (rows > MOST_ROWS) return;
    this.#kept.push(copyOf(state));
    this.#kept.sort((a, b) => a.index - b.index);
  }
}

function copyOf({ blocks, slabs, index }: State): State {
  return { blocks: blocks.clone(), slabs: new Map(slabs), index };
}
