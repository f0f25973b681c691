// Frames on a socket: a u32 length, little-endian, and that many bytes of JSON (one object). A reply to
// `fetch` is followed by raw bytes, which go straight to the buffer that awaits them.
import { CenoteError } from "../base/index.ts";

export type Message = Record<string, unknown>;

/** Version of the protocol (docs/exchange.md). */
export const PROTOCOL = 1;
/** Bytes of JSON in one frame: of a request, and of a reply (a long list). */
export const REQUEST_LIMIT = 64 * 1024;
export const REPLY_LIMIT = 64 * 1024 * 1024;

export function protocolError(message: string, mend?: string): CenoteError {
  return new CenoteError("PROTOCOL", message, mend === undefined ? {} : { mend });
}

/** One frame. */
export function encodeFrame(message: Message): Buffer {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(4 + bytes);
  frame.writeUInt32LE(bytes, 0);
  frame.write(text, 4);
  return frame;
}

/** Cuts a stream of bytes into messages. */
export class FrameDecoder {
  readonly #limit: number;
  #pending: Buffer[] = [];
  #bytes = 0;
  #raw: Uint8Array | undefined;
  #rawFilled = 0;

  /** `limit`: most bytes of JSON in a frame. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  feed(data: Buffer): void {
    this.#pending.push(data);
    this.#bytes += data.length;
  }

  /** The next bytes are raw, and are copied into `target`; `takeRaw` says when it is full. */
  expectRaw(target: Uint8Array): void {
    this.#raw = target;
    this.#rawFilled = 0;
  }

  /** Moves raw bytes to their target. True when it is full (or none was expected). */
  takeRaw(): boolean {
    const target = this.#raw;
    if (!target) return true;
    while (this.#rawFilled < target.length && this.#pending.length > 0) {
      const piece = this.#pop(target.length - this.#rawFilled);
      target.set(piece, this.#rawFilled);
      this.#rawFilled += piece.length;
    }
    if (this.#rawFilled < target.length) return false;
    this.#raw = undefined;
    return true;
  }

  /** The next whole message, or undefined. Throws PROTOCOL on what is no frame. */
  next(): Message | undefined {
    if (this.#bytes < 4) return undefined;
    const size = (this.#pending[0]!.length < 4 ? this.#joined() : this.#pending[0]!).readUInt32LE(
      0,
    );
    if (size > this.#limit) {
      throw protocolError(`wanted a frame of at most ${this.#limit} bytes, found ${size}`);
    }
    if (this.#bytes < 4 + size) return undefined;
    const frame = this.#joined();
    const text = frame.toString("utf8", 4, 4 + size);
    this.#pending = frame.length > 4 + size ? [frame.subarray(4 + size)] : [];
    this.#bytes -= 4 + size;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      throw protocolError("wanted a frame of JSON, found something else");
    }
    if (typeof message !== "object" || message === null || Array.isArray(message)) {
      throw protocolError("wanted a JSON object, found something else");
    }
    return message as Message;
  }

  /** Whether part of a frame has come, and the rest is to come. */
  get isPartial(): boolean {
    return this.#bytes > 0;
  }

  /** All that is pending as one buffer: once for each frame, because that copies it. */
  #joined(): Buffer {
    if (this.#pending.length > 1) this.#pending = [Buffer.concat(this.#pending)];
    return this.#pending[0]!;
  }

  #pop(most: number): Buffer {
    const first = this.#pending[0]!;
    if (first.length <= most) this.#pending.shift();
    else this.#pending[0] = first.subarray(most);
    const piece = first.subarray(0, most);
    this.#bytes -= piece.length;
    return piece;
  }
}
