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

const EMPTY = new Uint8Array();

/** Appends an event to the ring: u32 length of the head, the head with the sizes of its parts, the parts. */
export function writeEventRecord(
  to: OutputWriter,
  request: number,
  head: EventHead,
  content: string,
  buffers: readonly ArrayBufferView[] = [],
): void {
  const parts = [Buffer.from(content, "utf8"), ...buffers.map(bytesOf)];
  const sizes = parts.map((part) => part.byteLength);
  const headBytes = Buffer.from(JSON.stringify({ ...head, sizes }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(headBytes.length);
  to.bytes(RECORD.event, request, Buffer.concat([length, headBytes, ...parts]));
}

export interface EventRecord {
  head: EventHead;
  /** JSON text. */
  content: Buffer;
  buffers: Buffer[];
}

export function readEventRecord(payload: Buffer): EventRecord {
  const headEnd = 4 + payload.readUInt32LE(0);
  const { sizes, ...head } = JSON.parse(payload.toString("utf8", 4, headEnd));
  let at = headEnd;
  const parts = (sizes as number[]).map((size) => payload.subarray(at, (at += size)));
  return { head, content: parts[0] ?? Buffer.from(EMPTY), buffers: parts.slice(1) };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
