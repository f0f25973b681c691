// Elements on the host and the words that hold them on the device.
import { DTYPES, type Dtype } from "./dtypes.ts";

/** Elements from the words that a block holds. */
export function unpacked(bytes: Uint8Array<ArrayBuffer>, dtype: Dtype, count: number) {
  const { array, bits } = DTYPES[dtype];
  if (bits >= 8) {
    const Typed = array as unknown as new (
      buffer: ArrayBuffer,
      offset: number,
      length: number,
    ) => Float32Array;
    return new Typed(bytes.buffer, bytes.byteOffset, count);
  }
  const values = new array(count);
  const per = 8 / bits;
  const signed = dtype === "i4" ? 28 : 0;
  for (let i = 0; i < count; i++) {
    const part = (bytes[Math.floor(i / per)]! >> ((i % per) * bits)) & (2 ** bits - 1);
    values[i] = (part << signed) >> signed;
  }
  return values;
}

/** The words of elements that the host has; fractions go towards zero in integers, whose bounds the numbers keep. */
export function packedBytes(values: ArrayLike<number>, dtype: Dtype, bytes: number): Uint8Array {
  const { array, bits } = DTYPES[dtype];
  const out = new Uint8Array(bytes);
  if (bits >= 8) {
    new (array as unknown as new (buffer: ArrayBuffer) => Float32Array)(out.buffer).set(values);
    return out;
  }
  const per = 8 / bits;
  for (let i = 0; i < values.length; i++) {
    const value = bits === 1 ? Number(Boolean(values[i])) : values[i]! & (2 ** bits - 1);
    out[Math.floor(i / per)]! |= value << ((i % per) * bits);
  }
  return out;
}
