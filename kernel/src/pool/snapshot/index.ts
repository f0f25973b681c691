// The visible surface of snapshots.
export { Mark } from "./marks.ts";
export type * from "./schema.ts";
export { badFormat, EXPORTS, type ExportFormat, formatOf, PoolSnapshot } from "./snapshot.ts";
