// Normal numbers of 32 random bits by integers alone, so that they are the same on every adapter: a sign, and the
// inverse of the distribution by parabolas, eight in each octave of the tail's probability.

const OCTAVES = 31;
const PIECES = 8;
/** Fraction bits of the fixed-point numbers. */
const FRACTION = 28;

/** The deviation that is exceeded with probability p ≤ 0.5: P. J. Acklam's rational fits, right to 1.2e-9. */
function deviation(p: number): number {
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    const c = [
      -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734,
      4.374664141464968, 2.938163982698783,
    ];
    const d = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
    return -polynomial(c, q) / (polynomial(d, q) * q + 1);
  }
  const q = p - 0.5;
  const r = q * q;
  const a = [
    -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2,
    -3.066479806614716e1, 2.506628277459239,
  ];
  const b = [
    -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
    -1.328068155288572e1,
  ];
  return (-polynomial(a, r) * q) / (polynomial(b, r) * r + 1);
}

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** By octave and piece: the value at its begin, its slope down, and its curvature, as fixed-point words. */
function table(): number[] {
  const words: number[] = [];
  for (let octave = 0; octave < OCTAVES; octave++) {
    for (let piece = 0; piece < PIECES; piece++) {
      const width = 2 ** (-2 - octave) / PIECES;
      const from = 2 ** (-2 - octave) + piece * width;
      const [z0, half, z1] = [0, 0.5, 1].map((t) => deviation(from + t * width)) as [
        number,
        number,
        number,
      ];
      const curvature = 2 * (z0 - 2 * half + z1);
      for (const value of [z0, z0 - z1 + curvature, curvature])
        words.push(Math.max(0, Math.round(value * 2 ** FRACTION)));
    }
  }
  return words;
}

/** The helper's text: `normal_of(bits)`, with `mul_high` beside it. */
export const NORMAL = `const NORMAL = array<u32, ${OCTAVES * PIECES * 3}>(${table()
  .map((word) => `${word}u`)
  .join(",")});
fn normal_of(bits: u32) -> f32 {
  let tail = (bits & 0x7fffffffu) | 1u;
  let octave = countLeadingZeros(tail) - 1u;
  let rest = tail << (octave + 2u);
  let at = (octave * ${PIECES}u + (rest >> 29u)) * 3u;
  let t = rest << 3u;
  let fixed = NORMAL[at] - mul_high(NORMAL[at + 1u], t) + mul_high(mul_high(NORMAL[at + 2u], t), t);
  let size = f32(fixed >> 7u) * ${2 ** (7 - FRACTION)};
  return select(size, -size, (bits >> 31u) == 1u);
}`;
