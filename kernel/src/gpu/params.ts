// Small parameters of dispatches: collected on the host while the encoder is open, written to one
// uniform buffer at submit, and bound with a dynamic offset. The write is in queue order, so that one
// buffer serves every encoder. Words that are there already are bound again where they lie: work that repeats
// writes none, which is worth a lot to a small submit.
import type { Binds } from "./binds.ts";
import { USAGE } from "./usage.ts";

/** A uniform binding's size; parameters may be at most this large, bytes. */
export const PARAM_BYTES = 1024;
const CAPACITY = 256 * 1024;
/** From here on all are forgotten at a submit, and written anew. */
const FULL = CAPACITY / 2;

export class Params {
  readonly #queue: GPUQueue;
  readonly #buffer: GPUBuffer;
  readonly #host = new Uint32Array(CAPACITY / 4);
  readonly #align: number;
  readonly group: GPUBindGroup;
  /** Where words of a hash lie, bytes. */
  readonly #places = new Map<number, number>();
  #used = 0;
  /** Bytes that the buffer has. */
  #written = 0;

  constructor(device: GPUDevice, binds: Binds) {
    this.#queue = device.queue;
    this.#align = device.limits.minUniformBufferOffsetAlignment;
    this.#buffer = device.createBuffer({
      label: "cenote params",
      size: CAPACITY + PARAM_BYTES, // the last binding reaches past the last parameters
      usage: USAGE.uniform | USAGE.copyTarget,
    });
    this.group = device.createBindGroup({
      label: "cenote params",
      layout: binds.paramsLayout,
      entries: [{ binding: 0, resource: { buffer: this.#buffer, size: PARAM_BYTES } }],
    });
  }

  /** Whether `bytes` more still fit before the next submit. */
  fits(bytes: number): boolean {
    return this.#used + bytes <= CAPACITY;
  }

  /** Keeps the words for this encoder; returns their dynamic offset, bytes. */
  add(words: Uint32Array): number {
    const hash = hashOf(words);
    const known = this.#places.get(hash);
    if (known !== undefined && this.#has(words, known >> 2)) return known;
    const at = this.#used;
    this.#host.set(words, at >> 2);
    this.#places.set(hash, at);
    this.#used = Math.ceil((at + words.byteLength) / this.#align) * this.#align;
    return at;
  }

  #has(words: Uint32Array, at: number): boolean {
    for (let i = 0; i < words.length; i++) if (this.#host[at + i] !== words[i]) return false;
    return true;
  }

  /** Writes what is new, before the encoder that uses it is submitted. */
  flush(): void {
    const [from, to] = [this.#written, Math.min(this.#used, CAPACITY)];
    if (to === from) return;
    this.#queue.writeBuffer(this.#buffer, from, this.#host, from >> 2, (to - from) >> 2);
    this.#written = to;
    if (to < FULL) return;
    this.#places.clear();
    this.#used = this.#written = 0;
  }
}

/** FNV-1a, by words. */
function hashOf(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  return hash;
}
