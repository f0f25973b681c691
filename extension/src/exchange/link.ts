// What is shared, as the followed kernel tells it: opens the kernel's comm while somebody looks, and opens it
// again when the kernel is back, or has loaded cenote.
import { type Kernel, KernelMessage } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import { type ISignal, Signal } from "@lumino/signaling";
import {
  BROWSE_VERSION,
  EXCHANGE_TARGET,
  type ExchangeAnswer,
  type ExchangeRequest,
  LOADED_TARGET,
  type SharedObject,
} from "../../../kernel/src/base/browse-protocol.ts";
import { bytesOf, KernelComm } from "../kernel-comm.ts";

/** Kernels that may serve the target, by their `kernel_info`. */
const TYPESCRIPT = "cenote";
const PYTHON = "ipython";

export type ExchangeState =
  | "starting"
  /** A kernel that knows nothing of Cenote. */
  | "foreign"
  /** A Python kernel that has not imported cenote. */
  | "unloaded"
  | "connecting"
  | "live"
  | "lost"
  /** It speaks another version of the messages. */
  | "mismatch";

type Body<R> = R extends { id: number } ? Omit<R, "id"> : never;
type Answered = { answer: ExchangeAnswer; bytes: Uint8Array };

export class ExchangeLink implements IDisposable {
  readonly #kernel: Kernel.IKernelConnection;
  readonly #changed = new Signal<this, void>(this);
  readonly #waiting = new Map<number, PromiseWithResolvers<Answered>>();
  #comm: KernelComm | undefined;
  #objects: readonly SharedObject[] = [];
  #state: ExchangeState = "starting";
  #implementation: string | undefined;
  #wanted = false;
  #ran = false;
  #last = 0;
  #disposed = false;

  constructor(kernel: Kernel.IKernelConnection) {
    this.#kernel = kernel;
    kernel.statusChanged.connect(this.#onStatus, this);
    kernel.connectionStatusChanged.connect(this.#onStatus, this);
    kernel.iopubMessage.connect(this.#onMessage, this);
    void this.#recognise();
  }

  get state(): ExchangeState {
    return this.#state;
  }

  get objects(): readonly SharedObject[] {
    return this.#objects;
  }

  /** The kernel runs a cell, which a Python kernel's answers wait for. */
  get busy(): boolean {
    return this.#kernel.status === "busy";
  }

  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Says whether anybody looks. */
  want(wanted: boolean): void {
    this.#wanted = wanted;
    if (wanted) this.#open();
    else this.#close();
  }

  /** Asks the kernel. Rejects with what it says is wrong, or when it is gone. */
  ask(request: Body<ExchangeRequest>): Promise<Answered> {
    const id = ++this.#last;
    const waiting = Promise.withResolvers<Answered>();
    if (!this.#comm) waiting.reject(new Error("the kernel is not connected"));
    else {
      this.#waiting.set(id, waiting);
      this.#comm.send({ ...request, id } as unknown as JSONObject);
    }
    return waiting.promise;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#close();
    Signal.clearData(this);
    this.#kernel.statusChanged.disconnect(this.#onStatus, this);
    this.#kernel.connectionStatusChanged.disconnect(this.#onStatus, this);
    this.#kernel.iopubMessage.disconnect(this.#onMessage, this);
  }

  async #recognise(): Promise<void> {
    try {
      this.#implementation = (await this.#kernel.info).implementation;
    } catch {
      // The connection went away before the kernel answered: its status says so.
      return;
    }
    if (this.#implementation !== TYPESCRIPT && this.#implementation !== PYTHON) {
      this.#become("foreign");
    } else this.#open();
  }

  #open(): void {
    const known = this.#implementation === TYPESCRIPT || this.#implementation === PYTHON;
    if (this.#disposed || !this.#wanted || this.#comm || !known) return;
    if (this.#kernel.connectionStatus !== "connected" || this.#kernel.status === "dead") return;
    this.#ran = false;
    this.#become("connecting");
    if (this.#implementation === TYPESCRIPT) this.#openComm();
    else void this.#openIfLoaded();
  }

  /** To a kernel that doesn't know the target nothing is opened: it would be logged as an error. */
  async #openIfLoaded(): Promise<void> {
    let loaded = false;
    try {
      const { content } = await this.#kernel.requestCommInfo({ target_name: LOADED_TARGET });
      loaded = content.status === "ok" && Object.keys(content.comms).length > 0;
    } catch {
      // The kernel went away before it answered: its status says so.
    }
    if (this.#disposed || this.#comm || this.#state !== "connecting") return;
    if (!loaded) this.#become("unloaded");
    else if (this.#wanted) this.#openComm();
  }

  #openComm(): void {
    this.#comm = new KernelComm(this.#kernel, EXCHANGE_TARGET, {
      message: (data, buffers) =>
        this.#take(data as unknown as ExchangeAnswer, bytesOf(buffers[0])),
      closed: () => this.#onClosed(),
    });
    this.#comm.open({ v: BROWSE_VERSION });
  }

  #close(): void {
    this.#comm?.dispose();
    this.#comm = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Error("the kernel is gone"));
    this.#waiting.clear();
  }

  #onClosed(): void {
    this.#close();
    this.#become("lost");
  }

  #take(answer: ExchangeAnswer, bytes: Uint8Array): void {
    if (answer.kind !== "listing") {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.kind === "failed") waiting?.reject(new Error(answer.message));
      else waiting?.resolve({ answer, bytes });
      return;
    }
    if (answer.v !== BROWSE_VERSION) {
      this.#become("mismatch");
      return;
    }
    this.#objects = answer.objects;
    this.#state = "live";
    this.#changed.emit();
  }

  /** A kernel that is back, or that has run a cell since it refused, is asked again. */
  #onStatus(): void {
    const again = this.#state === "lost" || (this.#state === "unloaded" && this.#ran);
    if (again && this.#kernel.status === "idle") this.#open();
    this.#changed.emit();
  }

  #onMessage(_kernel: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    if (KernelMessage.isExecuteInputMsg(message)) this.#ran = true;
  }

  #become(state: ExchangeState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#changed.emit();
  }
}
