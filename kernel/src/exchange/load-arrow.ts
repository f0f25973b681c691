// Loads apache-arrow when it is first needed: a kernel pays nothing where nothing is shared.
import type * as Arrow from "apache-arrow";

let loaded: typeof Arrow | undefined;

/** Kept, because even an import of what is loaded takes longer than a handoff should. */
export async function loadArrow(): Promise<typeof Arrow> {
  loaded ??= await import("apache-arrow");
  return loaded;
}
