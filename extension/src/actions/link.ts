// Asks the followed kernel to do something with its pool. One comm a kernel, opened with the first action.
import type { Kernel } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import {
  ACTIONS_TARGET,
  type ActionAnswer,
  type ActionRequest,
} from "../../../kernel/src/base/actions-protocol.ts";
import { KernelComm } from "../kernel-comm.ts";

/** Milliseconds after which a kernel that has not answered is given up: it may have become busy meanwhile. */
const PATIENCE_MS = 30_000;
const IMPLEMENTATION = "cenote";

export type ActionBody = ActionRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, "id">
    : never
  : never;

export class ActionLink implements IDisposable {
  readonly #kernel: Kernel.IKernelConnection;
  readonly #waiting = new Map<number, PromiseWithResolvers<ActionAnswer>>();
  #comm: KernelComm | undefined;
  #last = 0;
  #disposed = false;

  constructor(kernel: Kernel.IKernelConnection) {
    this.#kernel = kernel;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Rejects where the kernel has no pool, goes away, or does not answer. */
  async ask(body: ActionBody): Promise<ActionAnswer> {
    const { implementation } = await this.#kernel.info;
    if (implementation !== IMPLEMENTATION) throw new Error("this kernel has no GPU memory pool");
    const id = ++this.#last;
    const waiting = Promise.withResolvers<ActionAnswer>();
    this.#waiting.set(id, waiting);
    this.#open().send({ ...body, id } as unknown as JSONObject);
    const timer = setTimeout(() => {
      waiting.reject(new Error("the kernel has not answered; it may be running a cell"));
    }, PATIENCE_MS);
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#comm?.dispose();
    this.#lost();
  }

  #open(): KernelComm {
    if (this.#comm?.isOpen) return this.#comm;
    this.#comm?.dispose();
    this.#comm = new KernelComm(this.#kernel, ACTIONS_TARGET, {
      message: (data) => {
        const answer = data as unknown as ActionAnswer;
        this.#waiting.get(answer.id)?.resolve(answer);
      },
      closed: () => this.#lost(),
    });
    this.#comm.open({});
    return this.#comm;
  }

  #lost(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error("the kernel is gone"));
    this.#waiting.clear();
  }
}
