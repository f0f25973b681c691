// Code that an interrupt must not terminate: native code that would end the process over it, and changes
// that must be whole. Before the wire thread terminates the main thread it raises the hold word and waits
// until no guard is up; a main thread that would begin a guarded call meanwhile stands still before it, in
// a loop that the termination ends. Both sides store first and look after, so that one sees the other.
import { books, CONTROL } from "./books.ts";
import { onTermination } from "./recovery.ts";

/** Null until the first guard: programs without an interrupting thread have books too, but late. */
let control: Uint32Array | undefined;
let depth = 0;

/** Runs `body` where no interrupt terminates it. Nests. For short synchronous work only. */
export function guarded<T>(body: () => T): T {
  enterGuard();
  try {
    return body();
  } finally {
    leaveGuard();
  }
}

export function enterGuard(): void {
  if (depth > 0) {
    depth++;
    return;
  }
  control ??= firstGuard();
  for (;;) {
    Atomics.store(control, CONTROL.guarded, 1);
    if (Atomics.load(control, CONTROL.hold) === 0 || isOdd(control)) break;
    Atomics.store(control, CONTROL.guarded, 0);
    standStill();
  }
  depth = 1;
}

export function leaveGuard(): void {
  if (--depth === 0) Atomics.store(control!, CONTROL.guarded, 0);
}

/**
 * Waits here for the termination that is about to come, if one is. For places where everything is whole:
 * otherwise code that is never at rest would be terminated in the middle of something.
 */
export function standStill(): void {
  if (!control || depth > 0 || isOdd(control)) return;
  while (Atomics.load(control, CONTROL.hold) !== 0);
}

/** A pool operation is under way: it is waited for, and must go on. */
const isOdd = (words: Uint32Array): boolean => (words[CONTROL.sequence]! & 1) === 1;

function firstGuard(): Uint32Array {
  const words = books().control;
  // A termination that comes between the store and the look leaves the guard up.
  onTermination(() => {
    depth = 0;
    Atomics.store(words, CONTROL.guarded, 0);
  });
  return words;
}
