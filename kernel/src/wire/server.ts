// The kernel as Jupyter sees it: receives requests on shell, control and stdin, answers what needs no user
// code in this thread, and hands cells to the main thread.
import type { Router } from "zeromq";
import {
  type MonitorNote,
  type OutputReader,
  type ProcessDescriptors,
  type ToMain,
  WORD,
} from "../base/index.ts";
import { CellTypes } from "./cell-types.ts";
import { Comms, type CommTarget } from "./comms.ts";
import type { Connection } from "./connection.ts";
import { Ending } from "./ending.ts";
import { Executions } from "./executions.ts";
import { History } from "./history.ts";
import type { Interrupter } from "./interrupt.ts";
import { log } from "./log.ts";
import { BadMessage, Codec, type Message } from "./message.ts";
import { pumpOutput } from "./output-pump.ts";
import { InterruptOrder } from "./overtaken.ts";
import { ProcessGuard } from "./process-guard.ts";
import { Publisher } from "./publisher.ts";
import { type Answers, type Handler, requestHandlers } from "./requests.ts";
import { bindSockets, type SendQueue, type Sockets } from "./sockets.ts";
import { StdinChannel } from "./stdin.ts";
import type { TypesClient } from "./types-client.ts";

/** What the wire needs of other rooms; wire-thread.ts joins them. */
export interface WireServices extends Answers {
  note(note: MonitorNote): void;
  types: TypesClient;
  /** Names that exist in the notebook. */
  living(): Promise<readonly string[]>;
  interrupter: Interrupter;
  post(message: ToMain): void;
  output: OutputReader;
  /** Lets go of the main thread. */
  leave(): void;
  /** Of the guarded process, where the addon guards it. */
  descriptors: ProcessDescriptors | undefined;
}

export class KernelServer {
  readonly #services: WireServices;
  readonly #sockets: Sockets;
  readonly #codec: Codec;
  readonly #publisher: Publisher;
  readonly #types: CellTypes;
  readonly #executions: Executions;
  readonly #comms: Comms;
  readonly #stdin: StdinChannel;
  readonly #ending: Ending;
  readonly #order = new InterruptOrder();
  readonly #handlers: Record<string, Handler>;
  readonly #loops: Promise<void>[];
  /** Messages that were dropped because they could not be read or were signed wrongly. */
  dropped = 0;

  /** Binds the sockets and begins to serve. */
  static async start(connection: Connection, services: WireServices): Promise<KernelServer> {
    const codec = new Codec(connection.key, connection.signature_scheme);
    return new KernelServer(codec, await bindSockets(connection), services);
  }

  private constructor(codec: Codec, sockets: Sockets, services: WireServices) {
    const { post, output } = services;
    const publisher = new Publisher(codec, sockets.toIopub);
    const history = new History();
    this.#codec = codec;
    this.#sockets = sockets;
    this.#services = services;
    this.#publisher = publisher;
    this.#comms = new Comms((event) => post({ type: "comm", event }));
    this.#stdin = new StdinChannel(codec, sockets.toStdin, post);
    this.#types = new CellTypes({
      client: services.types,
      living: services.living,
      display: (request, data) => {
        const content = { data, metadata: {}, transient: {} };
        void publisher.send("display_data", content, this.#executions.parentOf(request));
      },
      print: (request, text) => publisher.text("stdout", text, this.#executions.parentOf(request)),
    });
    const executions = new Executions({
      types: this.#types,
      post,
      note: services.note,
      reply: (message, type, content, metadata) =>
        this.#reply(sockets.toShell, message, type, content, metadata),
      publisher,
      history,
      beforeCell: () => sockets.waitForAll(),
      free: () => services.interrupter.underWay,
    });
    this.#executions = executions;
    this.#ending = new Ending({
      publisher,
      executions,
      sockets,
      output,
      post,
      interrupt: () => this.interrupt(),
      leave: services.leave,
      loops: () => this.#loops,
    });
    this.#handlers = requestHandlers(services, history, this.#comms);
    void publisher.status("starting");
    this.#loops = [
      this.#receive(sockets.shell, sockets.toShell),
      this.#receive(sockets.control, sockets.toControl),
      this.#receiveInput(),
      this.#welcomeSubscribers(),
    ];
    const guard = services.descriptors && this.#guard(services.descriptors);
    void pumpOutput(output, {
      publisher,
      executions,
      comms: this.#comms,
      askInput: (serial, content) => this.#stdin.ask(serial, content, executions.running?.message),
      note: services.note,
      exiting: (code) => this.#ending.exiting(code),
      drain: () => guard?.drain(),
    });
  }

  #guard(descriptors: ProcessDescriptors): ProcessGuard {
    const { output, interrupter } = this.#services;
    return new ProcessGuard(descriptors, {
      text: (name, text) => {
        const { running } = this.#executions;
        const parent = running?.message.header ?? this.#executions.parentOf(0);
        this.#publisher.text(name, text, parent);
        this.#publisher.settle();
      },
      heapIsFull: () => {
        // What filled it is being stopped; a second stop would hit the cell that is to free something.
        if (interrupter.underWay) return;
        Atomics.store(output.state, WORD.heapFull, 1);
        this.#executions.stopWaiting();
        void interrupter.interrupt(this.#executions.running?.job);
      },
      aborts: (words) => void this.#ending.aborts(words),
    });
  }

  /** Whether a cell runs. */
  get busy(): boolean {
    return this.#executions.running !== undefined;
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

  /** Ends the running cell, and those that wait; what an idle notebook does in the background too. */
  async interrupt(): Promise<void> {
    this.#executions.stopWaiting();
    if (this.#types.interrupt()) return;
    await this.#services.interrupter.interrupt(this.#executions.running?.job);
  }

  /** Ends the process. */
  end(): void {
    this.#ending.end();
  }

  // ---- receiving ----

  async #receive(socket: Router, queue: SendQueue): Promise<void> {
    for await (const frames of socket) {
      const message = this.#decode(frames as Buffer[]);
      if (!message) continue;
      if (message.header.msg_type === "execute_request") {
        this.#executions.add(message, this.#order.overtook(message.header));
      } else void this.#serve(message, queue);
    }
  }

  async #receiveInput(): Promise<void> {
    for await (const frames of this.#sockets.stdin) {
      const message = this.#decode(frames as Buffer[]);
      if (message) this.#stdin.receive(message);
    }
  }

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

  // ---- answering ----

  async #serve(message: Message, queue: SendQueue): Promise<void> {
    void this.#publisher.status("busy", message.header);
    try {
      await this.#answer(message, queue);
    } catch (error) {
      log(`${message.header.msg_type} failed: ${(error as Error).stack}`);
      const { name, message: text } = error as Error;
      await this.#replyError(queue, message, name, text);
    }
    await this.#publisher.status("idle", message.header);
    // A frontend shows the last status that it saw: the cell is still running.
    const running = this.#executions.running;
    if (running) void this.#publisher.status("busy", running.message.header);
  }

  async #answer(message: Message, queue: SendQueue): Promise<void> {
    const type = message.header.msg_type;
    const reply = (content: object) => this.#reply(queue, message, replyType(type), content);
    if (type === "shutdown_request") return this.#ending.shutdown(message, reply);
    if (type === "interrupt_request") {
      this.#order.note(message.header);
      await this.interrupt();
      return reply({ status: "ok" });
    }
    if (!Object.hasOwn(this.#handlers, type)) return this.#unknown(message, queue);
    const content = await this.#handlers[type]!(message);
    if (content) await reply(content);
  }

  async #unknown(message: Message, queue: SendQueue): Promise<void> {
    const type = message.header.msg_type;
    log(`a message of unknown type ${JSON.stringify(type)} was not handled`);
    if (!type.endsWith("_request")) return;
    await this.#replyError(queue, message, "UnknownMessage", `this kernel doesn't handle ${type}`);
  }

  #replyError(queue: SendQueue, message: Message, ename: string, evalue: string): Promise<void> {
    const content = { status: "error", ename, evalue, traceback: [] };
    return this.#reply(queue, message, replyType(message.header.msg_type), content);
  }

  #reply(
    queue: SendQueue,
    message: Message,
    type: string,
    content: object | Buffer,
    metadata: Record<string, unknown> = {},
  ): Promise<void> {
    const { header: parent, identities } = message;
    return queue.send(this.#codec.encode({ type, content, metadata, parent, identities }));
  }
}

const replyType = (request: string): string => request.replace(/_request$/, "_reply");
