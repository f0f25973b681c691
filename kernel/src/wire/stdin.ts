// Questions to the user. An input_request goes to the frontend whose cell asks; its input_reply goes back
// to the code that asked. A line that answers an older question, or comes from another frontend, answers
// nothing.
import { randomUUID } from "node:crypto";
import type { ToMain } from "../base/index.ts";
import { log } from "./log.ts";
import type { Codec, Message } from "./message.ts";
import { text } from "./request-fields.ts";
import type { SendQueue } from "./sockets.ts";

/** Questions that were given up, by message: their answers may still come. */
const REMEMBERED = 100;

interface Question {
  /** The main thread's number. */
  serial: number;
  messageId: string;
  /** Of the frontend that was asked. */
  identities: readonly Buffer[];
}

export class StdinChannel {
  readonly #codec: Codec;
  readonly #queue: SendQueue;
  readonly #post: (message: ToMain) => void;
  #open: Question | undefined;
  readonly #past: string[] = [];

  constructor(codec: Codec, queue: SendQueue, post: (message: ToMain) => void) {
    this.#codec = codec;
    this.#queue = queue;
    this.#post = post;
  }

  /** Asks the frontend that sent `cell`; without one, nobody can be asked. `content`: JSON text. */
  async ask(serial: number, content: Buffer, cell: Message | undefined): Promise<void> {
    if (!cell) {
      this.#post({ type: "input", serial, value: null });
      return;
    }
    this.#close();
    const { identities, header: parent } = cell;
    const id = randomUUID();
    this.#open = { serial, messageId: id, identities };
    await this.#queue.send(
      this.#codec.encode({ type: "input_request", content, parent, identities, id }),
    );
  }

  /** A message on the stdin socket. */
  receive(message: Message): void {
    if (message.header.msg_type !== "input_reply") {
      log(`wanted input_reply on stdin, found ${JSON.stringify(message.header.msg_type)}`);
      return;
    }
    const open = this.#open;
    if (!open || !isFrom(message, open) || this.#past.includes(message.parent.msg_id ?? "")) {
      log("an input_reply that answers no open question was dropped");
      return;
    }
    this.#close();
    const value = text(message.content["value"]);
    this.#post({ type: "input", serial: open.serial, value });
  }

  #close(): void {
    if (!this.#open) return;
    this.#past.push(this.#open.messageId);
    if (this.#past.length > REMEMBERED) this.#past.shift();
    this.#open = undefined;
  }
}

function isFrom(message: Message, { identities }: Question): boolean {
  return (
    message.identities.length === identities.length &&
    message.identities.every((part, i) => part.equals(identities[i]!))
  );
}
