// What goes out on iopub: statuses, outputs, displays. Text of stdout and stderr is gathered, so that a
// hundred thousand lines are a few messages, and is always sent before anything that comes after it.
import { now } from "../base/index.ts";
import type { Codec, Header } from "./message.ts";
import type { SendQueue } from "./sockets.ts";

/** Text that comes faster than this is gathered into one message. */
const GATHER_MS = 30;
/** After a pause, text waits only for the rest of its line or cell. */
const FIRST_MS = 3;
/** …or until there is this much of it, in characters. */
const GATHER_CHARACTERS = 1 << 17;

export interface Extras {
  metadata?: Record<string, unknown>;
  buffers?: readonly Uint8Array[];
}

interface PendingText {
  name: "stdout" | "stderr";
  parent: Header | undefined;
  parts: string[];
  characters: number;
}

export class Publisher {
  readonly #codec: Codec;
  readonly #queue: SendQueue;
  #pending: PendingText | undefined;
  #lastFlush = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(codec: Codec, queue: SendQueue) {
    this.#codec = codec;
    this.#queue = queue;
  }

  /** Bytes that wait to be sent. */
  get backlog(): number {
    return this.#queue.queuedBytes;
  }

  /** Publishes a message after all text so far. Resolves when ZeroMQ has it. */
  send(
    type: string,
    content: object | Buffer,
    parent?: Header,
    extras: Extras = {},
  ): Promise<void> {
    this.flush();
    const frames = this.#codec.encode({ type, content, parent, ...extras });
    return this.#queue.send([type, ...frames]);
  }

  status(state: "busy" | "idle" | "starting", parent?: Header): Promise<void> {
    return this.send("status", { execution_state: state }, parent);
  }

  /** Adds text to the output; `settle` must be called when no more is at hand for now. */
  text(name: "stdout" | "stderr", text: string, parent: Header | undefined): void {
    const pending = this.#pending;
    if (!pending || pending.name !== name || pending.parent !== parent) {
      this.flush();
      this.#pending = { name, parent, parts: [text], characters: text.length };
    } else {
      pending.parts.push(text);
      pending.characters += text.length;
    }
    if (this.#pending!.characters > GATHER_CHARACTERS) this.flush();
  }

  /** Sends what was gathered soon, sooner where text comes seldom. */
  settle(): void {
    if (!this.#pending) return;
    const wait = this.#lastFlush + GATHER_MS - now();
    this.#timer ??= setTimeout(() => this.flush(), Math.max(wait, FIRST_MS));
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    this.#lastFlush = now();
    const content = { name: pending.name, text: pending.parts.join("") };
    const frames = this.#codec.encode({ type: "stream", content, parent: pending.parent });
    void this.#queue.send(["stream", ...frames]);
  }

  /** Resolves when everything published so far is sent. */
  drained(): Promise<void> {
    this.flush();
    return this.#queue.drained();
  }
}
