// The kernel as Jupyter sees it: receives requests on shell, control and stdin, answers what needs no user
// code in this thread, and hands cells to the main thread.
import type { Router } from "zeromq";
import {
  type CommEvent,
  type MonitorNote,
  type OutputReader,
  type ToMain,
  WORD,
} from "../base/index.ts";
import { CellTypes } from "./cell-types.ts";
import { Comms, type CommTarget } from "./comms.ts";
import type { Connection } from "./connection.ts";
import { Executions } from "./executions.ts";
import { History } from "./history.ts";
import type { Interrupter } from "./interrupt.ts";
import { kernelInfo } from "./kernel-info.ts";
import { log } from "./log.ts";
import { BadMessage, Codec, type Message, PROTOCOL_VERSION } from "./message.ts";
import { pumpOutput } from "./output-pump.ts";
import { Publisher } from "./publisher.ts";
import { commEvent, cursor, text } from "./request-fields.ts";
import { bindSockets, type SendQueue, type Sockets } from "./sockets.ts";
import type { TypesClient } from "./types-client.ts";

type Content = Record<string, unknown>;

/** What the wire needs of other rooms; wire-thread.ts joins them. */
export interface WireServices {
  complete(code: string, cursor: number): Promise<Content>;
  inspect(code: string, cursor: number, detail: number): Promise<Content>;
  isComplete(code: string): Promise<Content>;
  note(note: MonitorNote): void;
  types: TypesClient;
  /** Names that exist in the notebook. */
  living(): Promise<readonly string[]>;
  interrupter: Interrupter;
  post(message: ToMain): void;
  output: OutputReader;
}

/** How long a kernel that ends waits for frontends that don't keep up. */
const LAST_OUTPUT_MS = 1000;

type Handler = (message: Message, queue: SendQueue) => Promise<void> | void;

export class KernelServer {
  readonly #services: WireServices;
  readonly #sockets: Sockets;
  readonly #codec: Codec;
  readonly #publisher: Publisher;
  readonly #types: CellTypes;
  readonly #executions: Executions;
  readonly #history = new History();
  readonly #comms: Comms;
  readonly #handlers: Record<string, Handler>;
  /** The main thread's number of the question that was asked last. */
  #inputSerial = 0;
  /** What receives; each ends when its socket closes. */
  readonly #loops: Promise<void>[];
  /** Messages that were dropped because they could not be read or were signed wrongly. */
  dropped = 0;

  /** Binds the sockets and begins to serve. */
  static async start(connection: Connection, services: WireServices): Promise<KernelServer> {
    const codec = new Codec(connection.key, connection.signature_scheme);
    return new KernelServer(codec, await bindSockets(connection), services);
  }

  private constructor(codec: Codec, sockets: Sockets, services: WireServices) {
    this.#codec = codec;
    this.#sockets = sockets;
    this.#services = services;
    this.#publisher = new Publisher(codec, sockets.toIopub);
    this.#comms = new Comms((event) => services.post({ type: "comm", event }));
    this.#types = new CellTypes({
      client: services.types,
      living: services.living,
      display: (request, data) => {
        const content = { data, metadata: {}, transient: {} };
        void this.#publisher.send("display_data", content, this.#executions.parentOf(request));
      },
      print: (request, text) =>
        this.#publisher.text("stdout", text, this.#executions.parentOf(request)),
    });
    this.#executions = new Executions({
      types: this.#types,
      post: services.post,
      reply: (message, type, content) => this.#reply(sockets.toShell, message, type, content),
      publisher: this.#publisher,
      history: this.#history,
      beforeCell: () => sockets.waitForAll(),
      free: () => services.interrupter.underWay,
    });
    this.#handlers = this.#makeHandlers();
    void this.#publisher.status("starting");
    this.#loops = [
      this.#receive(sockets.shell, sockets.toShell),
      this.#receive(sockets.control, sockets.toControl),
      this.#receiveInput(),
      this.#welcomeSubscribers(),
    ];
    void pumpOutput(services.output, {
      publisher: this.#publisher,
      executions: this.#executions,
      comms: this.#comms,
      askInput: (serial, content) => this.#askInput(serial, content),
      note: services.note,
      exiting: (code) => this.#exiting(code),
    });
  }

  /** Serves a comm target in this thread. */
  serveComm(targetName: string, target: CommTarget): void {
    this.#comms.serve(targetName, target);
  }

  sendComm(commId: string, data: object, buffers: readonly ArrayBufferView[] = []): void {
    const parts = buffers.map((view) => {
      return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    });
    void this.#publisher.send("comm_msg", { comm_id: commId, data }, undefined, { buffers: parts });
  }

  /** Ends the running cell, and with it those that wait. */
  async interrupt(): Promise<void> {
    if (this.#types.interrupt()) return;
    if (this.#executions.running) await this.#services.interrupter.interrupt();
  }

  // ---- receiving ----

  async #receive(socket: Router, queue: SendQueue): Promise<void> {
    for await (const frames of socket) {
      const message = this.#decode(frames as Buffer[]);
      if (!message) continue;
      if (message.header.msg_type === "execute_request") this.#executions.add(message);
      else void this.#serve(message, queue);
    }
  }

  #decode(frames: Buffer[]): Message | undefined {
    try {
      return this.#codec.decode(frames);
    } catch (error) {
      this.dropped++;
      if (!(error instanceof BadMessage)) throw error;
      log(`a message was dropped (${this.dropped} so far): ${error.message}`);
      return undefined;
    }
  }

  async #serve(message: Message, queue: SendQueue): Promise<void> {
    void this.#publisher.status("busy", message.header);
    try {
      const handler = this.#handlers[message.header.msg_type];
      if (handler) await handler(message, queue);
      else await this.#unknown(message, queue);
    } catch (error) {
      log(`${message.header.msg_type} failed: ${(error as Error).stack}`);
      const { name, message: text } = error as Error;
      const type = message.header.msg_type.replace(/_request$/, "_reply");
      const content = { status: "error", ename: name, evalue: text, traceback: [] };
      await this.#reply(queue, message, type, content);
    }
    await this.#publisher.status("idle", message.header);
    // A frontend shows the last status that it saw: the cell is still running.
    const running = this.#executions.running;
    if (running) void this.#publisher.status("busy", running.message.header);
  }

  async #unknown(message: Message, queue: SendQueue): Promise<void> {
    const type = message.header.msg_type;
    log(`a message of unknown type ${JSON.stringify(type)} was not handled`);
    if (!type.endsWith("_request")) return;
    const content = {
      status: "error",
      ename: "UnknownMessage",
      evalue: `this kernel doesn't handle ${type}`,
      traceback: [],
    };
    await this.#reply(queue, message, type.replace(/_request$/, "_reply"), content);
  }

  #reply(
    queue: SendQueue,
    message: Message,
    type: string,
    content: object | Buffer,
  ): Promise<void> {
    const { header: parent, identities } = message;
    return queue.send(this.#codec.encode({ type, content, parent, identities }));
  }

  // ---- requests that need no user code ----

  #makeHandlers(): Record<string, Handler> {
    const services = this.#services;
    const answer =
      (type: string, make: (content: Content) => Promise<object> | object): Handler =>
      async (message, queue) =>
        this.#reply(queue, message, type, await make(message.content));
    const comm =
      (kind: CommEvent["kind"]): Handler =>
      (message) =>
        this.#comms.receive(commEvent(kind, message));
    return {
      kernel_info_request: answer("kernel_info_reply", () => kernelInfo(PROTOCOL_VERSION)),
      complete_request: answer("complete_reply", (asked) =>
        services.complete(text(asked["code"]), cursor(asked)),
      ),
      inspect_request: answer("inspect_reply", (asked) =>
        services.inspect(text(asked["code"]), cursor(asked), Number(asked["detail_level"] ?? 0)),
      ),
      is_complete_request: answer("is_complete_reply", (asked) =>
        services.isComplete(text(asked["code"])),
      ),
      history_request: answer("history_reply", (asked) => ({
        status: "ok",
        history: this.#history
          .select(asked)
          .map(([session, line, source]) => [
            session,
            line,
            asked["output"] ? [source, null] : source,
          ]),
      })),
      comm_info_request: answer("comm_info_reply", (asked) => ({
        status: "ok",
        comms: this.#comms.info(text(asked["target_name"])),
      })),
      comm_open: comm("open"),
      comm_msg: comm("msg"),
      comm_close: comm("close"),
      interrupt_request: answer("interrupt_reply", async () => {
        await this.interrupt();
        return { status: "ok" };
      }),
      shutdown_request: (message, queue) => this.#shutdown(message, queue),
    };
  }

  // ---- stdin ----

  async #askInput(serial: number, content: Buffer): Promise<void> {
    const running = this.#executions.running;
    if (!running) {
      this.#services.post({ type: "input", serial, value: null });
      return;
    }
    this.#inputSerial = serial;
    await this.#reply(this.#sockets.toStdin, running.message, "input_request", content);
  }

  async #receiveInput(): Promise<void> {
    for await (const frames of this.#sockets.stdin) {
      const message = this.#decode(frames as Buffer[]);
      if (message?.header.msg_type !== "input_reply") continue;
      const value = text(message.content["value"]);
      this.#services.post({ type: "input", serial: this.#inputSerial, value });
    }
  }

  // ---- beginning and end ----

  /** A frame of an XPUB socket is 1 or 0 and a topic: someone subscribed or left. */
  async #welcomeSubscribers(): Promise<void> {
    for await (const [frame] of this.#sockets.iopub) {
      if (frame?.[0] !== 1) continue;
      const topic = frame.subarray(1);
      const content = { subscription: topic.toString("utf8") };
      const frames = this.#codec.encode({ type: "iopub_welcome", content });
      void this.#sockets.toIopub.send([topic, ...frames]);
    }
  }

  async #shutdown(message: Message, queue: SendQueue): Promise<void> {
    const content = { status: "ok", restart: message.content["restart"] === true };
    this.#soonWaitForNobody();
    await this.#executions.abortWaiting();
    await this.#reply(queue, message, "shutdown_reply", content);
    await this.#publisher.send("shutdown_reply", content, message.header);
    this.end();
  }

  /** Ends the process: politely, then by stopping a busy cell, then by force. */
  end(): void {
    this.#soonWaitForNobody();
    this.#services.post({ type: "exit", code: 0 });
    setTimeout(() => void this.interrupt(), 100);
    setTimeout(() => process.kill(process.pid, "SIGKILL"), 2500);
  }

  #soonWaitForNobody(): void {
    setTimeout(() => this.#sockets.waitForNobody(), LAST_OUTPUT_MS);
  }

  /** Sends what is left and closes the sockets, while the main thread waits in its exit handler. */
  async #exiting(code: number): Promise<void> {
    const running = this.#executions.running;
    if (running) {
      const content =
        code === 0
          ? {
              status: "ok",
              execution_count: running.executionCount,
              payload: [{ source: "ask_exit", keepkernel: false }],
              user_expressions: {},
            }
          : {
              status: "error",
              execution_count: running.executionCount,
              ename: "Exit",
              evalue: `the kernel ended with code ${code}`,
              traceback: [`The kernel ended with code ${code}.`],
            };
      const status = code === 0 ? "ok" : "error";
      await this.#executions.finish(running.request, status, Buffer.from(JSON.stringify(content)));
    }
    await this.#publisher.drained();
    this.#sockets.close();
    await Promise.allSettled([...this.#loops, this.#sockets.heartbeat]);
    const { output } = this.#services;
    output.close();
    Atomics.store(output.state, WORD.flushed, 1);
    Atomics.notify(output.state, WORD.flushed);
  }
}
