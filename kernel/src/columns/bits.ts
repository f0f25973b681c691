// Bitmaps on the host: copying a run of bits to any bit offset, counting them.

/** Copies `count` bits of `from` (bit offset `fromBit`) into `to` at `toBit`; `to` holds zeros there. */
export function copyBits(
  from: Uint8Array,
  fromBit: number,
  to: Uint8Array,
  toBit: number,
  count: number,
): void {
  if (count === 0) return;
  if (fromBit % 8 === 0 && toBit % 8 === 0) {
    const whole = count >> 3;
    to.set(from.subarray(fromBit >> 3, (fromBit >> 3) + whole), toBit >> 3);
    copyEach(from, fromBit + whole * 8, to, toBit + whole * 8, count - whole * 8);
    return;
  }
  const head = Math.min(count, (8 - (toBit % 8)) % 8);
  copyEach(from, fromBit, to, toBit, head);
  const start = fromBit + head;
  const shift = start % 8;
  const whole = (count - head) >> 3;
  let source = start >> 3;
  let target = (toBit + head) >> 3;
  for (let i = 0; i < whole; i++, source++, target++) {
    to[target] = (from[source]! >> shift) | (shift === 0 ? 0 : from[source + 1]! << (8 - shift));
  }
  copyEach(from, start + whole * 8, to, toBit + head + whole * 8, count - head - whole * 8);
}

function copyEach(from: Uint8Array, fromBit: number, to: Uint8Array, toBit: number, count: number) {
  for (let i = 0; i < count; i++) {
    if ((from[(fromBit + i) >> 3]! >> ((fromBit + i) & 7)) & 1)
      to[(toBit + i) >> 3]! |= 1 << ((toBit + i) & 7);
  }
}

/** Sets `count` bits of `to` from `toBit` on. */
export function setBits(to: Uint8Array, toBit: number, count: number): void {
  let bit = toBit;
  const end = toBit + count;
  while (bit < end && bit % 8 !== 0) to[bit >> 3]! |= 1 << (bit++ & 7);
  const whole = (end - bit) >> 3;
  if (whole > 0) to.fill(255, bit >> 3, (bit >> 3) + whole);
  for (bit += Math.max(whole, 0) * 8; bit < end; bit++) to[bit >> 3]! |= 1 << (bit & 7);
}

/** Bits set among the first `count`; `bitmap` is 4-byte aligned, whole words, with zeros after `count`. */
export function countBits(bitmap: Uint8Array, count: number): number {
  const words = new Uint32Array(bitmap.buffer, bitmap.byteOffset, Math.ceil(count / 32));
  let total = 0;
  for (let word of words) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    total += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return total;
}
