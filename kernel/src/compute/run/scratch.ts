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
  async block(bytes: number, what: string, zeroed = false): Promise<Block> {
    const block = await this.gpu.allocateAsync(Math.max(16, Math.ceil(bytes / 4) * 4), {
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

/**
 * Records one dispatch of at least `invocations` over chunk `chunk` of the store's columns. Of a table larger
 * than the device only that chunk needs to be there; what the next one has on disk is read meanwhile.
 */
export async function launch(
  store: ColumnStore,
  text: KernelText,
  call: { chunk: number; own: readonly number[]; extras: readonly GpuRange[]; invocations: number },
): Promise<void> {
  const chunksOf = (name: string): readonly ColumnChunk[] => store.column(name).chunks;
  const chunkOf = (name: string): ColumnChunk => chunksOf(name)[call.chunk]!;
  const columns = text.columns.map((name): GpuRange => {
    const { block, layout } = chunkOf(name);
    return { block, bytes: layout.total };
  });
  const { gpu } = store;
  gpu.prefetch(text.columns.flatMap((name) => chunksOf(name)[call.chunk + 1]?.block ?? []));
  const { label, code, bindings } = text;
  using scratch = new Scratch(gpu);
  const table = text.table ? [{ block: await uploaded(scratch, text.table) }] : [];
  await gpu.dispatchAsync(gpu.pipeline({ label, code, bindings, params: true }), {
    bindings: [...columns, ...table, ...call.extras],
    params: parameters(text, call.own, chunkOf),
    workgroups: [Math.max(1, Math.ceil(call.invocations / WORKGROUP))],
  });
}

async function uploaded(scratch: Scratch, table: Uint32Array<ArrayBuffer>): Promise<Block> {
  const block = await scratch.block(table.byteLength, "query lists");
  await scratch.gpu.upload([{ block, data: table }]);
  return block;
}

/** 32-row words of `rows`, cut into at most `most` ranges: how many words each, and how many ranges. */
export function ranges(rows: number, most = 4096): { each: number; count: number } {
  const words = Math.ceil(rows / 32);
  const each = Math.max(1, Math.ceil(words / most));
  return { each, count: Math.ceil(words / each) };
}
