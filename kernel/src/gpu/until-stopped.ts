// Waiting for the device, which an interrupt ends. One timer looks for all that wait; it stays for a turn after the
// last of them, so that work which waits again and again starts no timer each time.
import { Interrupted, onTermination } from "../base/index.ts";
import type { Pool } from "../pool/index.ts";

const STOP_POLL_MS = 20;

interface Waiter {
  readonly pool: Pool;
  readonly reject: (error: Error) => void;
}

const waiting = new Set<Waiter>();
let poll: NodeJS.Timeout | undefined;

/** Waits, but rejects with Interrupted when the user asks the cell to stop. */
export function untilStopped<T>(pool: Pool, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const mine: Waiter = { pool, reject };
    waiting.add(mine);
    watch();
    promise.then(
      (value) => {
        waiting.delete(mine);
        resolve(value);
      },
      (error: unknown) => {
        waiting.delete(mine);
        reject(error);
      },
    );
  });
}

function watch(): void {
  poll ??= setInterval(look, STOP_POLL_MS);
}

function unwatch(): void {
  clearInterval(poll);
  poll = undefined;
}

// Node gives a timer whose turn was terminated no other.
onTermination(() => {
  unwatch();
  if (waiting.size > 0) watch();
});

function look(): void {
  if (waiting.size === 0) unwatch();
  for (const one of waiting) {
    if (!one.pool.stopping) continue;
    waiting.delete(one); // here: a termination may take the promise's turn with it
    one.reject(new Interrupted());
  }
}
