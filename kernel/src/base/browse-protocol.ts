// The messages by which a page looks at tables: at one that an output shows (TABLE_TARGET), and at what all
// processes share (EXCHANGE_TARGET). Kernels for TypeScript and for Python (python/cenote/_comm.py) answer
// alike. A page opens the comm and asks; rows come as an Arrow IPC stream in the message's one buffer.

export const TABLE_TARGET = "cenote.table";
export const EXCHANGE_TARGET = "cenote.exchange";
/** A Python kernel that has loaded cenote lists a comm of this target, so that no other kernel is asked in vain. */
export const LOADED_TARGET = "cenote.loaded";
export const BROWSE_VERSION = 1;

/** A table in an output: base64 of a stream of its first rows. */
export const ARROW_MIME = "application/vnd.apache.arrow.stream";

/** Beside it, in the output's metadata by MIME type. */
export interface ArrowMetadata {
  /** Of the whole table; the stream may have fewer. */
  rows: number;
  /** Names the table to the kernel that showed it; absent where it can't be asked for more. */
  view?: string;
}

/** What the saved stream has at most. */
export const PREVIEW_ROWS = 1000;
export const PREVIEW_BYTES = 256 * 1024;

/** `id` is the page's and comes back in the answer. The comm is opened with { v, view }. */
export type TableRequest =
  /** Rows `from` on, in the order that was asked for last. */
  | { kind: "rows"; id: number; from: number; count: number }
  /** From now on rows come sorted by a column (its number); null: as they are. Ends an earlier sort. */
  | { kind: "sort"; id: number; column: number | null; descending: boolean }
  | { kind: "statistics"; id: number; column: number };

export type TableAnswer =
  | { kind: "ready"; v: number; rows: number }
  /** The kernel has no such table (any more). */
  | { kind: "gone" }
  | { kind: "rows"; id: number; from: number; count: number }
  | { kind: "sorted"; id: number }
  | { kind: "statistics"; id: number; statistics: ColumnStatistics }
  | { kind: "failed"; id: number; message: string };

/** Facts of a column; values as text, exact. */
export interface ColumnStatistics {
  rows: number;
  nulls: number;
  /** Of numbers, dates and times; absent where there is no value. */
  least?: string;
  greatest?: string;
  /** Of numbers, where it is finite; NaN is counted, and left out of the rest. */
  mean?: number;
  nans?: number;
  /** Values in equal steps from the least to the greatest, where those are finite. */
  histogram?: number[];
  /** Of texts, booleans and dictionaries: how many different values, and the most frequent. */
  distinct?: number;
  /** `distinct` is only the least that it can be: counting stopped. */
  more?: boolean;
  top?: { value: string; count: number }[];
}

/** The comm is opened with { v }; the kernel then sends a listing, and another whenever it has changed. */
export type ExchangeRequest =
  | { kind: "preview"; id: number; name: string; rows: number }
  /** Takes a name back, whoever shares it. */
  | { kind: "remove"; id: number; name: string };

export type ExchangeAnswer =
  | { kind: "listing"; v: number; objects: SharedObject[] }
  /** With the rows in the buffer. */
  | { kind: "preview"; id: number; name: string; rows: number }
  | { kind: "removed"; id: number; name: string }
  | { kind: "failed"; id: number; message: string };

export interface Process {
  pid: number;
  /** "typescript", "python", or empty where it is not known: it shares nothing itself. */
  language: string;
  /** It is the kernel that tells. */
  own: boolean;
}

/** A version of a name. */
export interface SharedObject {
  name: string;
  version: number;
  /** False for one that a newer version has replaced, or whose name was taken back, and that is still read. */
  current: boolean;
  rows: number;
  bytes: number;
  columns: [name: string, type: string][];
  columnCount: number;
  /** Milliseconds since the epoch. */
  created: number;
  owner: Process;
  /** False where readers get copies, because the owner has no shared memory. */
  mapped: boolean;
  /** Processes that read it now, with their leases; undefined where the owner does not tell. */
  readers?: (Process & { leases: number })[];
}
