// One kernel's monitor comm: opens it where the kernel is Cenote's, feeds the model, asks for a snapshot
// after a gap, for mere numbers while no panel is open, for silence while nobody looks, and opens it again after a restart or a lost connection.
// Unlike a KernelComm, which ends with its kernel's run, it keeps its id and is opened again.
import { type Kernel, KernelMessage } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import { type ISignal, Signal } from "@lumino/signaling";
import { MONITOR_TARGET, type PanelRequest } from "../../kernel/src/base/monitor-protocol.ts";
import { type CommMessage, sendComm } from "./kernel-comm.ts";
import type { LinkState } from "./model/link-state.ts";
import type { PoolModel } from "./model/pool-model.ts";

/** What kernel_info says of a kernel that serves the monitor. */
const IMPLEMENTATION = "cenote";

/**
 * Milliseconds to wait for a snapshot before the comm is opened anew; doubled each time up to the most.
 * A kernel that has just been restarted may answer before the server listens again.
 */
const PATIENCE_MS = 1500;
const MOST_PATIENCE_MS = 30_000;

/** How closely the page looks at the pool. */
export type Look = "all" | "summary" | "nothing";

const REQUESTS = { all: "resume", summary: "summary", nothing: "pause" } as const;

export class MonitorLink implements IDisposable {
  readonly #kernel: Kernel.IKernelConnection;
  readonly #model: PoolModel;
  readonly #commId: string;
  readonly #changed = new Signal<this, void>(this);
  #state: LinkState = "starting";
  #wanted: Look = "nothing";
  #isOurs = false;
  #open = false;
  /** What the kernel was asked for last. */
  #asked: Look = "nothing";
  #disposed = false;
  #patience = PATIENCE_MS;
  #waiting = 0;

  /** `commId` names this page to the kernel; opening it again replaces the earlier one. */
  constructor(kernel: Kernel.IKernelConnection, model: PoolModel, commId: string) {
    this.#kernel = kernel;
    this.#model = model;
    this.#commId = commId;
    kernel.iopubMessage.connect(this.#onMessage, this);
    kernel.statusChanged.connect(this.#onStatus, this);
    kernel.connectionStatusChanged.connect(this.#onConnection, this);
    void this.#recognise();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Emitted when the state changes and when the model has taken a message. */
  get changed(): ISignal<this, void> {
    return this.#changed;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Says how closely anybody looks. The first look opens the comm; later ones change what it carries. */
  want(wanted: Look): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#settle();
  }

  dispose(): void {
    if (this.#disposed) return;
    if (this.#open) this.#send("comm_close", {});
    clearTimeout(this.#waiting);
    this.#disposed = true;
    Signal.clearData(this);
    this.#kernel.iopubMessage.disconnect(this.#onMessage, this);
    this.#kernel.statusChanged.disconnect(this.#onStatus, this);
    this.#kernel.connectionStatusChanged.disconnect(this.#onConnection, this);
  }

  /** Asks the kernel what it is. Nothing but its own kernel_info, which the page has asked for anyway. */
  async #recognise(): Promise<void> {
    try {
      const info = await this.#kernel.info;
      if (this.#disposed) return;
      this.#isOurs = info.implementation === IMPLEMENTATION;
    } catch {
      // The connection went away before the kernel answered: its status says so.
      return;
    }
    if (this.#isOurs) this.#settle();
    else this.#become("foreign");
  }

  /** Opens, pauses or resumes, as is wanted and possible. */
  #settle(): void {
    if (this.#disposed || !this.#isOurs || this.#kernel.connectionStatus !== "connected") return;
    if (!this.#open) {
      if (this.#wanted === "nothing") return;
      this.#become("connecting");
      this.#open = true;
      this.#patience = PATIENCE_MS;
      this.#askToOpen();
    } else if (this.#asked !== this.#wanted && this.#state !== "mismatch") {
      this.#asked = this.#wanted;
      this.#model.current = false;
      this.#request({ kind: REQUESTS[this.#asked] });
      if (this.#asked === "nothing") this.#become("paused");
      else {
        this.#awaitAnswer();
        this.#become(this.#model.known ? "live" : "connecting");
      }
    }
  }

  #askToOpen(): void {
    this.#asked = this.#wanted;
    this.#model.current = false;
    this.#send("comm_open", { kind: REQUESTS[this.#asked] });
    this.#awaitAnswer();
  }

  /** Opens the comm anew unless a snapshot, or a summary where that is wanted, comes in time. */
  #awaitAnswer(): void {
    clearTimeout(this.#waiting);
    this.#waiting = window.setTimeout(() => {
      if (!this.#open || this.#asked === "nothing") return;
      this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE_MS);
      this.#askToOpen();
    }, this.#patience);
  }

  #onMessage(_kernel: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    if (!this.#open) return;
    if (KernelMessage.isCommMsgMsg(message) && message.content.comm_id === this.#commId) {
      this.#take(message.content.data, message.buffers ?? []);
    } else if (KernelMessage.isCommCloseMsg(message) && message.content.comm_id === this.#commId) {
      this.#open = false;
      this.#become("refused");
    }
  }

  #take(data: JSONObject, buffers: readonly (ArrayBuffer | ArrayBufferView)[]): void {
    switch (this.#model.take(data, buffers)) {
      case "taken":
        clearTimeout(this.#waiting);
        this.#patience = PATIENCE_MS;
        this.#state = this.#asked === "nothing" ? "paused" : "live";
        this.#changed.emit();
        break;
      case "gap":
        this.#request({ kind: "resync" });
        this.#awaitAnswer();
        break;
      case "version":
        clearTimeout(this.#waiting);
        if (this.#state === "mismatch") break;
        this.#request({ kind: "pause" });
        this.#asked = "nothing";
        this.#become("mismatch");
        break;
      case "malformed":
        console.warn("Cenote: a monitor message could not be read and was passed over", data);
        break;
      case "waiting":
        break;
    }
  }

  #onStatus(_kernel: Kernel.IKernelConnection, status: Kernel.Status): void {
    if (status === "restarting" || status === "autorestarting") {
      this.#open = false;
      this.#model.clear();
      this.#become("reconnecting");
    } else if (status === "dead") {
      this.#open = false;
      this.#become("dead");
    }
  }

  #onConnection(_kernel: Kernel.IKernelConnection, status: Kernel.ConnectionStatus): void {
    if (status === "connected") {
      // What was sent meanwhile is lost, so begin anew: the kernel answers with a snapshot.
      this.#open = false;
      this.#settle();
    } else if (this.#state !== "dead") {
      this.#open = false;
      if (this.#isOurs) this.#become("reconnecting");
    }
  }

  #request(request: PanelRequest): void {
    this.#send("comm_msg", { ...request });
  }

  #send(type: CommMessage, data: JSONObject): void {
    const target = type === "comm_open" ? MONITOR_TARGET : undefined;
    sendComm(this.#kernel, type, this.#commId, data, target);
  }

  #become(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#changed.emit();
  }
}
