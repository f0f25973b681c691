// Every view of an arena is an ArrayBuffer of its own, and V8 13 counts each as memory that its collector should
// mind: one of 64 MiB or more starts a collection, which takes longer than the rest of a handoff. With this flag,
// which later versions of V8 have by default, such memory counts with the heap as a whole. Above half of the heap's
// limit a view starts a collection all the same.
import { setFlagsFromString } from "node:v8";

/** In which the flag is known, and not set. */
const V8 = /^13\.6\./;

/** To be called before the first view. */
export function countViewsWithHeap(): void {
  if (V8.test(process.versions.v8)) {
    setFlagsFromString("--external-memory-accounted-in-global-limit");
  }
}
