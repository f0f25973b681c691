// Stops the running cell in two phases. First the stop word is raised, which pool and compute operations
// look at as they end, and the main thread is told; a cell that waits in an `await` ends by that alone.
// Only when the main thread doesn't answer, and no pool operation is under way (the sequence word is even
// and unchanged for a millisecond), is its code terminated, because termination runs no `finally`.
import { setTimeout as sleep } from "node:timers/promises";
import { type Books, CONTROL, type OutputReader, type ToMain, WORD } from "../base/index.ts";

/** How long an idle event loop gets to answer before its code counts as busy. */
const ANSWER_MS = 3;
/** A cell that allocates without a pause and swallows every error is terminated after this all the same. */
const PATIENCE_MS = 500;
const GIVE_UP_MS = 10_000;

export class Interrupter {
  readonly #books: Books;
  readonly #state: OutputReader["state"];
  readonly #post: (message: ToMain) => void;
  readonly #terminate: () => void;
  #serial = 0;

  /** `terminate` ends whatever JavaScript the main thread runs. */
  constructor(
    books: Books,
    output: OutputReader,
    post: (message: ToMain) => void,
    terminate: () => void,
  ) {
    this.#books = books;
    this.#state = output.state;
    this.#post = post;
    this.#terminate = terminate;
  }

  /** Resolves to true when the main thread has seen the interrupt, false when it could not be reached. */
  async interrupt(): Promise<boolean> {
    const serial = ++this.#serial;
    Atomics.store(this.#books.control, CONTROL.stop, 1);
    this.#post({ type: "interrupt", serial });
    const begin = performance.now();
    let terminated = 0;
    while (!this.#done(serial)) {
      const waited = performance.now() - begin;
      if (waited > GIVE_UP_MS) return false;
      const due = waited > ANSWER_MS && waited - terminated > 20;
      if (due && ((await this.#booksAreStill()) || waited > PATIENCE_MS) && !this.#done(serial)) {
        this.#terminate();
        // The message is sent again, in case the termination took its handler instead of the cell.
        if (terminated > 0) this.#post({ type: "interrupt", serial });
        terminated = performance.now() - begin;
      }
      await sleep(1);
    }
    return this.#seen(serial);
  }

  /** The main thread waits for its output to leave; terminated there, it would take this thread along. */
  get #exiting(): boolean {
    return Atomics.load(this.#state, WORD.exiting) !== 0;
  }

  #done(serial: number): boolean {
    return this.#exiting || this.#seen(serial);
  }

  #seen(serial: number): boolean {
    return Atomics.load(this.#state, WORD.interruptSeen) >= serial;
  }

  async #booksAreStill(): Promise<boolean> {
    const before = Atomics.load(this.#books.control, CONTROL.sequence);
    if (before % 2 !== 0) return false;
    await sleep(1);
    return Atomics.load(this.#books.control, CONTROL.sequence) === before;
  }
}
