// Arrow tables of columns on the host (host.ts), and back.
import type { Table } from "apache-arrow";
import { arrowLibrary, readersOf } from "./arrow.ts";
import { chunkRows } from "./chunking.ts";
import type { HostChunk } from "./host.ts";
import { type ColumnSource, columnSources } from "./source.ts";
import { type Staged, stageChunk } from "./stage.ts";
import type { ColumnFacts } from "./store.ts";

/** One record batch of these columns, all of the same number of rows. */
export function hostTable(
  columns: readonly { column: ColumnFacts; chunk: HostChunk }[],
  rows: number,
): Promise<Table> {
  return hostBatches(
    columns.map(({ column, chunk }) => ({ column, chunks: [chunk] })),
    [rows],
  );
}

/** A record batch for each chunk of these columns; `rows` are those of each. */
export async function hostBatches(
  columns: readonly { column: ColumnFacts; chunks: readonly HostChunk[] }[],
  rows: readonly number[],
  metadata: ReadonlyMap<string, string> = new Map(),
): Promise<Table> {
  const arrow = await arrowLibrary();
  const readers = readersOf(
    arrow,
    columns.map(({ column }) => column),
  );
  const fields = readers.map((reader) => reader.field);
  const schema = new arrow.Schema(fields, new Map(metadata));
  const type = new arrow.Struct(fields);
  const batches = rows.map((length, i) => {
    const children = columns.map(({ chunks }, c) => readers[c]!.hosted(chunks[i]!));
    return new arrow.RecordBatch(schema, arrow.makeData({ type, length, nullCount: 0, children }));
  });
  return new arrow.Table(schema, batches);
}

/** Bytes of a chunk on the host, at most. */
const MOST_BYTES = 2 ** 30;

/** A table's columns as their blocks would be, in memory. Throws SAME_NAME and UNKNOWN_TYPE. */
export function hostColumns(table: Table): {
  readonly columns: readonly { column: ColumnFacts; chunks: HostChunk[] }[];
  readonly rows: readonly number[];
} {
  const sources = columnSources(table);
  const rows = chunkRows(sources, table.numRows, MOST_BYTES);
  const columns = sources.map((source) => {
    let from = 0;
    const chunks = rows.map((count) => {
      const staged = stageChunk(source, from, from + count);
      from += count;
      return joined(staged);
    });
    return { column: factsOf(source), chunks };
  });
  return { columns, rows };
}

function factsOf({ pieces: _, children, ...facts }: ColumnSource): ColumnFacts {
  return { ...facts, ...(children ? { children: children.map(factsOf) } : {}) };
}

function joined({ layout, rows, parts, children }: Staged): HostChunk {
  const bytes = new Uint8Array(layout.total);
  for (const { offset, data } of parts) bytes.set(data, offset);
  return { bytes, layout, rows, children: children.map(joined) };
}
