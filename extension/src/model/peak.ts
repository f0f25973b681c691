// When most bytes were live, as far back as the log goes.
import { BLOCK_STATE, EVENT, GRANULE } from "../../../kernel/src/base/books.ts";
import type { BlockTable } from "./blocks.ts";
import type { EventLog } from "./event-log.ts";

export class PeakFinder {
  readonly #log: EventLog;
  #epoch = -1;
  #scanned = 0;
  #live = 0;
  #peak = 0;
  #index = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The highest level of live bytes since the log's beginning, and the index behind the record that led to it. */
  find(): { bytes: number; index: number } {
    const log = this.#log;
    if (log.epoch !== this.#epoch || this.#index < log.begin || this.#scanned < log.begin) {
      this.#epoch = log.epoch;
      this.#scanned = this.#index = log.begin;
      this.#live = this.#peak = liveBytes(log.before);
    }
    log.forEach(this.#scanned, log.end, (words, at, index) => {
      const kind = words[at]! & 0xff;
      const bytes = words[at + 4]! * GRANULE;
      if (kind === EVENT.alloc || kind === EVENT.fetch) this.#live += bytes;
      else if (kind === EVENT.free || kind === EVENT.spill) this.#live -= bytes;
      if (this.#live <= this.#peak) return;
      this.#peak = this.#live;
      this.#index = index + 1;
    });
    this.#scanned = log.end;
    return { bytes: this.#peak, index: this.#index };
  }
}

/** Bytes of the blocks that lie in slabs. */
export function liveBytes(blocks: BlockTable): number {
  let granules = 0;
  for (let id = 0; id < blocks.rows; id++) {
    const state = blocks.state[id]!;
    if (state === BLOCK_STATE.live || state === BLOCK_STATE.pinned) granules += blocks.size[id]!;
  }
  return granules * GRANULE;
}
