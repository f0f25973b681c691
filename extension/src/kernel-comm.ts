// A comm to one kernel, spoken over the connection's plain messages: its comm manager exists on only one of a
// page's connections to a kernel, and is emptied at each restart.
import { type Kernel, KernelMessage } from "@jupyterlab/services";
import { type JSONObject, UUID } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";

export type CommMessage = "comm_open" | "comm_msg" | "comm_close";

export interface CommListener {
  message(data: JSONObject, buffers: readonly (ArrayBuffer | ArrayBufferView)[]): void;
  /** The kernel has closed it, doesn't serve the target, has restarted, or is gone. */
  closed(): void;
}

export class KernelComm implements IDisposable {
  readonly #kernel: Kernel.IKernelConnection;
  readonly #target: string;
  readonly #listener: CommListener;
  readonly #id = `cenote-page-${UUID.uuid4()}`;
  #open = false;
  #disposed = false;

  constructor(kernel: Kernel.IKernelConnection, target: string, listener: CommListener) {
    this.#kernel = kernel;
    this.#target = target;
    this.#listener = listener;
    kernel.iopubMessage.connect(this.#onMessage, this);
    kernel.statusChanged.connect(this.#onStatus, this);
    kernel.connectionStatusChanged.connect(this.#onConnection, this);
    window.addEventListener("pagehide", this.#onLeave);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  open(data: JSONObject): void {
    this.#open = true;
    this.#send("comm_open", data);
  }

  send(data: JSONObject): void {
    if (this.#open) this.#send("comm_msg", data);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#onLeave();
    this.#disposed = true;
    window.removeEventListener("pagehide", this.#onLeave);
    this.#kernel.iopubMessage.disconnect(this.#onMessage, this);
    this.#kernel.statusChanged.disconnect(this.#onStatus, this);
    this.#kernel.connectionStatusChanged.disconnect(this.#onConnection, this);
  }

  /** So that the kernel keeps nothing for a page that has gone. */
  readonly #onLeave = (): void => {
    if (this.#open) this.#send("comm_close", {});
    this.#open = false;
  };

  #onMessage(_kernel: Kernel.IKernelConnection, message: KernelMessage.IIOPubMessage): void {
    if (!this.#open) return;
    if (KernelMessage.isCommMsgMsg(message) && message.content.comm_id === this.#id) {
      this.#listener.message(message.content.data, message.buffers ?? []);
    } else if (KernelMessage.isCommCloseMsg(message) && message.content.comm_id === this.#id) {
      this.#lost();
    }
  }

  #onStatus(_kernel: Kernel.IKernelConnection, status: Kernel.Status): void {
    if (status === "restarting" || status === "autorestarting" || status === "dead") this.#lost();
  }

  #onConnection(_kernel: Kernel.IKernelConnection, status: Kernel.ConnectionStatus): void {
    if (status !== "connected") this.#lost();
  }

  #lost(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#listener.closed();
  }

  #send(type: CommMessage, data: JSONObject): void {
    const target = type === "comm_open" ? this.#target : undefined;
    sendComm(this.#kernel, type, this.#id, data, target);
  }
}

/** Says something on a comm; `target` belongs to its opening. A kernel that is gone is told nothing. */
export function sendComm(
  kernel: Kernel.IKernelConnection,
  type: CommMessage,
  id: string,
  data: JSONObject,
  target?: string,
): void {
  if (kernel.isDisposed || kernel.status === "dead") return;
  const message = KernelMessage.createMessage({
    channel: "shell",
    session: kernel.clientId,
    username: kernel.username,
    msgType: type as "comm_msg",
    content: { comm_id: id, data, ...(target === undefined ? {} : { target_name: target }) },
  });
  const sent = kernel.sendShellMessage(message, false, true);
  // The kernel may be restarted or gone before it has answered; its status tells us.
  sent.done.catch(() => undefined);
}

/** The bytes of a message's buffer. */
export function bytesOf(buffer: ArrayBuffer | ArrayBufferView | undefined): Uint8Array {
  if (buffer === undefined) return new Uint8Array(0);
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
