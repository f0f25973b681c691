// The names that are shared, as the main thread tells them: `get("` offers them.
import { BroadcastChannel } from "node:worker_threads";
import { SHARED_NAMES_CHANNEL, type SharedNamesMessage } from "../../base/index.ts";

/** Milliseconds that the main thread has to answer; it may be busy, and somebody waits for the completion. */
const PATIENCE_MS = 100;
/** A call whose first argument is a text that is being written. */
const NAMING = /\w\(\s*["'`][^"'`\n]*$/;

/** Whether a name may be what is written at the end of this text. */
export const mayName = (before: string): boolean => NAMING.test(before);

export class SharedNames {
  readonly #channel = new BroadcastChannel(SHARED_NAMES_CHANNEL);
  readonly #told: (names: string[]) => void;
  #answered: (() => void) | undefined;

  /** `told` is called with each answer. */
  constructor(told: (names: string[]) => void) {
    this.#told = told;
    this.#channel.unref();
    this.#channel.onmessage = (event) => {
      const { data } = event as { data: SharedNamesMessage };
      if (!("names" in data)) return;
      this.#told(data.names);
      this.#answered?.();
    };
  }

  /** Resolves when the names are told, or when that takes too long. */
  ask(): Promise<void> {
    this.#channel.postMessage({ ask: true } satisfies SharedNamesMessage);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS);
      this.#answered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
