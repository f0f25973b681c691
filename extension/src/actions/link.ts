// Asks the followed kernel to do something with its pool. One comm a kernel, opened with the first action.
import type { Kernel } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import {
  ACTION_BEGINS_MS,
  ACTIONS_TARGET,
  ACTIONS_VERSION,
  type ActionAnswer,
  type ActionRequest,
  type ActionsReady,
} from "../../../kernel/src/base/actions-protocol.ts";
import { KernelComm } from "../kernel-comm.ts";

/**
 * Milliseconds after which a kernel that has not answered is given up: more than it gives itself to begin, so
 * that it does not do later what nobody waits for any more.
 */
const PATIENCE_MS = 1.5 * ACTION_BEGINS_MS;
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
  /** Resolves with the version that the kernel speaks. */
  #ready = Promise.withResolvers<number>();
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
    const timer = setTimeout(() => {
      waiting.reject(
        new Error("the kernel has not answered; what it has not begun by now it leaves undone"),
      );
    }, PATIENCE_MS);
    this.#waiting.set(id, waiting);
    try {
      const comm = this.#open();
      const v = await Promise.race([this.#ready.promise, waiting.promise]);
      if (v !== ACTIONS_VERSION) throw new Error(otherVersion(v));
      comm.send({ ...body, id } as unknown as JSONObject);
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
    this.#ready = Promise.withResolvers<number>();
    this.#comm = new KernelComm(this.#kernel, ACTIONS_TARGET, {
      message: (data) => {
        const answer = data as unknown as ActionAnswer | ActionsReady;
        if (answer.kind === "ready") this.#ready.resolve(answer.v);
        else this.#waiting.get(answer.id)?.resolve(answer);
      },
      closed: () => this.#lost(),
    });
    this.#comm.open({ v: ACTIONS_VERSION });
    return this.#comm;
  }

  #lost(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error("the kernel is gone"));
    this.#waiting.clear();
  }
}

const otherVersion = (found: unknown) =>
  `wanted a kernel that speaks version ${ACTIONS_VERSION} of the pool's actions, found version ${found}: ` +
  "install cenote and cenote-lab of the same version, restart the kernel and reload the page";
