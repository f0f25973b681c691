// What the main thread and the serving thread tell each other. Neither waits for the other: each takes
// what has come before it acts (the server before it answers a peer, the owner before it allocates), so
// that a `put` is visible to peers as soon as it returns, and both go on while the other is busy.
import type { SegmentHandle } from "./segment.ts";
import type { Description } from "./shared.ts";

export type ToServer =
  | { type: "arena"; id: number; bytes: number; handle: SegmentHandle }
  /** Nobody has a lease in it any more. */
  | { type: "dropped"; id: number }
  /** `entry`: of the name on the board. */
  | { type: "publish"; object: Description; arena: number; entry: number | undefined }
  /** The board says so, too: who leases what was replaced from now on will find that it is too late. */
  | { type: "posted" }
  | { type: "remove"; name: string }
  /** Which leases in sheets have ended? What is idle is told, and then the word `looked` raised. */
  | { type: "look" };

export type FromServer =
  | { type: "listening"; path: string }
  | { type: "failed"; code: string; message: string }
  /** The object is not current any more, and no peer has a lease on it. */
  | { type: "idle"; version: number }
  /** A peer has taken the name back. */
  | { type: "removed"; name: string; version: number }
  /** A table went over a socket, because its reader can't map. */
  | { type: "copied"; bytes: number };
