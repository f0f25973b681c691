// The states that the panel can be in towards a kernel. Words for them are in widgets/words.ts.

export type LinkState =
  /** No notebook or console has been looked at yet. */
  | "nobody"
  /** A notebook or console without a kernel. */
  | "no-kernel"
  /** The kernel has not yet said what it is. */
  | "starting"
  /** A kernel that isn't Cenote's: no comm is opened there. */
  | "foreign"
  /** A comm was opened; nothing has come yet. */
  | "connecting"
  | "live"
  /** Nobody looks: the kernel was asked to be silent. */
  | "paused"
  /** The connection or the kernel went away and is expected back. */
  | "reconnecting"
  | "dead"
  /** The kernel closed the comm: it has no monitor. */
  | "refused"
  /** The kernel's monitor speaks another version of the protocol. */
  | "mismatch";
