// Lets a page's actions through to the main thread where it is free, and answers for it where it is not: a page
// never waits for a cell.
import {
  ACTIONS_TARGET,
  ACTIONS_VERSION,
  type ActionAnswer,
  type ActionRequest,
  type ActionsReady,
  type ArrivedAction,
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
  answer: (commId: string, answer: ActionAnswer | ActionsReady) => void;
}

export class ActionGate implements CommTarget {
  readonly #options: GateOptions;
  /** Comms whose pages speak this version. */
  readonly #spoken = new Set<string>();
  /** Comms that the main thread knows of. */
  readonly #known = new Set<string>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** The main thread learns of it with the first action that it can take. */
  open(commId: string, data: unknown): void {
    const { v } = (data ?? {}) as { v?: unknown };
    if (v === ACTIONS_VERSION) this.#spoken.add(commId);
    this.#options.answer(commId, { kind: "ready", v: ACTIONS_VERSION });
  }

  message(commId: string, data: unknown): void {
    const { books, busy, answer } = this.#options;
    const { id } = (data ?? {}) as { id?: unknown };
    // What is no request has nobody who waits for an answer.
    if (typeof id !== "number") return;
    if (!this.#spoken.has(commId)) answer(commId, { id, kind: "mismatch", v: ACTIONS_VERSION });
    // The budget is set when the pool opens, and nothing serves actions before.
    else if (books.counters[COUNTER.budget] === 0) answer(commId, { id, kind: "unused" });
    else if (busy()) answer(commId, { id, kind: "busy" });
    else {
      if (!this.#known.has(commId)) this.#forward("open", commId, {});
      this.#known.add(commId);
      const arrived = { ...(data as ActionRequest), arrived: Date.now() } satisfies ArrivedAction;
      this.#forward("msg", commId, arrived);
    }
  }

  close(commId: string): void {
    this.#spoken.delete(commId);
    if (this.#known.delete(commId)) this.#forward("close", commId, {});
  }

  #forward(kind: CommEvent["kind"], commId: string, data: unknown): void {
    this.#options.forward({ kind, commId, targetName: ACTIONS_TARGET, data, buffers: [] });
  }
}
