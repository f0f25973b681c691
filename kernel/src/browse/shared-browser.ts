// The comm by which pages look at what is shared. Runs in the wire's thread and only passes on: the looking is
// done by a thread that is there as long as a page is.
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { ExchangeAnswer } from "../base/index.ts";

export interface ToSharedThread {
  kind: "open" | "message" | "close";
  commId: string;
  data?: unknown;
}
export interface FromSharedThread {
  commId: string;
  data: ExchangeAnswer;
  buffers: Uint8Array[];
}

type SendToPage = (commId: string, data: object, buffers?: ArrayBufferView[]) => void;

export class SharedBrowser {
  readonly #send: SendToPage;
  readonly #pages = new Set<string>();
  #thread: { worker: Worker; port: MessagePort } | undefined;

  constructor(send: SendToPage) {
    this.#send = send;
  }

  open(commId: string, _data?: unknown): void {
    this.#pages.add(commId);
    this.#thread ??= this.#start();
    this.#tell({ kind: "open", commId });
  }

  message(commId: string, data: unknown): void {
    if (this.#pages.has(commId)) this.#tell({ kind: "message", commId, data });
  }

  close(commId: string): void {
    if (!this.#pages.delete(commId)) return;
    if (this.#pages.size > 0) this.#tell({ kind: "close", commId });
    else this.#stop();
  }

  #tell(message: ToSharedThread): void {
    this.#thread?.port.postMessage(message);
  }

  #start(): { worker: Worker; port: MessagePort } {
    const { port1: port, port2 } = new MessageChannel();
    const source = import.meta.url.endsWith(".ts") ? "./shared-thread.ts" : "./shared-thread.js";
    const worker = new Worker(new URL(source, import.meta.url), {
      name: "cenote-shared",
      workerData: { port: port2 },
      transferList: [port2],
      execArgv: [],
    });
    port.on("message", ({ commId, data, buffers }: FromSharedThread) => {
      if (this.#pages.has(commId)) this.#send(commId, data, buffers);
    });
    worker.on("error", (error) =>
      console.error("cenote: the thread for shared tables failed:", error),
    );
    return { worker, port };
  }

  #stop(): void {
    this.#thread?.port.close();
    void this.#thread?.worker.terminate();
    this.#thread = undefined;
  }
}
