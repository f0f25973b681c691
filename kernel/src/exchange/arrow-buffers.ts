// Looks into Arrow tables: the buffers that they consist of.
import type { Data, Table } from "apache-arrow";

/** Every buffer of the table that has bytes, dictionaries and children included. */
export function* tableBuffers(table: Pick<Table, "batches">): Generator<ArrayBufferView> {
  for (const batch of table.batches) yield* dataBuffers(batch.data as Data);
}

function* dataBuffers(data: Data | undefined): Generator<ArrayBufferView> {
  if (!data) return; // the child of a list without rows
  for (const buffer of [data.values, data.valueOffsets, data.nullBitmap, data.typeIds]) {
    if (ArrayBuffer.isView(buffer) && buffer.byteLength > 0) yield buffer;
  }
  const views = (data as { variadicBuffers?: Iterable<ArrayBufferView> }).variadicBuffers;
  if (views) for (const buffer of views) if (buffer.byteLength > 0) yield buffer;
  for (const child of data.children) yield* dataBuffers(child);
  if (data.dictionary) for (const part of data.dictionary.data) yield* dataBuffers(part);
}

/** Bytes of the table that do not lie in `memory`: the reader has copied them. */
export function bytesOutside(table: Pick<Table, "batches">, memory: ArrayBufferLike): number {
  let bytes = 0;
  for (const buffer of tableBuffers(table))
    if (buffer.buffer !== memory) bytes += buffer.byteLength;
  return bytes;
}
