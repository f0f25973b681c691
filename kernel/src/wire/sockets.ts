// The kernel's five ZeroMQ sockets. ZeroMQ takes one send at a time and loses what is sent beside it, so
// each socket that sends has one queue.
import { setTimeout as sleep } from "node:timers/promises";
import { Reply, Router, XPublisher } from "zeromq";
import { now } from "../base/index.ts";
import { type Connection, endpoint } from "./connection.ts";
import { log } from "./log.ts";
import type { Frame } from "./message.ts";

type Frames = Frame[];

/**
 * Messages on iopub that wait for a frontend which doesn't keep up; then the cell's output is held back.
 * Text is gathered, so that this many are a few dozen megabytes at most.
 */
const IOPUB_MESSAGES = 250;
/** A frontend that takes nothing for so long (it was suspended, say) loses output; the others go on. */
const STUCK_MS = 30_000;
const RETRY_MS = 1;
/** Once that frontend isn't waited for, ZeroMQ waits for nobody: the others get pauses to keep up in. */
const BURST = 50;
const PAUSE_MS = 50;
/** How long a question waits for the frontend's socket, and how often it tries. */
const CONNECT_MS = 5000;
const CONNECT_RETRY_MS = 10;

export class SendQueue {
  readonly #send: (frames: Frames) => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Bytes, and characters of short text, that wait to be taken by ZeroMQ. */
  queuedBytes = 0;

  constructor(send: (frames: Frames) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves when ZeroMQ has taken the message; messages leave in the order of the calls. */
  send(frames: Frames): Promise<void> {
    const size = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.queuedBytes += size;
    const isFirst = ++this.#waiting === 1;
    const sent = isFirst ? this.#try(frames) : this.#last.then(() => this.#try(frames));
    this.#last = sent.then(() => {
      this.#waiting--;
      this.queuedBytes -= size;
    });
    return this.#last;
  }

  async #try(frames: Frames): Promise<void> {
    try {
      await this.#send(frames);
    } catch (error) {
      log(`a message was not sent: ${error}`);
    }
  }

  /** Resolves when everything that was queued so far is sent. */
  drained(): Promise<void> {
    return this.#last;
  }
}

export interface Sockets {
  /** Ends when the sockets close. */
  heartbeat: Promise<void>;
  shell: Router;
  control: Router;
  stdin: Router;
  iopub: XPublisher;
  toShell: SendQueue;
  toControl: SendQueue;
  toStdin: SendQueue;
  toIopub: SendQueue;
  /** From now on a frontend that doesn't keep up holds output back again instead of losing it. */
  waitForAll(): void;
  /** From now on nobody holds output back: who doesn't keep up loses it. */
  waitForNobody(): void;
  /** Closes all; what was taken for sending still leaves. */
  close(): void;
}

/**
 * Binds all sockets and starts the heartbeat. `stuckMs`: how long output waits for a frontend that takes
 * nothing.
 */
export async function bindSockets(connection: Connection, stuckMs = STUCK_MS): Promise<Sockets> {
  const router = (mandatory: boolean) =>
    new Router({ linger: 2000, sendHighWaterMark: 0, mandatory });
  const shell = router(false);
  const control = router(false);
  const stdin = router(true);
  const heartbeat = new Reply({ linger: 0 });
  const iopub = new XPublisher({
    linger: 2000,
    sendHighWaterMark: IOPUB_MESSAGES,
    verbosity: "allSubs",
  });
  const patience = new Patience(iopub, stuckMs);
  await Promise.all([
    shell.bind(endpoint(connection, "shell")),
    control.bind(endpoint(connection, "control")),
    stdin.bind(endpoint(connection, "stdin")),
    iopub.bind(endpoint(connection, "iopub")),
    heartbeat.bind(endpoint(connection, "hb")),
  ]);
  return {
    heartbeat: echo(heartbeat),
    shell,
    control,
    stdin,
    iopub,
    toShell: new SendQueue((frames) => shell.send(frames)),
    toControl: new SendQueue((frames) => control.send(frames)),
    toStdin: new SendQueue((frames) => sendOnceConnected(stdin, frames)),
    toIopub: new SendQueue((frames) => publish(iopub, patience, frames)),
    waitForAll: () => patience.set(true),
    waitForNobody: () => patience.set(false),
    close() {
      for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
    },
  };
}

/** On shell a frontend is answered, on stdin it is asked: this socket of its may connect after the others. */
async function sendOnceConnected(router: Router, frames: Frames): Promise<void> {
  const end = now() + CONNECT_MS;
  for (;;) {
    try {
      return await router.send(frames);
    } catch (error) {
      const isUnknown = (error as NodeJS.ErrnoException).code === "EHOSTUNREACH";
      if (!isUnknown || now() > end) throw error;
      await sleep(CONNECT_RETRY_MS);
    }
  }
}

/** Whether frontends that don't keep up are waited for. ZeroMQ can be told, not asked; telling it is dear. */
class Patience {
  readonly #iopub: XPublisher;
  readonly longestMs: number;
  waits = false;
  #sent = 0;

  constructor(iopub: XPublisher, longestMs: number) {
    this.#iopub = iopub;
    this.longestMs = longestMs;
    this.set(true);
  }

  /** Before each message. */
  async pause(): Promise<void> {
    if (!this.waits && ++this.#sent % BURST === 0) await sleep(PAUSE_MS);
  }

  set(waits: boolean): void {
    if (this.waits === waits) return;
    this.waits = waits;
    this.#iopub.noDrop = waits;
  }
}

/**
 * Sends once every frontend has room. ZeroMQ refuses at once where one has none: an XPUB socket is always
 * ready for writing, so that neither its polling nor its time-outs wait.
 */
async function publish(iopub: XPublisher, patience: Patience, frames: Frames): Promise<void> {
  await patience.pause();
  const stuck = now() + patience.longestMs;
  for (;;) {
    try {
      await iopub.send(frames);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
    if (patience.waits && now() > stuck) {
      const seconds = patience.longestMs / 1000;
      log(`a frontend took no output for ${seconds} s: it loses some from now on`);
      patience.set(false);
    } else {
      await sleep(RETRY_MS);
    }
  }
}

async function echo(heartbeat: Reply): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames);
}
