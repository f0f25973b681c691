// Lines of text from the user. `input` waits as a promise, `prompt` holds the thread, as in a browser.
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { CenoteError, Interrupted, type ToMain } from "../base/index.ts";
import type { CellOutput } from "./output.ts";

export interface InputHost {
  output: CellOutput;
  port: MessagePort;
  /** Whether the running cell's frontend can ask; undefined when no cell runs. */
  allowed(): boolean | undefined;
  /** What arrives for others while `prompt` waits. */
  receive(message: ToMain): void;
}

const NO_INPUT = "NO_INPUT";

/** Whether the error says that there is nobody to type a line. */
export function isNoInput(error: unknown): error is CenoteError {
  return error instanceof CenoteError && error.code === NO_INPUT;
}

export class Input {
  readonly #host: InputHost;
  readonly #waiting = new Map<number, (value: string | null) => void>();
  #serial = 0;

  constructor(host: InputHost) {
    this.#host = host;
  }

  /** Resolves to the line that the user types. */
  ask(prompt = "", options: { password?: boolean } = {}): Promise<string> {
    const serial = this.#request(prompt, options.password === true);
    return new Promise((resolve, reject) => {
      this.#waiting.set(serial, (value) => {
        if (value === null) reject(new Interrupted());
        else resolve(value);
      });
    });
  }

  /** The line that the user types, or `preset` when it is empty. Nothing else runs meanwhile. */
  askNow(prompt = "", preset: string | null = null): string | null {
    const serial = this.#request(prompt, false);
    for (;;) {
      const got = receiveMessageOnPort(this.#host.port) as { message: ToMain } | undefined;
      if (!got) {
        Atomics.wait(pause, 0, 0, 5);
        continue;
      }
      const { message } = got;
      if (message.type === "input" && message.serial === serial) return message.value || preset;
      this.#host.receive(message);
      if (message.type === "interrupt") throw new Interrupted();
    }
  }

  answer(serial: number, value: string | null): void {
    this.#waiting.get(serial)?.(value);
    this.#waiting.delete(serial);
  }

  /** Open questions are no longer waited for: what asked them has been interrupted. */
  giveUp(): void {
    this.#waiting.clear();
  }

  #request(prompt: string, password: boolean): number {
    if (!this.#host.allowed()) {
      throw new CenoteError(NO_INPUT, "wanted a line of text, but nobody can be asked", {
        mend: "Input works only while a cell runs, in a frontend that allows it (not in nbconvert).",
      });
    }
    const serial = ++this.#serial;
    this.#host.output.event({ type: "input", serial }, { prompt: String(prompt), password });
    return serial;
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));
