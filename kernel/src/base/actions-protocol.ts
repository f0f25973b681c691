// What a page may ask the pool to do. The kernel does it between cells: while one runs the wire's thread
// answers "busy" at once, and before the GPU was used "unused".

export const ACTIONS_TARGET = "cenote.actions";

/** `id` is the page's and comes back in the answer. The comm is opened without data. */
export type ActionRequest = { id: number } & (
  | { kind: "mark"; name: string }
  | { kind: "trim" | "compact" | "snapshot" | "compare" | "leaks" | "free-leaks" }
  | { kind: "spill"; bytes: number }
  /** Writes a file into the notebook's folder; large ones would not pass through Jupyter's messages. */
  | { kind: "export"; format: string }
  /** A drawing of the pool as it is now, as SVG. */
  | { kind: "picture"; picture: Picture }
);
export type Picture = "timeline" | "slabs";

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
  /** Done: bytes given back, moved, spilled or freed, and blocks, where there is something to count. */
  | { kind: "done"; bytes?: number; blocks?: number; movedBytes?: number; file?: string }
  | { kind: "leaks"; holders: ActionHolder[] }
  /** What is different from the snapshot before; bytes. */
  | {
      kind: "difference";
      milliseconds: number;
      live: number;
      reserved: number;
      appeared: ActionHolder[];
      gone: ActionHolder[];
    }
  | { kind: "picture"; svg: string }
);
