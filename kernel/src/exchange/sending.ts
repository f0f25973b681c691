// Sends to one peer, in order, also what a plain `socket.write` does not: a descriptor with a frame, and bytes
// too many for one write.

import type { Socket } from "node:net";
import { native } from "../base/index.ts";

const SLICE = 1024 * 1024;
const RETRY_MS = 5;

/** The descriptor of a connected socket; Node has no documented way to it. */
export function socketDescriptor(socket: Socket): number | undefined {
  const handle = (socket as unknown as { _handle?: { fd?: unknown } })._handle;
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}

/** A frame, or what sends something in several steps and then calls `done`. */
type Item = Uint8Array | ((done: () => void) => void);

/**
 * What goes to one peer, in the order in which it was said: while bytes or a descriptor are on their way
 * nothing else may come between them.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #items: Item[] = [];
  #busy = false;
  #ending = false;
  #queued = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes of frames that the peer has not taken yet. */
  get waiting(): number {
    return this.#socket.writableLength + this.#queued;
  }

  frame(frame: Uint8Array): void {
    this.#queued += frame.length;
    this.#add(frame);
  }

  /** A frame, its first byte with a descriptor. */
  withDescriptor(frame: Buffer, fd: number): void {
    this.#add((done) => sendWithDescriptor(this.#socket, frame, fd, done));
  }

  /** Bytes slice by slice, as the peer takes them. */
  bytes(bytes: Uint8Array): void {
    this.#add((done) => sendBytes(this.#socket, bytes, done));
  }

  /** Ends the connection after what was said; what is said later is dropped. */
  end(): void {
    this.#add(() => this.#socket.end());
    this.#ending = true;
  }

  #add(item: Item): void {
    if (this.#ending) return;
    this.#items.push(item);
    if (!this.#busy) this.#next();
  }

  #next(): void {
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) {
      if (item instanceof Uint8Array) {
        this.#queued -= item.length;
        this.#socket.write(item);
        continue;
      }
      this.#busy = true;
      item(() => {
        this.#busy = false;
        this.#next();
      });
      return;
    }
  }
}

/** Waits until all that was written before is sent. */
function sendWithDescriptor(socket: Socket, frame: Buffer, fd: number, done: () => void): void {
  const attempt = () => {
    const descriptor = socketDescriptor(socket);
    if (socket.destroyed || descriptor === undefined) return void socket.destroy();
    try {
      const sent = native()!.sendDescriptor(descriptor, frame, fd);
      if (sent < 0) return void setTimeout(attempt, RETRY_MS);
      if (sent < frame.length) socket.write(frame.subarray(sent));
      done();
    } catch {
      socket.destroy(); // the peer has gone, or the arena was dropped while it did not read
    }
  };
  socket.write(new Uint8Array(0), attempt);
}

function sendBytes(socket: Socket, bytes: Uint8Array, done: () => void): void {
  let at = 0;
  const next = (error?: Error | null) => {
    if (error || socket.destroyed) return;
    if (at >= bytes.length) return done();
    const slice = bytes.subarray(at, at + SLICE);
    at += slice.length;
    socket.write(slice, next);
  };
  next();
}
