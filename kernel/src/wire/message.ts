// Jupyter messages on ZeroMQ: identities, delimiter, signature, four JSON frames, binary buffers.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
import {
  createHmac,
  createSecretKey,
  type KeyObject,
  randomUUID,
  timingSafeEqual,
} from "node:crypto";

export const PROTOCOL_VERSION = "5.4";
const DELIMITER = "<IDS|MSG>";
const DELIMITER_BYTES = Buffer.from(DELIMITER);
/**
 * JSON text shorter than this is sent as a string, of which ZeroMQ makes its own bytes. A buffer of more than
 * 128 bytes it borrows, and gives back by waking this thread.
 */
const COPIED_BYTES = 1 << 14;

/** A part of a message as ZeroMQ takes it. */
export type Frame = string | Uint8Array;

export interface Header {
  msg_id: string;
  msg_type: string;
  username: string;
  session: string;
  date: string;
  version: string;
}

export interface Message {
  identities: Buffer[];
  header: Header;
  parent: Partial<Header>;
  metadata: Record<string, unknown>;
  content: Record<string, unknown>;
  buffers: Buffer[];
}

/** What is about to be sent. `content` may be JSON text already. */
export interface Outgoing {
  type: string;
  content: object | Buffer;
  parent?: Header | undefined;
  metadata?: Record<string, unknown> | undefined;
  buffers?: readonly Uint8Array[] | undefined;
  identities?: readonly Buffer[] | undefined;
  /** The message's id, where the sender must know it. */
  id?: string | undefined;
}

/** A message that can't be read; the kernel drops it, counts it and says so on its own stderr. */
export class BadMessage extends Error {
  override name = "BadMessage";
}

/** Reads, writes and signs messages of one kernel session. */
export class Codec {
  readonly session = randomUUID();
  readonly #key: KeyObject | undefined;
  readonly #digest: string;
  /** The parent of the last message and its JSON: most messages have the parent of the one before. */
  #parent: Header | undefined;
  #parentText = "{}";

  /** `scheme` as the connection file has it, e.g. "hmac-sha256". An empty key means no signatures. */
  constructor(key: string, scheme: string) {
    this.#digest = scheme.replace(/^hmac-/, "");
    if (key === "") return;
    this.#key = createSecretKey(key, "utf8");
    createHmac(this.#digest, this.#key); // throws here rather than at the first message
  }

  /** Throws BadMessage. */
  decode(frames: readonly Buffer[]): Message {
    const delimiter = frames.findIndex((frame) => frame.equals(DELIMITER_BYTES));
    if (delimiter < 0) throw new BadMessage("no <IDS|MSG> delimiter");
    const signature = frames[delimiter + 1];
    const parts = frames.slice(delimiter + 2, delimiter + 6);
    if (!signature || parts.length < 4) {
      throw new BadMessage(
        `wanted 5 frames after the delimiter, found ${frames.length - delimiter - 1}`,
      );
    }
    this.#verify(signature, parts);
    const [header, parent, metadata, content] = parts.map(parseObject);
    if (typeof header!["msg_type"] !== "string" || typeof header!["msg_id"] !== "string") {
      throw new BadMessage("the header lacks msg_type or msg_id");
    }
    return {
      identities: frames.slice(0, delimiter),
      header: header as unknown as Header,
      parent: parent!,
      metadata: metadata!,
      content: content!,
      buffers: frames.slice(delimiter + 6),
    };
  }

  encode(message: Outgoing): Frame[] {
    const header: Header = {
      msg_id: message.id ?? randomUUID(),
      msg_type: message.type,
      username: "kernel",
      session: this.session,
      date: new Date().toISOString(),
      version: PROTOCOL_VERSION,
    };
    const { metadata, identities = [], buffers = [] } = message;
    const parts = [
      JSON.stringify(header),
      this.#textOf(message.parent),
      metadata ? frameOf(JSON.stringify(metadata)) : "{}",
      contentFrame(message.content),
    ];
    return [...identities, DELIMITER, this.#sign(parts), ...parts, ...buffers];
  }

  #textOf(parent: Header | undefined): string {
    if (parent !== this.#parent) {
      this.#parent = parent;
      this.#parentText = JSON.stringify(parent ?? {});
    }
    return this.#parentText;
  }

  #sign(parts: readonly Frame[]): string {
    if (!this.#key) return "";
    const hmac = createHmac(this.#digest, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  #verify(signature: Buffer, parts: readonly Buffer[]): void {
    if (!this.#key) return;
    const wanted = Buffer.from(this.#sign(parts));
    if (wanted.length !== signature.length || !timingSafeEqual(wanted, signature)) {
      throw new BadMessage("bad signature");
    }
  }
}

function contentFrame(content: object | Buffer): Frame {
  if (!Buffer.isBuffer(content)) return frameOf(JSON.stringify(content));
  return content.length < COPIED_BYTES ? content.toString("utf8") : content;
}

const frameOf = (text: string): Frame => {
  return text.length < COPIED_BYTES ? text : Buffer.from(text, "utf8");
};

function parseObject(part: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(part.toString("utf8"));
  } catch (error) {
    throw new BadMessage(`a part is not JSON: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new BadMessage("a part is not a JSON object");
  }
  return value as Record<string, unknown>;
}
