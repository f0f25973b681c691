// Stops the running cell in two phases. First the stop word is raised, which pool and compute operations
// look at as they end, and the main thread is told; a cell that waits in an `await` ends by that alone.
// Only when the main thread doesn't answer, no pool operation is under way (the sequence word is even and
// unchanged for a millisecond) and no guard is up (base/guard.ts), is its code terminated, because
// termination runs no `finally`. What the ended cell still does then gets half a second: a loop that
// swallows every error would never end. A main thread that waits in a native call for a child process is freed by interrupting the child.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Books,
  CONTROL,
  type ExecuteJob,
  GUARD,
  type OutputReader,
  type ToMain,
  WORD,
} from "../base/index.ts";
import { AwaitedChild } from "./awaited-child.ts";
import { mainThreadTime } from "./processor-time.ts";
import type { Terminator } from "./terminator.ts";

/** How long an idle event loop gets to answer before its code counts as busy. */
const ANSWER_MS = 3;
/** A cell that allocates without a pause and swallows every error is terminated after this all the same. */
const PATIENCE_MS = 500;
/** After a termination the main thread gets so long to take the message, then twice as long, and so on … */
const TRY_MS = 10;
/** … up to this: each would otherwise hit what runs before the message's handler, or the handler itself. */
const LONGEST_TRY_MS = 160;
/** What loads is waited for so long: cut short, it would be broken until the kernel is restarted. */
const LOADING_MS = 5000;
const AGAIN_MS = 50;
const GIVE_UP_MS = 10_000;
/** Who asked for the interrupt is answered after this, though a native call may still be waited for. */
const ANSWERED_MS = 10_000;

/** The main thread's time to take the message before it is terminated again. */
class Turn {
  #since: number | undefined;
  #ran: number | undefined;

  /** Whether it had so many ms since then: of a processor, where it wasn't asleep. */
  hasHad(patience: number, since: number, now: number): boolean {
    if (since !== this.#since) {
      this.#since = since;
      this.#ran = mainThreadTime();
    }
    if (now - since <= patience) return false;
    if (this.#ran === undefined || now - since > LONGEST_TRY_MS) return true;
    return mainThreadTime()! - this.#ran >= patience;
  }
}

export class Interrupter {
  readonly #books: Books;
  readonly #state: OutputReader["state"];
  readonly #post: (message: ToMain) => void;
  readonly #terminator: Terminator;
  #serial = 0;
  /** Terminations so far. */
  #ended = 0;
  /** Terminations that V8 hasn't reported yet: they would end whatever runs next. */
  #terminations = new Set<Promise<void>>();
  /** When V8 reported the last one: whatever the main thread ran has ended by then. */
  #reported = 0;
  #idle: Promise<void> | undefined;
  /** Milliseconds for which the interrupt that is under way has waited. */
  #waited = 0;

  constructor(
    books: Books,
    output: OutputReader,
    post: (message: ToMain) => void,
    terminator: Terminator,
  ) {
    this.#books = books;
    this.#state = output.state;
    this.#post = post;
    this.#terminator = terminator;
  }

  /** While an interrupt is under way, a promise of its end: a new cell must wait, or it would be hit. */
  get underWay(): Promise<void> | undefined {
    return this.#idle;
  }

  /**
   * Resolves when the main thread has seen the interrupt, or a native call has kept it from that for long.
   * `job`: the cell that runs. Where none does, what an earlier one left running is ended if it keeps the thread busy.
   */
  async interrupt(job: ExecuteJob | undefined): Promise<void> {
    const serial = ++this.#serial;
    if (job) Atomics.store(this.#books.control, CONTROL.stop, 1);
    this.#post({ type: "interrupt", serial, job });
    const before = this.#ended;
    const reached = this.#reach(serial, job);
    const idle = this.#settle(serial, reached, before).then(() => {
      if (this.#idle === idle) this.#idle = undefined;
    });
    this.#idle = idle;
    await Promise.race([reached, sleep(ANSWERED_MS, undefined, { ref: false })]);
  }

  /** Until the main thread has the message, by termination where it must be. */
  async #reach(serial: number, job: ExecuteJob | undefined): Promise<void> {
    // The kernel's own code, which the main thread loads first, must not be terminated.
    while (Atomics.load(this.#state, WORD.ready) === 0) await sleep(ANSWER_MS);
    const begin = performance.now();
    const turn = new Turn();
    let terminated = 0;
    let patience = 0;
    let sent = begin;
    const child = new AwaitedChild();
    while (!this.#done(serial)) {
      const now = performance.now();
      const waited = now - begin;
      const last = Math.max(terminated, this.#reported, this.#terminator.heardAt);
      const due = waited > ANSWER_MS && turn.hasHad(patience, last, now);
      if (due && (await this.#holdStill(waited)) && !this.#done(serial)) {
        this.#end();
        patience = Math.min(Math.max(2 * patience, TRY_MS), LONGEST_TRY_MS);
        terminated = performance.now();
      }
      // A termination may have taken the message's handler instead of the cell.
      if (terminated > 0 && now - sent > TRY_MS) {
        this.#post({ type: "interrupt", serial, job });
        sent = now;
      }
      if (terminated > 0) child.endIfAwaited(now);
      await sleep(waited < PATIENCE_MS ? 1 : AGAIN_MS);
    }
    void this.#letGo();
  }

  /** Until the main thread's event loop is free; the cell is answered already. */
  async #settle(serial: number, reached: Promise<void>, before: number): Promise<void> {
    await reached;
    await this.#untilOver(serial, before);
    await this.#letGo();
  }

  /** Ends what the cell still does, until it is over or can't be ended. */
  async #untilOver(serial: number, before: number): Promise<void> {
    this.#postOver(serial, this.#ended > before);
    const begin = performance.now();
    let ended = begin;
    while (!this.#isOver(serial)) {
      const now = performance.now();
      if (now - begin > GIVE_UP_MS) return;
      await sleep(1);
      // Its handler may have been taken by a termination that came late.
      if (now - ended > AGAIN_MS) this.#postOver(serial, this.#ended > before);
      if (now - Math.max(ended, this.#terminator.heardAt) < PATIENCE_MS) continue;
      const may = await this.#holdStill(now - ended - PATIENCE_MS);
      if (this.#isOver(serial)) break;
      if (!may) continue;
      this.#end();
      ended = performance.now();
    }
  }

  /**
   * Makes the main thread stand still where it is safe to terminate what it runs, and says whether it does
   * so or is in a place that knows no harm. `waited`: ms so far, after some of which it may be harmed.
   */
  async #holdStill(waited: number): Promise<boolean> {
    Atomics.store(this.#books.control, CONTROL.hold, 1);
    this.#waited = waited;
    return ((await this.#booksAreStill()) || waited > PATIENCE_MS) && this.mayEnd;
  }

  /** Whether what the main thread does just now may be terminated. */
  get mayEnd(): boolean {
    const { control } = this.#books;
    const waited = this.#waited;
    if (Atomics.load(control, CONTROL.sequence) % 2 !== 0 && waited < PATIENCE_MS) return false;
    const guard = Atomics.load(control, CONTROL.guarded);
    if (guard === GUARD.loading && waited > LOADING_MS) {
      Atomics.store(control, CONTROL.guarded, GUARD.none);
      return true;
    }
    return guard === GUARD.none;
  }

  /**
   * Lets the main thread go on once every termination has been reported: one that is still to come would end
   * what follows, and the cell whose message it takes would never be answered. A thread that gets no processor
   * reports late; V8 reports each in the end.
   */
  async #letGo(): Promise<void> {
    const serial = this.#serial;
    this.#terminator.rest();
    await Promise.race([
      Promise.all(this.#terminations),
      sleep(GIVE_UP_MS, undefined, { ref: false }),
    ]);
    if (serial === this.#serial) Atomics.store(this.#books.control, CONTROL.hold, 0);
  }

  #end(): void {
    this.#ended++;
    const ended = this.#terminator.terminate().then(() => {
      this.#terminations.delete(ended);
      this.#reported = performance.now();
    });
    this.#terminations.add(ended);
  }

  #postOver(serial: number, terminated: boolean): void {
    this.#post({ type: "interrupt-over", serial, terminated });
  }

  #isOver(serial: number): boolean {
    return this.#exiting || Atomics.load(this.#state, WORD.interruptOver) >= serial;
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
