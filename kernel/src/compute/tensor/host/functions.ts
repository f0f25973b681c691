// Functions that the generated JavaScript calls, by the names it knows them by. They compute in doubles; what is
// stored as f32 is rounded by the caller.

/** Below this an f32 is subnormal. */
const NORMAL = 1.17549435e-38;

function polynomial(coefficients: readonly number[], q: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * q + coefficients[i]!;
  return sum;
}

// The kernels' own fits, so that both sides are equally near.
const ERF_ABOVE = [1.1283789, 0.31516269, 0.06762574, 0.008606358, 0.0003067762];
const ERF_BELOW = [1, 0.6126303, 0.16418532, 0.024817651, 0.0021686833, 1.7877432e-5];
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

function erf(x: number): number {
  if (!(Math.abs(x) < 3.92)) return Number.isNaN(x) ? x : Math.sign(x);
  const q = x * x;
  return Math.max(-1, Math.min(1, (x * polynomial(ERF_ABOVE, q)) / polynomial(ERF_BELOW, q)));
}

/** 1 − erf of a number from 0 up. */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x);
  return t * Math.exp(-x * x + polynomial(ERFC, t));
}

function gelu(x: number): number {
  if (x < -14) return 0;
  const tail = 0.5 * erfc(Math.abs(x) * Math.SQRT1_2);
  return x * (x > 0 ? 1 - tail : tail);
}

function silu(x: number): number {
  return x === Number.NEGATIVE_INFINITY ? 0 : x / (1 + Math.exp(-x));
}

/** To the nearest whole number, halves to the even one. */
function round(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5 || (rest === 0.5 && down % 2 === 0)) return down;
  return down === -1 ? -0 : down + 1;
}

/** NumPy's: 1 to any power is 1, and −1 to infinities. */
function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return a ** b;
}

function mod(a: number, b: number): number {
  if (!(Math.abs(b) >= NORMAL)) return Number.NaN;
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** NumPy's: of a quotient that rounds up to a whole number, one less. */
function floorDiv(a: number, b: number): number {
  if (Math.abs(a) === Number.POSITIVE_INFINITY) return Number.NaN;
  const quotient = Math.fround(a / b);
  const down = Math.floor(quotient);
  if (down !== quotient || !(Math.abs(b) >= NORMAL) || Math.abs(down) > 2 ** 24) return down;
  const rest = Math.abs(mod(a, b));
  return rest > Math.abs(b) / 2 || rest === Number.POSITIVE_INFINITY ? down - 1 : down;
}

function floorDivI32(a: number, b: number): number {
  return b === 0 ? 0 : Math.floor(a / b) | 0;
}

function floorDivU32(a: number, b: number): number {
  return b === 0 ? 0 : Math.floor(a / b);
}

function modI32(a: number, b: number): number {
  return b === 0 ? 0 : mod(a, b) | 0;
}

function modU32(a: number, b: number): number {
  return b === 0 ? 0 : a % b;
}

function powerI32(a: number, b: number): number {
  if (b < 0) return a === 1 ? 1 : a === -1 ? ((b & 1) === 0 ? 1 : -1) : 0;
  return powerU32(a, b) | 0;
}

function powerU32(a: number, b: number): number {
  let [found, base] = [1, a];
  for (let left = b; left !== 0; left >>>= 1) {
    if ((left & 1) !== 0) found = Math.imul(found, base);
    base = Math.imul(base, base);
  }
  return found >>> 0;
}

/** Towards zero and within the type's bounds; NaN is 0. */
const toI32 = (x: number): number =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, x))) | 0;
const toU32 = (x: number): number =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.max(0, Math.min(2 ** 32 - 1, x)));
const clamp = (x: number, low: number, high: number): number => Math.max(low, Math.min(high, x));

export const FUNCTIONS = {
  fround: Math.fround,
  erf,
  gelu,
  silu,
  round,
  power,
  mod,
  floorDiv,
  floorDivI32,
  floorDivU32,
  modI32,
  modU32,
  powerI32,
  powerU32,
  toI32,
  toU32,
  clamp,
};
