// What queries say about where they run, and what sources of rows offer to the host.
import type { ColumnFacts, HostChunk } from "../../columns/index.ts";

/** Where a query runs. */
export type Engine = "gpu" | "host";

export interface RunOptions {
  /** Where to run it; by default where it is likely to be quicker. The result is the same. */
  readonly on?: Engine;
}

export interface Choice {
  readonly on: Engine;
  readonly why: string;
}

/** What a source of rows offers to queries on the host. */
export interface HostSide {
  /** Whether the rows lie on the host. */
  readonly there: boolean;
  /** Rows that would be computed with, where known. */
  readonly count: number | undefined;
  rows(names: readonly string[]): Promise<HostRows>;
}

/** Rows of some columns, chunk by chunk. */
export interface HostRows {
  readonly columns: ReadonlyMap<string, ColumnFacts>;
  readonly chunks: readonly HostPart[];
  /** Metadata of the Arrow schema. */
  readonly metadata: ReadonlyMap<string, string>;
}

export interface HostPart {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, HostChunk>;
}
