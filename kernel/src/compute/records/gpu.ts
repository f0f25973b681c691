// Records in the pool, for kernels that want whole rows together; and back into columns.
import { CenoteError } from "../../base/index.ts";
import {
  type Column,
  type ColumnChunk,
  type ColumnStore,
  layoutOf,
  ColumnStore as Store,
} from "../../columns/index.ts";
import type { Gpu } from "../../gpu/index.ts";
import { BLOCKS, type Block } from "../../pool/index.ts";
import { launch, Scratch } from "../run/scratch.ts";
import { node } from "../typed.ts";
import { packKernel, unpackKernel } from "../wgsl/records.ts";
import {
  type Layout,
  layoutFor,
  type RecordOptions,
  Records,
  recordsWithin,
  wordsOf,
} from "./layout.ts";

interface RecordChunk {
  readonly rows: number;
  readonly block: Block;
}

/** Records in the pool. */
export class GpuRecords extends Records<RecordChunk> {
  readonly #gpu: Gpu;

  constructor(gpu: Gpu, layout: Layout, chunks: readonly RecordChunk[]) {
    super(layout, chunks);
    this.#gpu = gpu;
  }

  protected bytesOf({ block }: RecordChunk): number {
    return block.bytes;
  }

  /** The records as columns again. Throws DISPOSED and OutOfPoolMemory. */
  async toStore(): Promise<ColumnStore> {
    if (this.chunks.some(({ block }) => block.disposed)) {
      throw new CenoteError(
        "DISPOSED",
        "these records were disposed: their GPU memory is back in the pool",
        {
          mend: "Make them again with table.toRecords().",
        },
      );
    }
    using scratch = new Scratch(this.#gpu);
    const nothing = new Store(this.#gpu, [], []);
    const columns: Column[] = [];
    for (const [i, column] of this.layout.columns.entries()) {
      const chunks: ColumnChunk[] = [];
      for (const { rows, block } of this.chunks) {
        const layout = layoutOf(column.type, rows, column.nulls);
        const out = await scratch.block(layout.total, `column ${column.name}`);
        const text = unpackKernel(nothing, column.type, this.layout.places[i]!, column.nulls);
        const own = [rows, Math.max(layout.validity, 0) / 4];
        const extras = [{ block }, { block: out }];
        await launch(nothing, text, { chunk: 0, own, extras, invocations: Math.ceil(rows / 32) });
        chunks.push({ rows, layout, block: out });
      }
      // Kernels of people's own may write to records: what was known of the values holds no longer.
      const { bounds: _, exponents: __, ...facts } = column;
      columns.push({ ...facts, chunks });
    }
    scratch.keep(columns.flatMap(({ chunks }) => chunks.map(({ block }) => block)));
    return new Store(
      this.#gpu,
      columns,
      this.chunks.map(({ rows }) => rows),
    );
  }

  dispose(): void {
    for (const { block } of this.chunks) block.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
  [BLOCKS](): Iterable<Block> {
    return this.chunks.map(({ block }) => block);
  }
}

/** The columns of a store as records. Throws BAD_COUNT, FIXED_WIDTH and OutOfPoolMemory. */
export async function recordsOf(
  store: ColumnStore,
  options: RecordOptions = {},
): Promise<GpuRecords> {
  const layout = layoutFor([...store.columns.values()], options);
  const { gpu } = store;
  using scratch = new Scratch(gpu);
  const chunks: RecordChunk[] = [];
  for (const [chunk, rows] of store.chunkRows.entries()) {
    const most = recordsWithin(gpu.maxBinding, layout);
    for (let from = 0; from < rows; from += most) {
      const count = Math.min(most, rows - from);
      const room = wordsOf(count, layout) * 4;
      const block = await scratch.block(room, "records", true);
      for (const [i, { name, type }] of layout.columns.entries()) {
        const at = node("column", type, [], { column: name });
        const text = packKernel(store, at, layout.places[i]!);
        const invocations = Math.ceil(count / 32);
        await launch(store, text, { chunk, own: [count, from], extras: [{ block }], invocations });
      }
      chunks.push({ rows: count, block });
    }
  }
  scratch.keep(chunks.map(({ block }) => block));
  return new GpuRecords(gpu, layout, chunks);
}
