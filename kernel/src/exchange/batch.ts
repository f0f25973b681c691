// Lays out all rows of a table as one record batch: https://arrow.apache.org/docs/format/Columnar.html
// (Serialization and Interprocess Communication), Message.fbs. Buffers are aligned to 64 bytes. Columns of
// view and union types, and those that hold such, are not laid out here.
import type * as Arrow from "apache-arrow";
import { type BufferPlan, bits, offsets, span, texts, values } from "./batch-buffers.ts";
import { encodeMessage, type Node } from "./batch-message.ts";

type ArrowModule = typeof Arrow;

/** Rows, and offsets of 32 bits, reach this far. */
const INT32_MAX = 2 ** 31 - 1;

export interface BatchPlan {
  /** Of the message and its body. */
  bytes: number;
  write: (target: Uint8Array) => void;
}

/**
 * How to write the table's rows as one batch, or undefined where a column's type, or dictionaries that
 * differ between chunks, do not allow it. `start`: gives the batch's offset in the stream, asked for when
 * the plan is possible.
 */
export function planBatch(
  arrow: ArrowModule,
  table: Arrow.Table,
  start: () => number,
): BatchPlan | undefined {
  if (table.numRows > INT32_MAX) return undefined;
  const columns: Columns = { arrow, nodes: [], buffers: [] };
  for (let i = 0; i < table.schema.fields.length; i++) {
    const chunks = table.batches.map((batch) => batch.data.children[i]!);
    const { type } = table.schema.fields[i]!;
    if (!planColumn(columns, type, chunks, table.numRows)) return undefined;
  }
  const { nodes, buffers } = columns;
  const { message, regions, body } = encodeMessage(table.numRows, nodes, buffers, start());
  return {
    bytes: message.length + body,
    write: (target) => {
      target.set(message, 0);
      const into = target.subarray(message.length);
      let written = 0;
      buffers.forEach((buffer, i) => {
        into.fill(0, written, regions[i]!);
        buffer.write(into.subarray(regions[i]!, regions[i]! + buffer.bytes));
        written = regions[i]! + buffer.bytes;
      });
      into.fill(0, written, body);
    },
  };
}

/** What is planned so far, in the order of the format: a column before its children. */
interface Columns {
  readonly arrow: ArrowModule;
  readonly nodes: Node[];
  readonly buffers: BufferPlan[];
}

/** One and the same dictionary in all chunks, without deltas. */
function sameDictionary(chunks: Arrow.Data[]): boolean {
  const first = chunks[0]?.dictionary;
  return chunks.every((data) => data.dictionary === first && (first?.data.length ?? 1) === 1);
}

/** Plans a column of that many rows, found in `found`; false where it is not laid out here. */
function planColumn(
  columns: Columns,
  type: Arrow.DataType,
  found: Arrow.Data[],
  rows: number,
): boolean {
  const { arrow, nodes, buffers } = columns;
  const { DataType } = arrow;
  const chunks = found.filter((data) => data.length > 0);
  if (!sameDictionary(chunks)) return false;
  if (DataType.isNull(type)) {
    nodes.push([rows, rows]);
    return true;
  }
  const nulls = chunks.reduce((sum, data) => sum + data.nullCount, 0);
  nodes.push([rows, nulls]);
  buffers.push(nulls > 0 ? bits(rows, chunks, "nullBitmap") : { bytes: 0, write: () => {} });
  if (DataType.isBool(type)) buffers.push(bits(rows, chunks, "values"));
  else if (DataType.isUtf8(type) || DataType.isBinary(type))
    return planTexts(chunks, rows, 4, buffers);
  else if (DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) {
    return planTexts(chunks, rows, 8, buffers);
  } else if (isFixedWidth(arrow, type)) buffers.push(values(chunks));
  else return planChildren(columns, type, chunks, rows);
  return true;
}

/** The children of structs, and of lists of all kinds; maps are lists of structs. */
function planChildren(
  columns: Columns,
  type: Arrow.DataType,
  chunks: Arrow.Data[],
  rows: number,
): boolean {
  const { DataType } = columns.arrow;
  const child = (i: number, parts: Arrow.Data[], count: number) =>
    planColumn(columns, type.children![i]!.type, parts, count);
  if (DataType.isStruct(type)) {
    return type.children.every((_, i) =>
      child(
        i,
        chunks.map((data) => data.children[i]!.slice(0, data.length)),
        rows,
      ),
    );
  }
  if (DataType.isFixedSizeList(type)) {
    const size = type.listSize;
    const parts = chunks.map((data) => data.children[0]!.slice(0, data.length * size));
    return child(0, parts, rows * size);
  }
  const large = DataType.isLargeList(type);
  if (!large && !DataType.isList(type) && !DataType.isMap(type)) return false;
  const spans = chunks.map(span);
  const count = spans.reduce((sum, { first, last }) => sum + last - first, 0);
  if (!large && count > INT32_MAX) return false;
  columns.buffers.push(offsets(rows, chunks, large ? 8 : 4));
  const parts = chunks.flatMap(({ children }, i) => {
    const { first, last } = spans[i]!;
    return last > first ? [children[0]!.slice(first, last - first)] : [];
  });
  return child(0, parts, count);
}

function isFixedWidth({ DataType }: ArrowModule, type: Arrow.DataType): boolean {
  return (
    DataType.isInt(type) ||
    DataType.isFloat(type) ||
    DataType.isDecimal(type) ||
    DataType.isDate(type) ||
    DataType.isTime(type) ||
    DataType.isTimestamp(type) ||
    DataType.isDuration(type) ||
    DataType.isInterval(type) ||
    DataType.isFixedSizeBinary(type) ||
    DataType.isDictionary(type)
  );
}

function planTexts(
  chunks: Arrow.Data[],
  rows: number,
  width: 4 | 8,
  buffers: BufferPlan[],
): boolean {
  const data = texts(chunks);
  if (width === 4 && data.bytes > INT32_MAX) return false;
  buffers.push(offsets(rows, chunks, width), data);
  return true;
}
