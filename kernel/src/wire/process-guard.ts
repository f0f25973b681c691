// Reads what the addon's guard of the process has to say (native/src/process.c): text that child processes
// and native code write to the standard streams, and alarms of the main thread.
import { StringDecoder } from "node:string_decoder";
import { native, type ProcessDescriptors } from "../base/index.ts";

/** What this needs is loaded after the start, and before the first cell; until then the pipes hold what comes. */
const LOAD_AFTER_MS = 50;
/** How V8's and Node's words on an abort begin. They are for the terminal, unless it was another process. */
const LAST_WORDS =
  /^(?:<--- Last few GCs --->|FATAL ERROR: |# Fatal error in |----- Native stack trace)/m;
const HELD_MS = 1000;
/** What Dawn makes of an adapter's limits, when the GPU is opened: the kernel's affair, not the notebook's. */
const DAWN_LIMITS = /^Warning: \w+ artificially reduced from \d+ to \d+ to fit .*\n/gm;
const STREAMS = ["stdout", "stderr"] as const;
type Stream = (typeof STREAMS)[number];

export interface GuardHost {
  text(name: Stream, text: string): void;
  /** The main thread's code must be stopped: its heap is nearly full. */
  heapIsFull(): void;
  /** The main thread aborts; `words` is what was written to stderr about it. The process is to be ended. */
  aborts(words: string): void;
}

export class ProcessGuard {
  readonly #descriptors: ProcessDescriptors;
  readonly #host: GuardHost;
  readonly #decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  /** Text of stderr that is kept back because an alarm may follow. */
  #held: string | undefined;

  constructor(descriptors: ProcessDescriptors, host: GuardHost) {
    this.#descriptors = descriptors;
    this.#host = host;
    setTimeout(() => this.#followAll(), LOAD_AFTER_MS).unref();
  }

  #followAll(): void {
    native();
    for (const name of STREAMS) {
      this.#follow(this.#descriptors[name], (bytes) => this.#publish(name, bytes));
    }
    this.#follow(this.#descriptors.alarm, (bytes) => this.#alarm(bytes.toString("latin1")));
  }

  /** Publishes what was written up to now: before a cell's end is told. */
  drain(): void {
    for (const name of STREAMS) {
      for (const bytes of this.#rest(name)) this.#publish(name, bytes);
    }
    this.#release();
  }

  #follow(fd: number, take: (bytes: Buffer) => void): void {
    const { Socket } = process.getBuiltinModule("node:net");
    const socket = new Socket({ fd, readable: true, writable: false });
    socket.on("data", take);
    socket.unref();
  }

  #publish(name: Stream, bytes: Buffer): void {
    const text = this.#decoders[name].write(bytes).replace(DAWN_LIMITS, "");
    if (name === "stderr" && this.#held !== undefined) this.#held += text;
    else if (name === "stderr" && LAST_WORDS.test(text)) {
      this.#held = text;
      setTimeout(() => this.#release(), HELD_MS).unref();
    } else if (text !== "") this.#host.text(name, text);
  }

  #release(): void {
    if (this.#held !== undefined) this.#host.text("stderr", this.#held);
    this.#held = undefined;
  }

  #alarm(kinds: string): void {
    if (kinds.includes("x")) {
      const rest = Buffer.concat([...this.#rest("stderr")]).toString("utf8");
      this.#host.aborts((this.#held ?? "") + rest);
      this.#held = undefined;
    } else this.#host.heapIsFull();
  }

  /** What the pipe holds, without waiting. */
  *#rest(name: Stream): Generator<Buffer> {
    for (;;) {
      const bytes = native()?.receiveNow(this.#descriptors[name], 0);
      if (!bytes?.length) return;
      yield bytes;
    }
  }
}
