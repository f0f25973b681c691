// Awaits of the cell itself end when the cell is interrupted: each is raced, without leaving a reaction
// behind, against the cell's cancellation.
import { types } from "node:util";
import { Interrupted } from "../base/index.ts";
import { follow } from "./intrinsics.ts";

/**
 * A cancelled cell that swallows what its awaits throw, in a loop, would keep the thread for ever: after
 * so many awaits it is left waiting instead.
 */
const MAX_REFUSED = 10;

/** As it was, whatever a cell makes of the global. */
const OwnPromise = Promise;
const nothing = () => {};

export class Cancellation {
  #cancelled = false;
  #refused = 0;
  /** A cell's own code awaits one thing at a time. */
  #reject: ((reason: Error) => void) | undefined;

  cancel(): void {
    this.#cancelled = true;
    this.#reject?.(new Interrupted());
    // It holds what was awaited last, a block of the pool perhaps, and this object outlives its cell.
    this.#reject = undefined;
  }

  /** What the cell awaits in place of `value`. */
  wait(value: unknown): unknown {
    if (this.#cancelled) {
      // Nobody awaits it now: should it be rejected, that is no news.
      if (types.isPromise(value)) void follow(value, nothing, nothing);
      if (this.#refused++ >= MAX_REFUSED) return new OwnPromise(() => {});
      throw new Interrupted();
    }
    if (!isThenable(value)) return value;
    return new OwnPromise((resolve, reject) => {
      this.#reject = reject;
      if (types.isPromise(value)) void follow(value, resolve, reject);
      else value.then(resolve, reject);
    });
  }

  /** What the cell's own `for await` goes over in place of `iterable`. */
  async *each(iterable: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
    const iterator = asyncIterator(iterable);
    let finished = false;
    try {
      for (;;) {
        const step = (await this.wait(iterator.next())) as IteratorResult<unknown>;
        if (step.done) {
          finished = true;
          return;
        }
        yield await this.wait(step.value);
      }
    } finally {
      if (!finished) await iterator.return?.();
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

function asyncIterator(
  iterable: AsyncIterable<unknown> | Iterable<unknown>,
): Iterator<unknown> | AsyncIterator<unknown> {
  const own = (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator];
  return own ? own.call(iterable) : (iterable as Iterable<unknown>)[Symbol.iterator]();
}
