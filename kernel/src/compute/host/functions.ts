// What generated JavaScript calls. Texts are strings of one character for each byte of UTF-8: so they are
// compared, searched and joined by their bytes.

import { ratio } from "../exact.ts";

/** A text as its bytes, one character each. */
export const bytesOf = (text: string): string => Buffer.from(text).toString("latin1");

/** The day of days since 1970-01-01: year, month and day of the proleptic Gregorian calendar. */
function civil(days: number): Date {
  return new Date(days * 86_400_000);
}

export const FUNCTIONS = {
  ratio,
  floorDivBig(x: bigint, y: bigint): bigint {
    if (y === 0n) return 0n;
    const q = x / y;
    return x % y !== 0n && x < 0n !== y < 0n ? q - 1n : q;
  },
  roundEven(x: number): number {
    if (!(Math.abs(x) < 2 ** 52)) return x;
    const shift = x < 0 || Object.is(x, -0) ? -(2 ** 52) : 2 ** 52;
    const whole = x + shift - shift;
    return whole === 0 ? (shift < 0 ? -0 : 0) : whole;
  },
  /** A 64-bit integer as float32, rounded once: Number() alone would round it before. */
  bigToFloat(x: bigint): number {
    const magnitude = x < 0n ? -x : x;
    // What lies below 2^12 of numbers beyond 2^53 is folded into one bit that says whether any was set.
    const folded =
      magnitude < 2n ** 53n
        ? magnitude
        : (magnitude & ~0xfffn) | (magnitude & 0xfffn ? 0x800n : 0n);
    const float = Math.fround(Number(folded));
    return x < 0n ? -float : float;
  },
  year: (days: number): number => civil(days).getUTCFullYear(),
  month: (days: number): number => civil(days).getUTCMonth() + 1,
  day: (days: number): number => civil(days).getUTCDate(),
  /** Code points: the bytes that do not continue one. */
  points(text: string): number {
    let count = 0;
    for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xc0) !== 0x80) count++;
    return count;
  },
  slice(text: string, offset: number, length: number | null): string {
    const first = offset < 0 ? FUNCTIONS.points(text) + offset : offset;
    const begin = forward(text, 0, Math.max(first, 0));
    if (length === null) return text.slice(begin);
    return text.slice(
      begin,
      forward(text, begin, Math.max(first + length, 0) - Math.max(first, 0)),
    );
  },
  upper: (text: string): string => text.replace(/[a-z]+/g, (part) => part.toUpperCase()),
  lower: (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase()),
};

/** The place `count` code points after `from`, or the end. */
function forward(text: string, from: number, count: number): number {
  let left = count;
  let at = from;
  for (; at < text.length; at++) {
    if ((text.charCodeAt(at) & 0xc0) === 0x80) continue;
    if (left === 0) break;
    left--;
  }
  return at;
}
