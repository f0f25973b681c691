// Which books have a pool that keeps them: books have one writer.
import { type Books, CenoteError } from "../base/index.ts";

const kept = new WeakSet<SharedArrayBuffer>();

/** Throws BOOKS_TAKEN when a pool keeps these books. */
export function mustBeFree({ buffer }: Books): void {
  if (!kept.has(buffer)) return;
  throw new CenoteError("BOOKS_TAKEN", "another pool keeps these books", {
    mend: "Use the pool that there is, close it first, or give this one books of its own.",
  });
}

export function keepBooks({ buffer }: Books): void {
  kept.add(buffer);
}

export function leaveBooks({ buffer }: Books): void {
  kept.delete(buffer);
}
