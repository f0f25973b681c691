// Comms: channels that a frontend or the kernel opens by a target's name. Targets of the wire thread (the
// monitor) are served while a cell runs; all others belong to the main thread.
import type { CommEvent } from "../base/index.ts";

/** What serves one target in this thread. */
export interface CommTarget {
  open(commId: string, data: unknown): void;
  message(commId: string, data: unknown): void;
  close(commId: string): void;
}

export class Comms {
  readonly #targets = new Map<string, CommTarget>();
  /** Open comms and the names of their targets. */
  readonly #open = new Map<string, string>();
  readonly #toMain: (event: CommEvent) => void;

  constructor(toMain: (event: CommEvent) => void) {
    this.#toMain = toMain;
  }

  serve(targetName: string, target: CommTarget): void {
    this.#targets.set(targetName, target);
  }

  /** From the frontend. */
  receive(event: CommEvent): void {
    if (event.kind === "open") this.#open.set(event.commId, event.targetName ?? "");
    const target = this.#targets.get(this.#open.get(event.commId) ?? "");
    if (event.kind === "close") this.#open.delete(event.commId);
    if (!target) this.#toMain(event);
    else if (event.kind === "open") target.open(event.commId, event.data);
    else if (event.kind === "msg") target.message(event.commId, event.data);
    else target.close(event.commId);
  }

  /** The kernel opened or closed a comm by a message of its own. */
  noteSent(messageType: string, content: Record<string, unknown>): void {
    const id = String(content["comm_id"]);
    if (messageType === "comm_open") this.#open.set(id, String(content["target_name"]));
    if (messageType === "comm_close") this.#open.delete(id);
  }

  /** Content of comm_info_reply: all open comms, or those of one target. */
  info(targetName?: string): Record<string, { target_name: string }> {
    const open = [...this.#open].filter(([, name]) => !targetName || name === targetName);
    return Object.fromEntries(open.map(([id, name]) => [id, { target_name: name }]));
  }
}
