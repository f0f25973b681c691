// Reads what the monitor sends: says what kind of message it is and turns its buffers, which arrive as
// DataViews at any alignment, into typed arrays. It judges form only; the model judges sequence.

import { EVENT_WORDS } from "../../../kernel/src/base/books.ts";
import {
  BLOCK_ROW_WORDS,
  MONITOR_VERSION,
  type MonitorMessage,
  SAMPLE_VALUES,
} from "../../../kernel/src/base/monitor-protocol.ts";

const KINDS: readonly MonitorMessage["kind"][] = ["snapshot", "delta", "summary"];

/** A buffer as a comm delivers it. */
export type Buffer = ArrayBuffer | ArrayBufferView;

/** A message whose form is right. */
export interface Decoded {
  message: MonitorMessage;
  /** Block rows of a snapshot, records of a delta. */
  words: Uint32Array;
  samples: Float64Array;
  /** Of a snapshot: the records that led to it. */
  records: Uint32Array;
}

/** Why a message can't be used: `version` is the kernel's, or 0 where the message is malformed. */
export interface Undecodable {
  version: number;
  reason: string;
}

/** Checks the form of one comm message's data and buffers. */
export function decode(data: unknown, buffers: readonly Buffer[]): Decoded | Undecodable {
  const message = data as Partial<MonitorMessage> | null;
  if (typeof message !== "object" || message === null || typeof message.v !== "number") {
    return { version: 0, reason: "wanted a monitor message with a version, found none" };
  }
  if (message.v !== MONITOR_VERSION) {
    return {
      version: message.v,
      reason: `wanted monitor protocol ${MONITOR_VERSION}, found ${message.v}`,
    };
  }
  if (!KINDS.includes(message.kind as MonitorMessage["kind"])) {
    return { version: 0, reason: `wanted ${KINDS.join(", ")}, found ${String(message.kind)}` };
  }
  const row = message.kind === "snapshot" ? BLOCK_ROW_WORDS : EVENT_WORDS;
  const words = bytesOf(buffers[0]);
  const samples = bytesOf(buffers[1]);
  const records = bytesOf(buffers[2]);
  const units = [row * 4, SAMPLE_VALUES * 8, EVENT_WORDS * 4];
  const sizes = [words, samples, records].map(({ byteLength }) => byteLength);
  if (sizes.some((size, i) => size % units[i]! !== 0)) {
    return {
      version: 0,
      reason: `wanted whole records of ${units.join(", ")} bytes, found buffers of ${sizes.join(", ")} bytes`,
    };
  }
  return {
    message: message as MonitorMessage,
    words: new Uint32Array(words),
    samples: new Float64Array(samples),
    records: new Uint32Array(records),
  };
}

/** A copy of a buffer's bytes, aligned for any typed array; empty where there is none. */
function bytesOf(buffer: Buffer | undefined): ArrayBuffer {
  if (buffer === undefined) return new ArrayBuffer(0);
  if (buffer instanceof ArrayBuffer) return buffer.slice(0);
  const copy = new Uint8Array(buffer.byteLength);
  copy.set(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
  return copy.buffer;
}
