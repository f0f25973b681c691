// Rows of a table as an Arrow IPC stream, for a page.
import * as arrow from "apache-arrow";
import { ARROW, CenoteError, formatBytes, PREVIEW_BYTES, PREVIEW_ROWS } from "../base/index.ts";
import { type Packed, pack } from "../exchange/index.ts";

/** Of one message to a page: Jupyter's server drops what goes beyond 1 MB a second, a cell's output too. */
const MOST_BYTES = 256 * 1024;
/** Of a row that is too long to share a message. */
const MOST_ROW_BYTES = 1024 * 1024;

/** Rows from `from` on, as many as go into one message. `pick` gives a table of that many rows from there. */
export function encodeRows(
  count: number,
  pick: (count: number) => arrow.Table,
): { bytes: Uint8Array; rows: number } {
  const found = fitted(count, MOST_BYTES, pick);
  if (found.rows > 0 || count === 0) return found;
  const one = plan(pick(1));
  if (one.bytes <= MOST_ROW_BYTES) return { bytes: written(one), rows: 1 };
  throw new CenoteError(
    "TOO_LARGE",
    `a row has ${formatBytes(one.bytes)}, at most ${formatBytes(MOST_ROW_BYTES)} are shown`,
  );
}

/** The first rows, to be saved in a notebook; undefined where not even the types fit. */
export function encodePreview(table: arrow.Table): Uint8Array | undefined {
  const count = Math.min(PREVIEW_ROWS, table.numRows);
  const { bytes } = fitted(count, PREVIEW_BYTES, (rows) => table.slice(0, rows));
  return bytes.length > 0 ? bytes : undefined;
}

/** As many rows as `most` bytes have room for; no bytes where there is not even room for none. */
function fitted(
  count: number,
  most: number,
  pick: (count: number) => arrow.Table,
): { bytes: Uint8Array; rows: number } {
  for (let rows = count; ; ) {
    const packed = plan(pick(rows));
    if (packed.bytes <= most) return { bytes: written(packed), rows };
    if (rows === 0) return { bytes: new Uint8Array(0), rows };
    rows = Math.floor((rows * 0.9 * most) / packed.bytes);
  }
}

/** The table as a stream to be written. A dictionary that has more entries than the table rows is written out. */
function plan(table: arrow.Table): Packed {
  const packed = pack(arrow, table);
  const long = table.schema.fields.some((_, i) => hasLongDictionary(table, i));
  return long ? pack(arrow, writtenOut(written(packed))) : packed;
}

function hasLongDictionary(table: arrow.Table, column: number): boolean {
  const data = table.getChildAt(column)?.data[0];
  return (data?.dictionary?.length ?? 0) > table.numRows;
}

/** The table of a stream, with plain columns for those of dictionaries. */
function writtenOut(bytes: Uint8Array): arrow.Table {
  const table = arrow.tableFromIPC(bytes);
  const batch = table.batches[0];
  if (table.batches.length !== 1 || !batch) return table;
  const columns = table.schema.fields.map((field, i) => {
    const column = table.getChildAt(i)!;
    if (field.type.typeId !== ARROW.dictionary) return { field, data: batch.data.children[i]! };
    const plain = (field.type as arrow.Dictionary).dictionary;
    const data = arrow.vectorFromArray([...column], plain).data[0]!;
    return { field: field.clone({ type: plain }), data };
  });
  const fields = columns.map(({ field }) => field);
  const data = arrow.makeData({
    type: new arrow.Struct(fields),
    length: table.numRows,
    nullCount: 0,
    children: columns.map(({ data }) => data),
  });
  const schema = new arrow.Schema(fields, table.schema.metadata);
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, data)]);
}

export function written({ bytes, write }: Packed): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(bytes);
  write(target);
  return target;
}
