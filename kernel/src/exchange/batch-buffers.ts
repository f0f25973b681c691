// The buffers of one column of a record batch, joined from its chunks as they are written.
import type { Data } from "apache-arrow";

export interface BufferPlan {
  bytes: number;
  /** Fills `target`, which has `bytes` bytes. */
  write: (target: Uint8Array) => void;
}

const bytesOf = (array: ArrayBufferView) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Values of fixed width: a chunk's array begins with its first row, and may be longer than its rows. */
export function values(chunks: Data[]): BufferPlan {
  const parts = chunks.map((data) =>
    bytesOf((data.values as Uint8Array).subarray(0, data.length * data.stride)),
  );
  return joined(parts);
}

/** The bytes of texts that the chunks' offsets point to. */
export function texts(chunks: Data[]): BufferPlan {
  return joined(
    chunks.map((data) => {
      const { first, last } = span(data);
      return bytesOf(data.values as Uint8Array).subarray(first, last);
    }),
  );
}

function joined(parts: Uint8Array[]): BufferPlan {
  return {
    bytes: parts.reduce((sum, part) => sum + part.length, 0),
    write: (target) => {
      let at = 0;
      for (const part of parts) {
        target.set(part, at);
        at += part.length;
      }
    },
  };
}

/** Where the values of the chunk's texts or lists begin and end. */
export function span(data: Data): { first: number; last: number } {
  const found = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  return { first: Number(found[0]!), last: Number(found[data.length]!) };
}

/** Offsets of `width` bytes, counted from the beginning of the joined texts. */
export function offsets(rows: number, chunks: Data[], width: 4 | 8): BufferPlan {
  return {
    bytes: (rows + 1) * width,
    write: (target) => {
      let base = 0;
      let row = 0;
      for (const data of chunks) {
        const { first, last } = span(data);
        const into = target.subarray(row * width, (row + data.length) * width);
        shift(data, base - first, into);
        base += last - first;
        row += data.length;
      }
      const end = new DataView(target.buffer, target.byteOffset + rows * width, width);
      if (width === 4) end.setInt32(0, base, true);
      else end.setBigInt64(0, BigInt(base), true);
    },
  };
}

function shift(data: Data, by: number, target: Uint8Array): void {
  const found = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  if (by === 0) target.set(bytesOf(found.subarray(0, data.length)));
  else if (found instanceof BigInt64Array) shiftLong(found, data.length, by, target);
  else {
    const into = new Int32Array(target.buffer, target.byteOffset, data.length);
    for (let i = 0; i < data.length; i++) into[i] = found[i]! + by;
  }
}

/** 64-bit offsets as pairs of 32-bit words, which is many times faster than by BigInt. */
function shiftLong(found: BigInt64Array, rows: number, by: number, target: Uint8Array): void {
  const from = new Uint32Array(found.buffer, found.byteOffset, rows * 2);
  const into = new Uint32Array(target.buffer, target.byteOffset, rows * 2);
  for (let i = 0; i < rows * 2; i += 2) {
    const value = from[i]! + from[i + 1]! * 2 ** 32 + by;
    into[i] = value; // modulo 2^32
    into[i + 1] = value / 2 ** 32;
  }
}

/** One bit a row. A chunk's bits begin at its offset, anywhere in a byte; a missing bitmap is all ones. */
export function bits(rows: number, chunks: Data[], which: "nullBitmap" | "values"): BufferPlan {
  return {
    bytes: Math.ceil(rows / 8),
    write: (target) => {
      target.fill(0);
      let row = 0;
      for (const data of chunks) {
        const all = which === "nullBitmap" && (data.nullCount === 0 || !data.nullBitmap?.length);
        const source = all ? undefined : bytesOf(data[which] as Uint8Array);
        copyBits(source, data.offset, target, row, data.length);
        row += data.length;
      }
    },
  };
}

/** Copies bits into zeroed ones; ones where there is no source. */
function copyBits(
  source: Uint8Array | undefined,
  from: number,
  target: Uint8Array,
  to: number,
  count: number,
): void {
  let done = 0;
  // Bit by bit up to a whole byte of the target, then byte by byte, then the rest.
  const one = () => {
    const at = from + done;
    const bit = source ? (source[at >> 3]! >> (at & 7)) & 1 : 1;
    target[(to + done) >> 3]! |= bit << ((to + done) & 7);
    done++;
  };
  while (done < count && ((to + done) & 7) !== 0) one();
  for (; count - done >= 8; done += 8) {
    const at = from + done;
    const shiftBy = at & 7;
    const low = source ? source[at >> 3]! >> shiftBy : 0xff;
    const high = source && shiftBy > 0 ? source[(at >> 3) + 1]! << (8 - shiftBy) : 0;
    target[(to + done) >> 3] = (low | high) & 0xff;
  }
  while (done < count) one();
}
