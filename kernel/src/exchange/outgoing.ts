// What is said to a peer: questions at once, and what can wait with the next of them.
import type { Socket } from "node:net";
import { native } from "../base/index.ts";
import { encodeFrame, type Message } from "./frames.ts";
import { socketDescriptor } from "./sending.ts";

/** Milliseconds that a message waits for another to go with: each one wakes the owner. */
const WAIT_MS = 5;

export class Outgoing {
  readonly #socket: Socket;
  #unsent: Buffer[] = [];
  #flushing: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether the socket is connected and nothing waits in it. */
  get isClear(): boolean {
    return socketDescriptor(this.#socket) !== undefined && this.#socket.writableLength === 0;
  }

  /** Sends what is unsent, and the message after it. */
  send(message?: Message): void {
    const frames = this.#taken();
    if (message) frames.push(encodeFrame(message));
    this.#socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  /** Sends the message soon, or with the next one. */
  later(message: Message): void {
    this.#unsent.push(encodeFrame(message));
    this.#flushing ??= setTimeout(() => this.send(), WAIT_MS).unref();
  }

  /** Sends it past Node's queue, which must be clear. False where not all of it could go: the rest follows. */
  now(message: Message): boolean {
    const descriptor = socketDescriptor(this.#socket);
    const frames = Buffer.concat([...this.#taken(), encodeFrame(message)]);
    const addon = descriptor === undefined ? undefined : native();
    const sent = Math.max(0, addon?.sendNow(descriptor!, frames) ?? 0);
    if (sent === frames.length) return true;
    this.#socket.write(frames.subarray(sent));
    return false;
  }

  /** Forgets what is unsent. */
  close(): void {
    this.#taken();
  }

  #taken(): Buffer[] {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    return this.#unsent.splice(0);
  }
}
