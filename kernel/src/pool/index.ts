// The pool's visible surface.
export { Pool } from "./pool.ts";
export { reachableBlocks } from "./reach.ts";
export { SimulatedMemory, type SimulatedOptions } from "./simulated.ts";
export * from "./types.ts";
