// The message that precedes the buffers of a record batch in an Arrow IPC stream.

const ALIGNMENT = 64;

/** A column, or a child of one: how many rows it has, and how many of them are null. */
export type Node = [length: number, nulls: number];

/** A buffer's bytes, and those to keep for it where they are more. */
export interface Extent {
  bytes: number;
  room?: number;
}

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * The encapsulated message of a record batch: a flatbuffer with a fixed layout, Message { version V5,
 * header RecordBatch { length, nodes, buffers }, bodyLength }, padded so that the body begins at a multiple
 * of 64 bytes. `regions`: where the buffers begin in the body; `start`: the message's offset.
 */
export function encodeMessage(
  rows: number,
  nodes: readonly Node[],
  buffers: readonly Extent[],
  start: number,
): { message: Uint8Array; regions: number[]; body: number } {
  const regions: number[] = [];
  let body = 0;
  for (const { bytes, room = bytes } of buffers) {
    regions.push(body);
    body += aligned(room);
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
  buffers.forEach(({ bytes }, i) => {
    i64(at + 4 + 16 * i, regions[i]!);
    i64(at + 12 + 16 * i, bytes);
  });
  return { message, regions, body };
}
