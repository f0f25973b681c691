// Checks ranges of blocks and resolves them to ranges of buffers, for one synchronous use.
import { CenoteError, formatBytes } from "../base/index.ts";
import type { Block, Pool } from "../pool/index.ts";
import type { BoundRange } from "./binds.ts";
import { ForeignBlock } from "./foreign.ts";
import type { GpuMemory } from "./memory.ts";
import type { GpuRange } from "./types.ts";

export class Ranges {
  readonly #pool: Pool;
  readonly #memory: GpuMemory;
  readonly #align: number;
  readonly #maxBinding: number;

  constructor(pool: Pool, memory: GpuMemory, limits: GPUSupportedLimits) {
    this.#pool = pool;
    this.#memory = memory;
    this.#align = limits.minStorageBufferOffsetAlignment;
    this.#maxBinding = limits.maxStorageBufferBindingSize;
  }

  /** Resolves to whole words: `bytes` is rounded up to 4, which a block always has. */
  resolve(range: GpuRange): BoundRange {
    const { block, offset, bytes: exact } = this.extent(range);
    const bytes = Math.ceil(exact / 4) * 4;
    if (block instanceof ForeignBlock) {
      this.#checkForeign(block);
      return { slab: block.id, buffer: block.buffer, offset, bytes };
    }
    const { slab, offset: begin } = this.#pool.place(block);
    return { slab, buffer: this.#memory.buffer(slab), offset: begin + offset, bytes };
  }

  /** For a write that is not whole words, which must end where the block ends. */
  resolveWrite(range: GpuRange): BoundRange {
    this.checkWrite(range);
    return this.resolve(range);
  }

  /** Throws as resolveWrite() does, but for NOT_RESIDENT. */
  checkWrite(range: GpuRange): void {
    const { block, offset, bytes } = this.extent(range);
    if (block instanceof ForeignBlock) this.#checkForeign(block);
    else this.#pool.check(block);
    if (bytes % 4 !== 0 && offset + bytes < block.bytes) {
      throw new CenoteError(
        "UNALIGNED",
        `wanted to write ${bytes} bytes at ${offset} of ${name(block)}; GPUs write whole 4-byte words`,
        { mend: "Write a multiple of 4 bytes, or up to the block's end." },
      );
    }
  }

  #checkForeign(block: ForeignBlock): void {
    if (!block.disposed) return;
    throw new CenoteError("DISPOSED", `${name(block)} of another library was disposed`);
  }

  /** Resolves a range to be bound as storage. */
  resolveBinding(range: GpuRange, label: string, index: number): BoundRange {
    const bound = this.resolve(range);
    const what = `binding ${index} of kernel "${label}"`;
    if (bound.bytes > this.#maxBinding) {
      throw new CenoteError(
        "BINDING_TOO_LARGE",
        `${what}: wanted ${formatBytes(bound.bytes)} of ${name(range.block)}; this adapter binds at most ${formatBytes(this.#maxBinding)}`,
        { mend: "Bind parts of the block, as chunked columns do." },
      );
    }
    if (bound.offset % this.#align !== 0) {
      throw new CenoteError(
        "UNALIGNED",
        `${what}: wanted offset ${range.offset} of ${name(range.block)}; this adapter binds at multiples of ${this.#align} bytes`,
        { mend: "Begin what is bound by itself at a multiple of 256 bytes." },
      );
    }
    if (bound.bytes === 0) {
      throw new CenoteError("EMPTY_BINDING", `${what}: wanted 4 bytes or more, found none`, {
        mend: "Skip the dispatch when there is nothing to do.",
      });
    }
    return bound;
  }

  /** The range with its defaults filled in, checked against the block. */
  extent(range: GpuRange): { block: Block; offset: number; bytes: number } {
    const { block, offset = 0 } = range;
    const bytes = range.bytes ?? block.bytes - offset;
    const inside =
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(bytes) &&
      offset >= 0 &&
      bytes >= 0 &&
      offset + bytes <= Math.ceil(block.bytes / 4) * 4;
    if (!inside) {
      throw new CenoteError(
        "OUT_OF_BLOCK",
        `wanted ${bytes} bytes at ${offset} of ${name(block)}, which has ${block.bytes} bytes`,
        { mend: "Give an offset and a length inside the block." },
      );
    }
    if (offset % 4 !== 0) {
      throw new CenoteError(
        "UNALIGNED",
        `wanted offset ${offset} of ${name(block)}; GPUs address whole 4-byte words`,
        { mend: "Give an offset that is a multiple of 4." },
      );
    }
    return { block, offset, bytes };
  }
}

const name = (block: Block) => `block ${block.id}${block.tag ? ` "${block.tag}"` : ""}`;

/** Throws OVERLAP when two of the ranges share bytes: a kernel may write all that it binds. */
export function mustNotOverlap(ranges: readonly BoundRange[], label: string): void {
  for (let i = 1; i < ranges.length; i++) {
    const a = ranges[i]!;
    for (let j = 0; j < i; j++) {
      const b = ranges[j]!;
      if (a.slab !== b.slab || a.offset >= b.offset + b.bytes) continue;
      if (b.offset >= a.offset + a.bytes) continue;
      throw new CenoteError(
        "OVERLAP",
        `kernel "${label}": bindings ${j} and ${i} share bytes, and both may be written`,
        { mend: "Bind each range once; use it twice in the kernel's code." },
      );
    }
  }
}
