// Host memory that files are read into. Fresh pages cost several times what the read does, so some arrays are
// kept and used again.
import type { HostCopy } from "../types.ts";

const KEPT_BYTES = 256 * 2 ** 20;
/** An array serves requests of at least this share of its size. */
const CLOSE = 3 / 4;

export class Landing {
  #kept: Uint8Array<ArrayBuffer>[] = [];

  /** `bytes` bytes; what they hold is of no account. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const at = this.#kept.findIndex(
      ({ byteLength }) => byteLength >= bytes && byteLength * CLOSE <= bytes,
    );
    const array = at < 0 ? new Uint8Array(bytes) : this.#kept.splice(at, 1)[0]!;
    return array.subarray(0, bytes);
  }

  /** Takes back an array, or a part of one. */
  give(array: Uint8Array<ArrayBuffer>): void {
    this.#kept.push(new Uint8Array(array.buffer));
    let total = this.#kept.reduce((sum, { byteLength }) => sum + byteLength, 0);
    while (total > KEPT_BYTES) total -= this.#kept.shift()!.byteLength;
  }

  /** An array that was taken, as a copy that has arrived. */
  copyOf(array: Uint8Array<ArrayBuffer>): HostCopy {
    return {
      ready: true,
      arrived: () => Promise.resolve(),
      view: () => array,
      release: () => this.give(array),
    };
  }
}
