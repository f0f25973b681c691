// Lays out all rows of a table as one record batch: https://arrow.apache.org/docs/format/Columnar.html
// (Serialization and Interprocess Communication), Message.fbs. Buffers are aligned to 64 bytes. Columns of
// nested, view and union types are not laid out here.
import type * as Arrow from "apache-arrow";
import { type BufferPlan, bits, offsets, texts, values } from "./batch-buffers.ts";

type ArrowModule = typeof Arrow;

const ALIGNMENT = 64;
/** Rows, and offsets of 32 bits, reach this far. */
const INT32_MAX = 2 ** 31 - 1;

export interface BatchPlan {
  /** Of the message and its body. */
  bytes: number;
  write: (target: Uint8Array) => void;
}

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

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
  const nodes: [length: number, nulls: number][] = [];
  const buffers: BufferPlan[] = [];
  for (let i = 0; i < table.schema.fields.length; i++) {
    const type = table.schema.fields[i]!.type;
    const chunks = table.batches
      .map((batch) => batch.data.children[i]!)
      .filter((data) => data.length > 0);
    if (
      !sameDictionary(chunks) ||
      !planColumn(arrow, type, chunks, table.numRows, nodes, buffers)
    ) {
      return undefined;
    }
  }
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

/** One and the same dictionary in all chunks, without deltas. */
function sameDictionary(chunks: Arrow.Data[]): boolean {
  const first = chunks[0]?.dictionary;
  return chunks.every((data) => data.dictionary === first && (first?.data.length ?? 1) === 1);
}

function planColumn(
  arrow: ArrowModule,
  type: Arrow.DataType,
  chunks: Arrow.Data[],
  rows: number,
  nodes: [number, number][],
  buffers: BufferPlan[],
): boolean {
  const { DataType } = arrow;
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
  else return false;
  return true;
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

/**
 * The encapsulated message of a record batch: a flatbuffer with a fixed layout, Message { version V5,
 * header RecordBatch { length, nodes, buffers }, bodyLength }, padded so that the body begins at a multiple
 * of 64 bytes.
 */
function encodeMessage(
  rows: number,
  nodes: [number, number][],
  buffers: BufferPlan[],
  start: number,
): { message: Uint8Array; regions: number[]; body: number } {
  const regions: number[] = [];
  let body = 0;
  for (const buffer of buffers) {
    regions.push(body);
    body += aligned(buffer.bytes);
  }
  const flatBytes = 88 + 16 * nodes.length + 16 * buffers.length;
  const message = new Uint8Array(aligned(start + 8 + flatBytes) - start);
  const view = new DataView(message.buffer, 8);
  new DataView(message.buffer).setInt32(0, -1, true);
  new DataView(message.buffer).setInt32(4, message.length - 8, true);
  const u16 = (at: number, ...words: number[]) =>
    words.forEach((word, i) => void view.setUint16(at + 2 * i, word, true));
  const u32 = (at: number, word: number) => view.setUint32(at, word, true);
  const i64 = (at: number, word: number) => view.setBigInt64(at, BigInt(word), true);
  u32(0, 16); // the root table is at 16
  u16(4, 12, 24, 4, 6, 8, 16); // its vtable
  u32(16, 12); // Message: back to the vtable
  u16(20, 4); // version V5
  view.setUint8(22, 3); // header type RecordBatch
  u32(24, 32); // header, at 56
  i64(32, body);
  u16(40, 10, 20, 8, 4, 16); // vtable of RecordBatch
  u32(56, 16); // RecordBatch: back to the vtable
  u32(60, 16); // nodes, at 76
  i64(64, rows);
  u32(72, 12 + 16 * nodes.length); // buffers
  u32(76, nodes.length);
  nodes.forEach(([length, nulls], i) => {
    i64(80 + 16 * i, length);
    i64(88 + 16 * i, nulls);
  });
  const at = 84 + 16 * nodes.length;
  u32(at, buffers.length);
  buffers.forEach((buffer, i) => {
    i64(at + 4 + 16 * i, regions[i]!);
    i64(at + 12 + 16 * i, buffer.bytes);
  });
  return { message, regions, body };
}
