// Blocks that live as long as one query, and the dispatching of generated kernels.
import type { ColumnChunk, ColumnStore } from "../../columns/index.ts";
import type { Gpu, GpuRange } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import { type KernelText, parameters } from "../wgsl/program.ts";

/** Invocations of a workgroup in every kernel but the scan. */
const WORKGROUP = 64;

/** Temporaries of a query: all are freed at its end, however it ends, but those that were kept. */
export class Scratch {
  readonly gpu: Gpu;
  readonly #blocks = new Set<Block>();

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  /** A block of `bytes` bytes (at least 16), for `what`. */
  block(bytes: number, what: string, zeroed = false): Block {
    const block = this.gpu.allocate(Math.max(16, Math.ceil(bytes / 4) * 4), {
      tag: what,
      what,
      zeroed,
    });
    this.#blocks.add(block);
    return block;
  }

  /** Hands these over to the caller. */
  keep(blocks: Iterable<Block>): Block[] {
    const kept = [...blocks];
    for (const block of kept) this.#blocks.delete(block);
    return kept;
  }

  free(...blocks: readonly Block[]): void {
    for (const block of blocks) if (this.#blocks.delete(block)) block.dispose();
  }

  [Symbol.dispose](): void {
    this.free(...this.#blocks);
  }
}

/** Records one dispatch of at least `invocations` over chunk `chunk` of the store's columns. */
export function launch(
  store: ColumnStore,
  text: KernelText,
  call: { chunk: number; own: readonly number[]; extras: readonly GpuRange[]; invocations: number },
): void {
  const chunkOf = (name: string): ColumnChunk => store.columns.get(name)!.chunks[call.chunk]!;
  const columns = text.columns.map((name): GpuRange => {
    const { block, layout } = chunkOf(name);
    return { block, bytes: layout.total };
  });
  const { gpu } = store;
  const { label, code, bindings } = text;
  gpu.dispatch(gpu.pipeline({ label, code, bindings, params: true }), {
    bindings: [...columns, ...call.extras],
    params: parameters(text, call.own, chunkOf),
    workgroups: [Math.max(1, Math.ceil(call.invocations / WORKGROUP))],
  });
}

/** 32-row words of `rows`, cut into at most `most` ranges: how many words each, and how many ranges. */
export function ranges(rows: number, most = 4096): { each: number; count: number } {
  const words = Math.ceil(rows / 32);
  const each = Math.max(1, Math.ceil(words / most));
  return { each, count: Math.ceil(words / each) };
}
