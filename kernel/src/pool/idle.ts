// Notices that a pool has been at rest for a while. It keeps a timer only while there is something to give
// back, and none that holds the process.

export class Idle {
  readonly #milliseconds: number;
  readonly #activity: () => number;
  readonly #rested: () => void;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;

  /**
   * Calls `rested` once the count `activity` has stood still for `milliseconds`, at the latest after twice as
   * long; never when `milliseconds` is infinite.
   */
  constructor(milliseconds: number, activity: () => number, rested: () => void) {
    this.#milliseconds = milliseconds;
    this.#activity = activity;
    this.#rested = rested;
  }

  /** There is something to give back after a rest. Costs next to nothing when it is known already. */
  watch(): void {
    if (this.#timer === undefined && this.#milliseconds < 2 ** 31) this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    this.#seen = this.#activity();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#activity() === this.#seen) this.#rested();
      else this.#wait();
    }, this.#milliseconds).unref();
  }
}
