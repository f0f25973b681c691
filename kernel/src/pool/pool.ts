// The pool's surface, as a declaration; the implementation follows in this file.
import type {
  AllocateOptions,
  Block,
  Holder,
  Memory,
  Place,
  PoolOptions,
  PoolStats,
} from "./types.ts";

export declare class Pool {
  constructor(memory: Memory, options?: PoolOptions);
  /** Bytes; set with bytes or text such as "4 GiB". */
  get budget(): number;
  set budget(size: number | string);
  /** A block of at least `bytes` (≥ 0). Throws OutOfPoolMemory, or Interrupted as it ends. */
  allocate(bytes: number, options?: AllocateOptions): Block;
  /** The same as block.dispose(). */
  free(block: Block): void;
  /** Where the block lies now. Throws DISPOSED, naming block, tag and cell. */
  place(block: Block): Place;
  stats(): PoolStats;
  /** The largest holders of memory, largest first. */
  holders(limit?: number): Holder[];
  /** Gives empty slabs back; returns the bytes. */
  trim(): number;
  /**
   * Runs `body`; at its end disposes the blocks allocated inside, but for those reachable from its
   * result and those given to `keep`. Works with async bodies, and nested.
   */
  scope<T>(body: () => T): T;
  /** Takes the blocks reachable from `value` out of the scopes that would dispose them; returns `value`. */
  keep<T>(value: T): T;
}
