// Comms of cells: channels between a notebook's code and a frontend's, by a target's name. The kernel
// connects what carries them; without a kernel there is nobody at the other end.
import { CenoteError } from "./errors.ts";

/** One open channel. */
export interface Comm {
  readonly id: string;
  readonly target: string;
  send(data: unknown, buffers?: readonly ArrayBufferView[]): void;
  close(data?: unknown): void;
  /** Called with each message of the other end. */
  onMessage: ((data: unknown, buffers: Uint8Array[]) => void) | undefined;
  /** Called when the other end closes. */
  onClose: ((data: unknown) => void) | undefined;
}

export interface CommService {
  /** Opens a channel to the frontend's target of this name. */
  open(target: string, data?: unknown, buffers?: readonly ArrayBufferView[]): Comm;
  /** Serves the channels that a frontend opens to this name; undefined ends that. */
  serve(target: string, opened: ((comm: Comm, data: unknown) => void) | undefined): void;
}

let service: CommService | undefined;

export function connectComms(to: CommService): void {
  service = to;
}

/** Throws NO_FRONTEND where no kernel runs. */
export function comms(): CommService {
  if (service) return service;
  throw new CenoteError("NO_FRONTEND", "comms need a notebook; none is connected");
}

/** Whether a kernel runs. */
export const commsConnected = (): boolean => service !== undefined;
