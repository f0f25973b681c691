export { Pool } from "./pool.ts";
export * from "./types.ts";
