// Changes of names as a loop sees them.
import type { Change } from "./watching.ts";

/** Changes, to be looped over once. A loop that is busy hears of each name only the last when it comes back. */
export class Watch implements AsyncIterableIterator<Change> {
  readonly #stop: () => void;
  /** The latest of each name that was not asked for yet, in the order in which they came. */
  readonly #waiting = new Map<string, Change>();
  #wanted: ((next: IteratorResult<Change>) => void)[] = [];
  #stopped = false;

  /** `listen`: begins to listen, and gives what ends it. */
  constructor(listen: (heard: (change: Change) => void) => () => void) {
    this.#stop = listen((change) => this.#heard(change));
  }

  next(): Promise<IteratorResult<Change>> {
    const [first] = this.#waiting.values();
    if (first) {
      this.#waiting.delete(first.name);
      return Promise.resolve({ value: first, done: false });
    }
    if (this.#stopped) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => void this.#wanted.push(resolve));
  }

  /** Ends the loop. What was heard and not asked for is forgotten. */
  async return(): Promise<IteratorResult<Change>> {
    this.stop();
    return { value: undefined, done: true };
  }

  stop(): void {
    this.#stopped = true;
    this.#stop();
    this.#waiting.clear();
    for (const wanted of this.#wanted.splice(0)) wanted({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }

  #heard(change: Change): void {
    const wanted = this.#wanted.shift();
    if (wanted) {
      wanted({ value: change, done: false });
      return;
    }
    this.#waiting.delete(change.name);
    this.#waiting.set(change.name, change);
  }
}
