// Reads what the monitor sends: says what kind of message it is and turns its buffers, which arrive as
// DataViews at any alignment, into typed arrays. It judges form only; the model judges sequence.

import { EVENT_WORDS } from "../../../kernel/src/base/books.ts";
import {
  BLOCK_ROW_WORDS,
  MONITOR_VERSION,
  type MonitorMessage,
  SAMPLE_VALUES,
} from "../../../kernel/src/base/monitor-protocol.ts";

/** A buffer as a comm delivers it. */
export type Buffer = ArrayBuffer | ArrayBufferView;

/** A message whose form is right: `words` holds block rows (snapshot) or events (delta). */
export interface Decoded {
  message: MonitorMessage;
  words: Uint32Array;
  samples: Float64Array;
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
  if (message.kind !== "snapshot" && message.kind !== "delta") {
    return { version: 0, reason: `wanted a snapshot or a delta, found ${String(message.kind)}` };
  }
  const row = message.kind === "snapshot" ? BLOCK_ROW_WORDS : EVENT_WORDS;
  const words = bytesOf(buffers[0]);
  const samples = bytesOf(buffers[1]);
  if (words.byteLength % (row * 4) !== 0 || samples.byteLength % (SAMPLE_VALUES * 8) !== 0) {
    return {
      version: 0,
      reason: `wanted whole records of ${row * 4} and ${SAMPLE_VALUES * 8} bytes, found buffers of ${words.byteLength} and ${samples.byteLength} bytes`,
    };
  }
  return {
    message: message as MonitorMessage,
    words: new Uint32Array(words),
    samples: new Float64Array(samples),
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
