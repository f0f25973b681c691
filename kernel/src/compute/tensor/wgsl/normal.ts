// Normal numbers of 32 random bits by integers alone, so that they are the same on every adapter: a sign, and the
// inverse of the distribution for the tail's probability p. With t = log₂(−log₂ p) the inverse is t times a polynomial
// of t, from p = ½, where both are 0, to 2⁻³², where t is 5.

/** (log₂(1 + v) − v) ÷ v(1 − v) for v from 0 to 1, and the inverse ÷ t for t ÷ 8: interpolated at Chebyshev's points. */
const LOGARITHM = [0.4426540725, -0.276569503, 0.1841008289, -0.0972018337, 0.0256912627];
const INVERSE = [0.602156556, 0.5125316833, 0.4763191367, 0.4000061755, 0.1465997649, 0.1831984353];

/** The polynomial of x, a fraction of 2³², by Horner's rule. All that is left of it after a step must be positive. */
function horner(coefficients: readonly number[], x: string, bits: number): string {
  const words = coefficients.map((one) => `${Math.round(Math.abs(one) * 2 ** bits)}u`);
  return words.reduceRight((inner, word, i) => {
    const isFalling = coefficients[i]! * coefficients[i + 1]! < 0;
    return `${word} ${isFalling ? "-" : "+"} mul_high(${inner}, ${x})`;
  });
}

/** The helper's text: `normal_of(bits)`, with `mul_high` beside it. */
export const NORMAL = `fn log2_above_1(v: u32) -> u32 {
  return v + mul_high(mul_high(v, ~v), ${horner(LOGARITHM, "v", 32)});
}
fn normal_of(bits: u32) -> f32 {
  let tail = (bits & 0x7fffffffu) | 1u;
  let octave = countLeadingZeros(tail) - 1u;
  let log = ((octave + 1u) << 27u) + (~log2_above_1((tail << octave) << 2u) >> 5u);
  let zeros = countLeadingZeros(log);
  let t = ((4u - zeros) << 29u) + (log2_above_1((log << zeros) << 1u) >> 3u);
  let size = f32(mul_high(t, ${horner(INVERSE, "t", 31)}) >> 7u) * ${2 ** -21};
  return select(size, -size, (bits >> 31u) == 1u);
}`;
