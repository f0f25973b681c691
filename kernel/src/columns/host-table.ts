// An Arrow table of columns on the host (host.ts).
import type { Table } from "apache-arrow";
import { arrowLibrary, ColumnReader } from "./arrow.ts";
import type { HostChunk } from "./host.ts";
import type { Column } from "./store.ts";

/** One record batch of these columns, all of the same number of rows. */
export async function hostTable(
  columns: readonly { column: Omit<Column, "chunks">; chunk: HostChunk }[],
  rows: number,
): Promise<Table> {
  const arrow = await arrowLibrary();
  const readers = columns.map(({ column }) => new ColumnReader(arrow, column));
  const fields = readers.map((reader) => reader.field);
  const schema = new arrow.Schema(fields);
  const children = columns.map(({ chunk }, i) => readers[i]!.data(chunk.bytes, chunk.layout, rows));
  const type = new arrow.Struct(fields);
  const data = arrow.makeData({ type, length: rows, nullCount: 0, children });
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, data)]);
}
