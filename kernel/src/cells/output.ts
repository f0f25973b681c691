// A cell's way out: what it prints, shows, returns and throws goes into the output ring, under the request
// that the code belongs to (by async context, so that late output finds its own cell).
import {
  currentCell,
  type EventHead,
  type MimeBundle,
  type OutputWriter,
  RECORD,
  writeEventRecord,
} from "../base/index.ts";
import { uncurry, withIntrinsics } from "./intrinsics.ts";

/** Cells whose late output still finds its request. */
const REMEMBERED = 1000;

const getRequest = uncurry(Map.prototype.get) as (
  of: Map<number, number>,
  key: number,
) => number | undefined;

export class CellOutput {
  readonly #writer: OutputWriter;
  readonly #requests = new Map<number, number>();
  #latest = 0;

  constructor(writer: OutputWriter) {
    this.#writer = writer;
  }

  /** Output of the cell with this execution count belongs to this request from now on. */
  begin(executionCount: number, request: number): void {
    this.#requests.set(executionCount, request);
    this.#requests.delete(executionCount - REMEMBERED);
    this.#latest = request;
  }

  /** The request that the running code belongs to. */
  get request(): number {
    return getRequest(this.#requests, currentCell()) ?? this.#latest;
  }

  text(name: "stdout" | "stderr", text: string, request = this.request): void {
    if (text === "") return;
    // There may be a hundred thousand lines: the built-ins are looked at only where one has failed.
    try {
      this.#writer.text(RECORD[name], request, text);
    } catch {
      withIntrinsics(() => this.#writer.text(RECORD[name], request, text));
    }
  }

  /** Publishes an iopub message; `content` must be plain JSON. */
  publish(
    messageType: string,
    content: object,
    request = this.request,
    buffers: readonly ArrayBufferView[] = [],
  ): void {
    this.event({ type: "publish", messageType }, content, request, buffers);
  }

  display(
    request: { data: MimeBundle; metadata: object; displayId?: string; update?: boolean },
    of = this.request,
  ): void {
    const type = request.update ? "update_display_data" : "display_data";
    const transient = request.displayId === undefined ? {} : { display_id: request.displayId };
    this.publish(type, { data: request.data, metadata: request.metadata, transient }, of);
  }

  event(
    head: EventHead,
    content: object,
    request = this.request,
    buffers: readonly ArrayBufferView[] = [],
  ): void {
    withIntrinsics(() => {
      writeEventRecord(this.#writer, request, head, JSON.stringify(content), buffers);
    });
  }
}
