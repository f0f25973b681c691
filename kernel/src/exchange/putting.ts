// Puts what people have into arenas: by one copy, or by none where it was produced there.

import type * as Arrow from "apache-arrow";
import { Allocated } from "./allocated.ts";
import type { Reserved } from "./arenas.ts";
import type { Dtype, NumberArray } from "./columns.ts";
import { memoryRoom } from "./host-memory.ts";
import { loadArrow } from "./load-arrow.ts";
import type { Owner, TableFacts } from "./owner.ts";
import { pack } from "./packed.ts";
import { COLUMNS_NAMED, type SharedTable, shorten } from "./shared.ts";
import { type Produced, StreamLayout } from "./stream.ts";
import { isTensorLike } from "./tensors.ts";
import { toTable } from "./to-table.ts";
import { toSchema, Writer } from "./writer.ts";

/** Bytes that a writer may write unless it is told otherwise. */
const CAPACITY = 4 * 2 ** 30;

export class Putting {
  readonly counts = { puts: 0, bytesPut: 0 };
  readonly #owner: Owner;
  readonly #allocated = new Allocated();

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  async put(name: string, value: unknown): Promise<SharedTable> {
    const arrow = await loadArrow();
    const { array, shape } = arrayOf(value);
    const allocation = array && this.#allocated.take(array, shape, name);
    if (allocation) {
      const { draft, layout, head } = allocation;
      layout.finish(draft.memory);
      const copied = draft.inPlace ? 0 : layout.bytes;
      return this.#counted(this.#owner.share(factsOf(name, head, layout.rows), draft), copied);
    }
    const table = toTable(arrow, value);
    await this.#owner.start();
    const packed = pack(arrow, table);
    const facts = factsOf(name, table, table.numRows);
    return this.#counted(this.#owner.put(facts, packed.bytes, packed.write), packed.bytes);
  }

  /** Shares what `fill` writes straight into the arena. */
  async produce(name: string, { head, batches, fill }: Produced): Promise<SharedTable> {
    const arrow = await loadArrow();
    await this.#owner.start();
    const layout = new StreamLayout(arrow, head, batches);
    const draft = this.#owner.draft(layout.bytes);
    await fill(layout.buffers(draft.memory));
    layout.finish(draft.memory);
    const facts = factsOf(name, head, layout.rows);
    return this.#counted(this.#owner.share(facts, draft), layout.bytes);
  }

  /** A writer of that much room at most; the machine may have less than it takes when it is not said. */
  async writer(name: string, schema: unknown, capacity: number | undefined): Promise<Writer> {
    const arrow = await loadArrow();
    const known = toSchema(arrow, schema);
    await this.#owner.start();
    const host = {
      owner: this.#owner,
      share: (of: string, head: Arrow.Table, rows: number, written: Reserved) =>
        this.#counted(this.#owner.shareReserved(factsOf(of, head, rows), written), written.written),
    };
    return new Writer(arrow, host, name, known, capacity ?? Math.min(CAPACITY, memoryRoom()));
  }

  async allocate(shape: readonly number[], dtype: Dtype): Promise<NumberArray> {
    const arrow = await loadArrow();
    await this.#owner.start();
    return this.#allocated.make(arrow, shape, dtype, (bytes) => this.#owner.draft(bytes));
  }

  #counted(shared: SharedTable, bytes: number): SharedTable {
    this.counts.puts++;
    this.counts.bytesPut += bytes;
    return shared;
  }
}

function factsOf(name: string, { schema }: Arrow.Table, rows: number): TableFacts {
  const { fields } = schema;
  const columns = fields
    .slice(0, COLUMNS_NAMED)
    .map((field): [string, string] => [shorten(field.name), shorten(String(field.type))]);
  return { name, rows, columns, columnCount: fields.length };
}

/** The typed array that a value is, or is a tensor of. */
function arrayOf(value: unknown): { array?: ArrayBufferView; shape?: readonly number[] } {
  if (ArrayBuffer.isView(value)) return { array: value };
  if (typeof value !== "object" || value === null) return {};
  const { data, shape } = value as Record<string, unknown>;
  if (!isTensorLike(value as Record<string, unknown>)) return {};
  return { array: data as ArrayBufferView, shape: shape as number[] };
}
