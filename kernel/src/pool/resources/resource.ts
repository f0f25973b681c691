// One small interface for whatever hands out blocks, so that a limit, statistics, a log … can be put
// around a pool, and around each other. The pool is a resource itself, the one at the bottom.
//
// A resource passes requests on to the one beneath it (its upstream) and learns by `onFree` when a block
// goes back: blocks are disposed by themselves, by scopes, and by the garbage collector, not through the
// resource that gave them.
import type { AllocateOptions, Block, FreedBlock } from "../types.ts";

export interface Resource {
  /** A block of at least `bytes` bytes, as Pool.allocate gives it; throws as that does. */
  allocate(bytes: number, options?: AllocateOptions): Block;
}

/** The options with `onFree` called too, before what they already call. */
export function withOnFree(
  options: AllocateOptions,
  onFree: (freed: FreedBlock) => void,
): AllocateOptions {
  const outer = options.onFree;
  if (outer === undefined) return { ...options, onFree };
  return {
    ...options,
    onFree: (freed) => {
      onFree(freed);
      outer(freed);
    },
  };
}
