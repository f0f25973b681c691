// Columns of 64 bits whose values need but 32: kernels then read half the bytes, and add, compare and group by
// single words. Such are most columns of counts, delays and numbers of rows, which tools write as int64.
import type { ColumnSource, Piece } from "./source.ts";

/** Whether the low word of each value, sign-extended where the type is signed, is that value. */
export function isNarrow({ type, pieces }: ColumnSource): boolean {
  if (type.kind !== "i64" && type.kind !== "u64") return false;
  return pieces.every((piece) => fits(piece, type.kind === "i64"));
}

function fits({ bytes, rows }: Piece, signed: boolean): boolean {
  const whole = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice(0, rows * 8);
  const words = new Int32Array(whole.buffer, whole.byteOffset, rows * 2);
  for (let i = 0; i < words.length; i += 2)
    if (words[i + 1] !== (signed ? words[i]! >> 31 : 0)) return false;
  return true;
}
