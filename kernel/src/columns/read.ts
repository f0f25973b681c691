// Columns of the pool back into an Arrow table, with one read-back.
import type { Table } from "apache-arrow";
import type { GpuRange } from "../gpu/index.ts";
import { arrowLibrary, readersOf } from "./arrow.ts";
import { type ColumnStore, withChildren } from "./store.ts";

/** The store's columns as an Arrow table of as many record batches as it has chunks. Throws DISPOSED. */
export async function readTable(store: ColumnStore): Promise<Table> {
  store.check();
  const columns = [...store.columns.values()];
  const ranges: GpuRange[] = columns.flatMap((column) =>
    column.chunks.flatMap((_, chunk) =>
      withChildren(column).map(({ chunks }) => {
        const { block, layout } = chunks[chunk]!;
        return { block, bytes: layout.total };
      }),
    ),
  );
  const [arrow, contents] = await Promise.all([
    arrowLibrary(),
    ranges.length > 0 ? store.gpu.read(ranges) : [],
  ]);
  const readers = readersOf(arrow, columns);
  let next = 0;
  const data = columns.map((column, i) =>
    column.chunks.map((_, chunk) => readers[i]!.chunk(column, chunk, () => contents[next++]!)),
  );
  const fields = readers.map((reader) => reader.field);
  const schema = new arrow.Schema(fields, new Map(store.metadata));
  const batches = store.chunkRows.map((length, chunk) => {
    const children = data.map((chunks) => chunks[chunk]!);
    return new arrow.RecordBatch(
      schema,
      arrow.makeData({ type: new arrow.Struct(fields), length, nullCount: 0, children }),
    );
  });
  return new arrow.Table(schema, batches);
}
