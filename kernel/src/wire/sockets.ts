// The kernel's five ZeroMQ sockets. ZeroMQ takes one send at a time and loses what is sent beside it, so
// each socket that sends has one queue.
import { Reply, Router, XPublisher } from "zeromq";
import { type Connection, endpoint } from "./connection.ts";
import { log } from "./log.ts";

type Frames = (Buffer | Uint8Array)[];

/** How long the whole kernel waits for a frontend that takes no output before that one loses some. */
const SLOW_SUBSCRIBER_MS = 10_000;

export class SendQueue {
  readonly #send: (frames: Frames) => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  /** Bytes that wait to be taken by ZeroMQ. */
  queuedBytes = 0;

  constructor(send: (frames: Frames) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves when ZeroMQ has taken the message; messages leave in the order of the calls. */
  send(frames: Frames): Promise<void> {
    const size = frames.reduce((sum, frame) => sum + frame.byteLength, 0);
    this.queuedBytes += size;
    this.#last = this.#last
      .then(() => this.#send(frames))
      .catch((error) => log(`a message was not sent: ${error}`))
      .then(() => {
        this.queuedBytes -= size;
      });
    return this.#last;
  }

  /** Resolves when everything that was queued so far is sent. */
  drained(): Promise<void> {
    return this.#last;
  }
}

export interface Sockets {
  shell: Router;
  control: Router;
  stdin: Router;
  iopub: XPublisher;
  toShell: SendQueue;
  toControl: SendQueue;
  toStdin: SendQueue;
  toIopub: SendQueue;
  /** Closes all; what was taken for sending still leaves. */
  close(): void;
}

/** Binds all sockets and starts the heartbeat. */
export async function bindSockets(connection: Connection): Promise<Sockets> {
  const router = () => new Router({ linger: 2000, sendHighWaterMark: 0 });
  const shell = router();
  const control = router();
  const stdin = router();
  const heartbeat = new Reply({ linger: 0 });
  // A subscriber that doesn't keep up holds the output back rather than losing it.
  const iopub = new XPublisher({ linger: 2000, sendHighWaterMark: 1000, verbosity: "allSubs" });
  iopub.noDrop = true;
  iopub.sendTimeout = SLOW_SUBSCRIBER_MS;
  await Promise.all([
    shell.bind(endpoint(connection, "shell")),
    control.bind(endpoint(connection, "control")),
    stdin.bind(endpoint(connection, "stdin")),
    iopub.bind(endpoint(connection, "iopub")),
    heartbeat.bind(endpoint(connection, "hb")),
  ]);
  void echo(heartbeat);
  return {
    shell,
    control,
    stdin,
    iopub,
    toShell: new SendQueue((frames) => shell.send(frames)),
    toControl: new SendQueue((frames) => control.send(frames)),
    toStdin: new SendQueue((frames) => stdin.send(frames)),
    toIopub: new SendQueue((frames) => publish(iopub, frames)),
    close() {
      for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
    },
  };
}

async function publish(iopub: XPublisher, frames: Frames): Promise<void> {
  try {
    await iopub.send(frames);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    // Someone subscribed and reads nothing: the others come first.
    iopub.noDrop = false;
    await iopub.send(frames);
    iopub.noDrop = true;
  }
}

async function echo(heartbeat: Reply): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames);
}
