// What the wire thread and the main thread say to each other. To the main thread: the messages below, on
// a MessagePort. To the wire thread: records of the output ring (output-ring.ts), of which `event`
// records hold one of the events below with its bulk beside it.
import { type OutputWriter, RECORD } from "./output-ring.ts";

export interface ExecuteJob {
  type: "execute";
  /** The wire's number of the request. */
  request: number;
  code: string;
  silent: boolean;
  /** What the cell is called: In [n]. */
  executionCount: number;
  userExpressions: Record<string, string>;
  allowStdin: boolean;
}

export type ToMain =
  | ExecuteJob
  /** End the running cell. Seen at once unless code keeps the main thread busy. */
  /** `job`: of the cell that is meant, which may not have begun: a termination can take its message's handler. */
  | { type: "interrupt"; serial: number; job: ExecuteJob | undefined }
  /** Sent behind an interrupt: seen once the event loop is free. `terminated`: code was, since. */
  | { type: "interrupt-over"; serial: number; terminated: boolean }
  | { type: "input"; serial: number; value: string | null }
  | { type: "comm"; event: CommEvent }
  | { type: "exit"; code: number };

export interface CommEvent {
  kind: "open" | "msg" | "close";
  commId: string;
  targetName?: string;
  data: unknown;
  metadata?: unknown;
  buffers: Uint8Array[];
}

/**
 * An event's head; `content` is JSON text that goes into the message as it is, so that large outputs are
 * neither parsed nor printed again.
 */
export type EventHead =
  /** A message on iopub, with binary buffers where the type has them. */
  | { type: "publish"; messageType: string; metadata?: Record<string, unknown> }
  /** The end of a request: content of its execute_reply. */
  | { type: "reply"; status: "ok" | "error"; metadata?: Record<string, unknown> }
  /** The event loop has turned since that end. */
  | { type: "turned" }
  /** Ask the frontend for a line of text. */
  | { type: "input"; serial: number }
  /** A MonitorNote as content. */
  | { type: "note" }
  /** The process is about to exit. */
  | { type: "exit"; code: number };

/** A line feed, of which JSON.stringify writes none, ends the head. */
const END_OF_HEAD = 10;

/** Appends an event to the ring: its head as one line, then the content, then the buffers, if any. */
export function writeEventRecord(
  to: OutputWriter,
  request: number,
  head: EventHead,
  content: string,
  buffers: readonly ArrayBufferView[] = [],
): void {
  if (buffers.length === 0) {
    to.text(RECORD.event, request, `${JSON.stringify(head)}\n${content}`);
    return;
  }
  const parts = [Buffer.from(content, "utf8"), ...buffers.map(bytesOf)];
  const sizes = parts.map((part) => part.byteLength);
  const line = Buffer.from(`${JSON.stringify({ ...head, sizes })}\n`, "utf8");
  to.bytes(RECORD.event, request, Buffer.concat([line, ...parts]));
}

export interface EventRecord {
  head: EventHead;
  /** JSON text. */
  content: Buffer;
  buffers: Buffer[];
}

export function readEventRecord(payload: Buffer): EventRecord {
  const headEnd = payload.indexOf(END_OF_HEAD);
  const { sizes, ...head } = JSON.parse(payload.toString("utf8", 0, headEnd));
  let at = headEnd + 1;
  if (!sizes) return { head, content: payload.subarray(at), buffers: [] };
  const [content, ...buffers] = (sizes as number[]).map((size) => {
    return payload.subarray(at, (at += size));
  });
  return { head, content: content!, buffers };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
