// The pages that have opened a comm: how closely each looks, and the number of its next message.
import { MONITOR_VERSION, type MonitorMessage, type PoolNumbers } from "../base/index.ts";

export type SendToPage = (commId: string, data: object, buffers?: ArrayBufferView[]) => void;
export type Look = "all" | "summary" | "nothing";

/** A message without what all messages have in common. */
export type Body<M extends MonitorMessage> = Omit<M, "v" | "seq" | "time" | "numbers">;

export class Pages {
  readonly #send: SendToPage;
  readonly #pages = new Map<string, { seq: number; look: Look }>();

  constructor(send: SendToPage) {
    this.#send = send;
  }

  has(commId: string): boolean {
    return this.#pages.has(commId);
  }

  /** Comm ids of the pages that look like this. */
  looking(look: Look): string[] {
    return [...this.#pages].filter(([, page]) => page.look === look).map(([commId]) => commId);
  }

  /** A page that is new has had no message. */
  set(commId: string, look: Look, fresh: boolean): void {
    const seq = fresh ? 0 : (this.#pages.get(commId)?.seq ?? 0);
    this.#pages.set(commId, { seq, look });
  }

  delete(commId: string): void {
    this.#pages.delete(commId);
  }

  clear(): void {
    this.#pages.clear();
  }

  /** Sends a message to a page, which must be there. */
  post(
    commId: string,
    time: number,
    numbers: PoolNumbers,
    body: object,
    buffers: ArrayBufferView[],
  ): void {
    const page = this.#pages.get(commId)!;
    this.#send(commId, { v: MONITOR_VERSION, seq: page.seq++, time, numbers, ...body }, buffers);
  }
}
