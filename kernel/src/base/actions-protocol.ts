// What a page may ask the pool to do. The kernel does it between cells: while one runs the wire's thread
// answers "busy" at once, and before the GPU was used "unused".

export const ACTIONS_TARGET = "cenote.actions";
export const ACTIONS_VERSION = 3;

/**
 * Milliseconds from a request's arrival at the kernel in which the kernel begins it. Later it leaves it undone:
 * whoever asked has gone on to something else.
 */
export const ACTION_BEGINS_MS = 20_000;

/** The comm is opened with { v }; the wire's thread answers that at once, before any request. */
export interface ActionsReady {
  kind: "ready";
  v: number;
}

/** `id` is the page's and comes back in the answer. */
export type ActionRequest = { id: number } & (
  | { kind: "mark"; name: string }
  | { kind: "trim" | "compact" | "leaks" | "free-leaks" }
  | { kind: "spill"; bytes: number }
  /** Writes a file into the notebook's folder; large ones would not pass through Jupyter's messages. */
  | { kind: "export"; format: string }
);

/** A request as the wire's thread passes it on; `arrived`: milliseconds since the epoch, by the kernel's clock. */
export type ArrivedAction = ActionRequest & { arrived: number };

export interface ActionHolder {
  tag: string;
  cell: number;
  line: number;
  blocks: number;
  bytes: number;
}

export type ActionAnswer = { id: number } & (
  | { kind: "busy" }
  | { kind: "unused" }
  | { kind: "failed"; message: string }
  /** The page speaks another version. */
  | { kind: "mismatch"; v: number }
  /** Left undone, because it could not be begun in time. */
  | { kind: "late" }
  /** Done: bytes given back, moved, spilled or freed, and blocks, where there is something to count. */
  | { kind: "done"; bytes?: number; blocks?: number; movedBytes?: number; file?: string }
  /** The largest holders, and of all of them how many there are, with their blocks and bytes. */
  | { kind: "leaks"; holders: ActionHolder[]; groups: number; blocks: number; bytes: number }
);
