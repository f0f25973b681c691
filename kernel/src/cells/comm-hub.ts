// The comms whose targets are code of the notebook.
import { randomUUID } from "node:crypto";
import type { Comm, CommEvent, CommService } from "../base/index.ts";
import type { CellOutput } from "./output.ts";

type Opened = (comm: Comm, data: unknown) => void;

export class CommHub implements CommService {
  readonly #output: CellOutput;
  readonly #open = new Map<string, Comm>();
  readonly #targets = new Map<string, Opened>();

  constructor(output: CellOutput) {
    this.#output = output;
  }

  open(target: string, data: unknown = {}, buffers: readonly ArrayBufferView[] = []): Comm {
    const comm = this.#make(randomUUID(), target);
    this.#publish("comm_open", { comm_id: comm.id, target_name: target, data }, buffers);
    return comm;
  }

  serve(target: string, opened: Opened | undefined): void {
    if (opened) this.#targets.set(target, opened);
    else this.#targets.delete(target);
  }

  /** From the frontend. What a handler throws is a late error, as from any event. */
  receive(event: CommEvent): void {
    const comm = this.#open.get(event.commId);
    if (event.kind === "open") this.#opened(event);
    else if (event.kind === "msg") comm?.onMessage?.(event.data, event.buffers);
    else {
      this.#open.delete(event.commId);
      comm?.onClose?.(event.data);
    }
  }

  #opened(event: CommEvent): void {
    const target = event.targetName ?? "";
    const opened = this.#targets.get(target);
    if (opened) opened(this.#make(event.commId, target), event.data);
    else this.#publish("comm_close", { comm_id: event.commId, data: {} });
  }

  #make(id: string, target: string): Comm {
    const comm: Comm = {
      id,
      target,
      onMessage: undefined,
      onClose: undefined,
      send: (data, buffers = []) => this.#publish("comm_msg", { comm_id: id, data }, buffers),
      close: (data = {}) => {
        if (this.#open.delete(id)) this.#publish("comm_close", { comm_id: id, data });
      },
    };
    this.#open.set(id, comm);
    return comm;
  }

  #publish(type: string, content: object, buffers: readonly ArrayBufferView[] = []): void {
    this.#output.publish(type, content, undefined, buffers);
  }
}
