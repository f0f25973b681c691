// Exact sums and quotients of the host, each rounded once to a double.

/** value × 2^exponent, rounded once; the exponent is not below −1074. */
export function scaled(value: bigint, exponent: number): number {
  const negative = value < 0n;
  let magnitude = negative ? -value : value;
  const bits = magnitude.toString(16).length * 4;
  // Number() rounds to 53 bits; bits beyond 64 are folded into one that says whether any was set.
  const drop = Math.max(0, bits - 68);
  if (drop > 0) {
    const kept = magnitude >> BigInt(drop);
    magnitude = kept << BigInt(drop) === magnitude ? kept : kept | 1n;
  }
  // Below 2^-1022 the last bit of the fixed-point number is the last of a double: nothing is lost.
  const number =
    Number(magnitude) *
    2 ** Math.max(-1000, exponent + drop) *
    2 ** Math.min(0, exponent + drop + 1000);
  return negative ? -number : number;
}

const bitLength = (value: bigint) => value.toString(2).length;

/** numerator ÷ denominator × 2^exponent, rounded once; the denominator is above 0. */
export function ratio(numerator: bigint, denominator: bigint, exponent: number): number {
  if (numerator < 0n) return -ratio(-numerator, denominator, exponent);
  if (numerator === 0n) return 0;
  const size = bitLength(numerator) - bitLength(denominator);
  // A double has 53 bits, and none below 2^-1074: the quotient is cut where its last bit is.
  let last = Math.max(-1074, size + exponent - 52);
  let cut = divided(numerator, denominator, last - exponent);
  if (cut.whole < 2n ** 52n && last > -1074)
    cut = divided(numerator, denominator, --last - exponent);
  const { whole, half } = cut;
  const rounded = Number(half > 0 || (half === 0 && (whole & 1n) === 1n) ? whole + 1n : whole);
  // Two steps, as 2^-1074 and 2^1023 are the least and the greatest power of two.
  const step = Math.trunc(last / 2);
  return rounded * 2 ** step * 2 ** (last - step);
}

// The whole part of numerator ÷ denominator ÷ 2^shift, and whether the rest is below, at or above a half.
function divided(numerator: bigint, denominator: bigint, shift: number) {
  const a = shift < 0 ? numerator << BigInt(-shift) : numerator;
  const b = shift > 0 ? denominator << BigInt(shift) : denominator;
  const whole = a / b;
  const twice = 2n * (a - whole * b);
  return { whole, half: twice > b ? 1 : twice === b ? 0 : -1 };
}

/** Limbs of 32 bits, low first, two's complement. */
export function limbsToBigInt(read: (limb: number) => number, limbs: number): bigint {
  let value = 0n;
  for (let i = limbs - 1; i >= 0; i--) value = (value << 32n) | BigInt(read(i));
  return BigInt.asIntN(32 * limbs, value);
}
