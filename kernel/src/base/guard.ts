// Code that an interrupt must not terminate: native code that would end the process over it, and changes
// that must be whole. Before the wire thread terminates the main thread it raises the hold word and waits
// until no guard is up; a main thread that would begin a guarded call meanwhile stands still before it, in
// a loop that the termination ends. Both sides store first and look after, so that one sees the other.
import { books, CONTROL } from "./books.ts";
import { onTermination } from "./recovery.ts";

/** Values of the word `guarded`. `loading` is waited for a while only. */
export const GUARD = { none: 0, call: 1, loading: 2 } as const;

/** Unknown until the first guard: programs that nobody interrupts need no books. */
let control: Uint32Array | undefined;
let depth = 0;
const loading = new Set<symbol>();

/** Runs `body` where no interrupt terminates it. Nests. For short synchronous work only. */
export function guarded<T>(body: () => T): T {
  enterGuard();
  try {
    return body();
  } finally {
    leaveGuard();
  }
}

/** As `guarded`, but where it would have to stand still it does nothing and returns false. */
export function guardedNow(body: () => void): boolean {
  if (!tryEnter()) return false;
  try {
    body();
  } finally {
    leaveGuard();
  }
  return true;
}

export function enterGuard(): void {
  while (!tryEnter()) standStill();
}

function tryEnter(): boolean {
  control ??= firstGuard();
  if (depth === 0) {
    Atomics.store(control, CONTROL.guarded, GUARD.call);
    if (Atomics.load(control, CONTROL.hold) !== 0 && !mustGoOn(control)) {
      Atomics.store(control, CONTROL.guarded, GUARD.none);
      return false;
    }
  }
  depth++;
  return true;
}

export function leaveGuard(): void {
  if (--depth === 0) lower(control!);
}

/**
 * Runs `body`, which loads code or opens a device and would stay half done for ever: while it is under
 * way, an interrupt terminates nothing for some seconds.
 */
export async function guardedWhile<T>(body: () => Promise<T>): Promise<T> {
  const words = (control ??= firstGuard());
  const mine = Symbol("loading");
  loading.add(mine);
  if (depth === 0) lower(words);
  try {
    return await body();
  } finally {
    loading.delete(mine);
    if (depth === 0) lower(words);
  }
}

/**
 * Waits here for the termination that is about to come, if one is; false when nothing may wait now. For
 * places where everything is whole: otherwise code that is never at rest would be terminated in the middle
 * of something.
 */
export function standStill(): boolean {
  control ??= firstGuard();
  if (depth > 0 || mustGoOn(control)) return false;
  while (Atomics.load(control, CONTROL.hold) !== 0);
  return true;
}

function lower(words: Uint32Array): void {
  Atomics.store(words, CONTROL.guarded, loading.size > 0 ? GUARD.loading : GUARD.none);
}

/** What is under way is waited for: an operation of the pool (its sequence word is odd), or loading. */
function mustGoOn(words: Uint32Array): boolean {
  return (words[CONTROL.sequence]! & 1) === 1 || loading.size > 0;
}

function firstGuard(): Uint32Array {
  const words = books().control;
  // A termination may leave a guard up, between the store and the look. Where the wire lowered it for
  // what loads, that was cut short and will never end; else it may be well.
  onTermination(() => {
    depth = 0;
    if (Atomics.load(words, CONTROL.guarded) === GUARD.none) loading.clear();
    lower(words);
  });
  return words;
}
