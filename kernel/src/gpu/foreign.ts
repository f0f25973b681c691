// Buffers of other libraries on the same device, as blocks: kernels use them where they are, whole, and nothing is
// copied. They are outside the pool and its budget: they neither move nor spill, and disposing one only ends our use.
import type { Block } from "../pool/index.ts";

let last = 0;

export class ForeignBlock implements Block {
  readonly id: number;
  readonly bytes: number;
  readonly tag: string;
  readonly buffer: GPUBuffer;
  readonly #end: () => void;
  #disposed = false;

  /** `end` is called once, when our use of it ends. */
  constructor(buffer: GPUBuffer, tag: string, end: () => void = () => {}) {
    this.id = --last; // the pool's are from 0 up
    this.buffer = buffer;
    this.bytes = buffer.size;
    this.tag = tag;
    this.#end = end;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#end();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Those of the pool. */
export const pooled = (blocks: readonly Block[]): Block[] =>
  blocks.filter((block) => !(block instanceof ForeignBlock));
