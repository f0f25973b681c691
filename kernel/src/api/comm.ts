// Channels between a cell's code and a frontend's (widgets, extensions).
import { type Comm, comms } from "../base/index.ts";

export type { Comm };

/** Opens a channel to what the frontend registered under this name. Throws NO_FRONTEND outside a notebook. */
export function openComm(
  target: string,
  data?: unknown,
  buffers?: readonly ArrayBufferView[],
): Comm {
  return comms().open(target, data, buffers);
}

/** Calls `opened` for each channel that a frontend opens to this name. */
export function serveComm(target: string, opened: (comm: Comm, data: unknown) => void): void {
  comms().serve(target, opened);
}
