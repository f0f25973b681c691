// Lets a page's actions through to the main thread where it is free, and answers for it where it is not: a page
// never waits for a cell.
import {
  ACTIONS_TARGET,
  type ActionAnswer,
  type ActionRequest,
  type Books,
  COUNTER,
  type CommEvent,
} from "../base/index.ts";
import type { CommTarget } from "./comms.ts";

export interface GateOptions {
  books: Books;
  /** Whether a cell runs. */
  busy: () => boolean;
  forward: (event: CommEvent) => void;
  answer: (commId: string, answer: ActionAnswer) => void;
}

export class ActionGate implements CommTarget {
  readonly #options: GateOptions;
  /** Comms that the main thread knows of. */
  readonly #known = new Set<string>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** The main thread learns of it with the first action that it can take. */
  open(): void {}

  message(commId: string, data: unknown): void {
    const { books, busy, answer } = this.#options;
    const { id } = data as ActionRequest;
    // The budget is set when the pool opens, and nothing serves actions before.
    if (books.counters[COUNTER.budget] === 0) answer(commId, { id, kind: "unused" });
    else if (busy()) answer(commId, { id, kind: "busy" });
    else {
      if (!this.#known.has(commId)) this.#forward("open", commId, {});
      this.#known.add(commId);
      this.#forward("msg", commId, data);
    }
  }

  close(commId: string): void {
    if (this.#known.delete(commId)) this.#forward("close", commId, {});
  }

  #forward(kind: CommEvent["kind"], commId: string, data: unknown): void {
    this.#options.forward({ kind, commId, targetName: ACTIONS_TARGET, data, buffers: [] });
  }
}
