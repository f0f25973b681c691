// Mathematical functions in WGSL: what adapters offer is right to 1e-4 or 1e-5 only. Each brings its argument into a
// short range, where a polynomial or a quotient of two is right to 2e-7 (fitted for the least relative error).
import type { Helper } from "./arithmetic.ts";

export const FUNCTIONS: Readonly<Record<string, Helper>> = {
  // y·2ᵏ for a whole k from −150 to 129, by two powers, because one would not reach. Added to 1.5·2²³, a whole number
  // stands in the lowest bits.
  times_power_of_2: {
    code: `fn times_power_of_2(y: f32, k: f32) -> f32 {
  let n = bitcast<i32>(k + 12582912.0) - 0x4b400000;
  let half = n >> 1u;
  return y * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((n - half + 127) << 23u);
}`,
  },
  // By ln 2 in two parts and a polynomial (Cephes, expf).
  exp_f32: {
    needs: ["is_nan", "times_power_of_2"],
    code: `fn exp_f32(x: f32) -> f32 {
  let c = clamp(x, -104.0, 89.0);
  let k = round(c * 1.44269504);
  let r = (c - k * 0.693359375) + k * 2.12194440e-4;
  let q = 8.3334519073e-3 + r * (1.3981999507e-3 + r * 1.9875691500e-4);
  let y = 1.0 + r + r * r * (0.50000001201 + r * (0.16666665459 + r * (4.1665795894e-2 + r * q)));
  return select(times_power_of_2(y, k), x, is_nan(x));
}`,
  },
  // The same without its 1, of which half is taken off the power: halves, because 2¹²⁸ is no f32.
  expm1_f32: {
    needs: ["is_nan_or_zero"],
    code: `fn expm1_f32(x: f32) -> f32 {
  let c = clamp(x, -30.0, 89.0);
  let k = round(c * 1.44269504);
  let r = (c - k * 0.693359375) + k * 2.12194440e-4;
  let q = 8.3334519073e-3 + r * (1.3981999507e-3 + r * 1.9875691500e-4);
  let y = r + r * r * (0.50000001201 + r * (0.16666665459 + r * (4.1665795894e-2 + r * q)));
  let power = bitcast<f32>((bitcast<i32>(k + 12582912.0) - 0x4b400000 + 126) << 23u);
  return select(2.0 * ((power - 0.5) + power * y), x, is_nan_or_zero(x));
}`,
  },
  exp2_f32: {
    needs: ["is_nan", "exp2_held"],
    code: "fn exp2_f32(x: f32) -> f32 { return select(exp2_held(x), x, is_nan(x)); }",
  },
  exp2_held: {
    needs: ["times_power_of_2"],
    code: `fn exp2_held(x: f32) -> f32 {
  let c = clamp(x, -150.0, 129.0);
  let k = round(c);
  let r = c - k;
  let q = 0.05550332367 + r * (0.00961843692 + r * (0.0013398875 + r * 0.000153533605));
  return times_power_of_2(1.0 + r * (0.69314718 + r * (0.240226477 + r * q)), k);
}`,
  },
  // x = 2ᵏ·m with m from √½ to √2: k, and the natural logarithm of m. For ordinary numbers above 0.
  log_parts: {
    code: `fn log_parts(x: f32) -> vec2f {
  let bits = bitcast<i32>(x);
  let k = (bits - 0x3f3504f3) >> 23u;
  let d = bitcast<f32>(bits - (k << 23u)) - 1.0;
  let s = d / (2.0 + d);
  let q = s * s;
  return vec2f(f32(k), s * (2.0 + q * (0.66666776 + q * (0.39977553 + q * 0.29871523))));
}`,
  },
  // Of 0 (and of subnormals), negative numbers, infinity and NaN.
  log_edge: {
    needs: ["nan", "inf"],
    code: `fn log_edge(found: f32, x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits - 0x00800000u < 0x7f000000u) { return found; }
  let negative = select(x, nan(), bits >> 31u == 1u);
  return select(negative, -inf(), (bits & 0x7fffffffu) < 0x00800000u);
}`,
  },
  log_f32: {
    needs: ["log_parts", "log_edge"],
    code: `fn log_f32(x: f32) -> f32 {
  let parts = log_parts(x);
  return log_edge(parts.x * 0.69314718 + parts.y, x);
}`,
  },
  log2_f32: {
    needs: ["log_parts", "log_edge"],
    code: `fn log2_f32(x: f32) -> f32 {
  let parts = log_parts(x);
  return log_edge(parts.x + 1.44269504 * parts.y, x);
}`,
  },
  log_near_1: {
    code: `fn log_near_1(d: f32) -> f32 {
  let s = d / (2.0 + d);
  let q = s * s;
  return s * (2.0 + q * (0.6666642 + q * (0.40021527 + q * (0.28001803 + q * 0.28011993))));
}`,
  },
  log1p_f32: {
    needs: ["log_near_1", "log_f32"],
    code: "fn log1p_f32(x: f32) -> f32 { return select(log_f32(1.0 + x), log_near_1(x), abs(x) <= 0.3); }",
  },
  tanh_f32: {
    needs: ["is_nan", "expm1_f32"],
    code: `fn tanh_f32(x: f32) -> f32 {
  let e = expm1_f32(min(2.0 * x, 40.0));
  return select(e / (e + 2.0), x, is_nan(x));
}`,
  },
  // The hyperbolic sine and cosine of a number from 0 up, of even and odd parts of the exponential of what is left beside
  // k·ln 2: nothing cancels near 0. s and t are 2ᵏ and 2⁻ᵏ, divided by 4, because 2¹²⁹ is no f32.
  hyperbolic: {
    code: `fn hyperbolic(x: f32) -> vec2f {
  let c = min(x, 89.42);
  let k = round(c * 1.44269504);
  let r = (c - k * 0.693359375) + k * 2.12194440e-4;
  let q = r * r;
  let even = 1.0 + q * (0.5 + q * (4.1666668e-2 + q * 1.3888889e-3));
  let odd = r * (1.0 + q * (0.16666667 + q * (8.333334e-3 + q * 1.984127e-4)));
  let n = bitcast<i32>(k + 12582912.0) - 0x4b400000;
  let s = bitcast<f32>((n + 125) << 23u);
  let t = bitcast<f32>(max(125 - n, 0) << 23u);
  return 2.0 * vec2f(even * (s - t) + odd * (s + t), even * (s + t) + odd * (s - t));
}`,
  },
  sinh_f32: {
    needs: ["hyperbolic", "is_nan", "with_sign"],
    code: "fn sinh_f32(x: f32) -> f32 { return select(with_sign(hyperbolic(abs(x)).x, x), x, is_nan(x)); }",
  },
  cosh_f32: {
    needs: ["hyperbolic", "is_nan"],
    code: "fn cosh_f32(x: f32) -> f32 { return select(hyperbolic(abs(x)).y, x, is_nan(x)); }",
  },
  asinh_f32: {
    needs: ["log1p_f32", "with_sign"],
    code: `fn asinh_f32(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1e9) { return with_sign(log_f32(a) + 0.6931472, x); }
  return with_sign(log1p_f32(a + a * a / (1.0 + sqrt(1.0 + a * a))), x);
}`,
  },
  acosh_f32: {
    needs: ["log1p_f32", "nan"],
    code: `fn acosh_f32(x: f32) -> f32 {
  if (!(x >= 1.0)) { return nan(); }
  if (x > 1e9) { return log_f32(x) + 0.6931472; }
  let t = x - 1.0;
  return log1p_f32(t + sqrt(2.0 * t + t * t));
}`,
  },
  atanh_f32: {
    needs: ["log1p_f32", "nan", "inf", "with_sign"],
    code: `fn atanh_f32(x: f32) -> f32 {
  if (!(abs(x) <= 1.0)) { return nan(); }
  if (abs(x) == 1.0) { return x * inf(); }
  return with_sign(0.5 * log1p_f32(2.0 * abs(x) / (1.0 - abs(x))), x);
}`,
  },
  // The inverse tangent of a number from 0 to 1.
  atan_of_1: {
    code: `fn atan_of_1(t: f32) -> f32 {
  let q = t * t;
  let high = 0.09968448 + q * (-0.06020277 + q * (0.024733798 + q * -0.004822458));
  return t + (t * q) * (-0.33332393 + q * (0.19974212 + q * (-0.1404132 + q * high)));
}`,
  },
  atan_f32: {
    needs: ["is_nan", "atan_of_1"],
    code: `fn atan_f32(x: f32) -> f32 {
  let size = abs(x);
  let near = atan_of_1(min(size, 1.0 / size));
  let found = select(near, 1.57079633 - near, size > 1.0);
  return select(select(found, -found, bitcast<i32>(x) < 0), x, is_nan(x));
}`,
  },
  // Of two zeros, and of two infinities, by their signs, as IEEE 754 has it; WGSL leaves that open.
  angle_f32: {
    needs: ["angle_edge", "atan_of_1", "with_sign"],
    code: `fn angle_f32(y: f32, x: f32) -> f32 {
  let across = bitcast<u32>(x) & 0x7fffffffu;
  let along = bitcast<u32>(y) & 0x7fffffffu;
  let least = min(across, along);
  let most = max(across, along);
  var part = bitcast<f32>(least) / bitcast<f32>(most);
  if (least < 0x00800000u || most >= 0x7f800000u) { part = angle_edge(part, least, most); }
  let near = atan_of_1(part);
  let quarter = select(near, 1.57079633 - near, along > across);
  return with_sign(select(quarter, 3.14159265 - quarter, bitcast<i32>(x) < 0), y);
}`,
  },
  angle_edge: {
    code: `fn angle_edge(part: f32, least: u32, most: u32) -> f32 {
  let found = select(select(part, 0.0, least < 0x00800000u), 1.0, least == 0x7f800000u);
  return select(found, bitcast<f32>(most), most > 0x7f800000u);
}`,
  },
  arc_sine: {
    needs: ["nan", "angle_f32"],
    code: "fn arc_sine(x: f32) -> f32 { return select(nan(), angle_f32(x, sqrt((1.0 - x) * (1.0 + x))), abs(x) <= 1.0); }",
  },
  arc_cosine: {
    needs: ["nan", "angle_f32"],
    code: "fn arc_cosine(x: f32) -> f32 { return select(nan(), angle_f32(sqrt((1.0 - x) * (1.0 + x)), x), abs(x) <= 1.0); }",
  },
  // x times a quotient of two polynomials in x²; from 3.92 on it rounds to 1.
  erf_f32: {
    needs: ["is_nan"],
    code: `fn erf_f32(x: f32) -> f32 {
  let c = clamp(x, -3.92, 3.92);
  let q = c * c;
  let above = 1.1283789 + q * (0.31516269 + q * (0.06762574 + q * (0.008606358 + q * 0.0003067762)));
  let below = 1.0 + q * (0.6126303 + q * (0.16418532 + q * (0.024817651 + q * (0.0021686833 + q * 1.7877432e-5))));
  let held = select(clamp(c * (above / below), -1.0, 1.0), sign(x), abs(x) >= 3.92);
  return select(held, x, is_nan(x));
}`,
  },
  // 1 − erf of a number from 0 up: a Chebyshev fit (Numerical Recipes, erfcc), right to 1.2e-7 relative.
  erfc_f32: {
    needs: ["exp_f32"],
    code: `fn erfc_f32(x: f32) -> f32 {
  let z = min(x, 10.0);
  let t = 1.0 / (1.0 + 0.5 * z);
  let s = 0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)));
  let r = 1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * s)));
  return t * exp_f32(-z * z - 1.26551223 + t * r);
}`,
  },
  // x·Φ(x): below 0 by the complement, where 1 + erf would cancel.
  gelu_f32: {
    needs: ["is_nan", "erfc_f32"],
    code: `fn gelu_f32(x: f32) -> f32 {
  let tail = 0.5 * erfc_f32(abs(x) * 0.70710678);
  let found = x * select(tail, 1.0 - tail, x > 0.0);
  return select(select(found, 0.0, x < -14.0), x, is_nan(x));
}`,
  },
  // Far below 0 by the root of the power, which itself would be too large.
  silu_f32: {
    needs: ["exp_f32"],
    code: `fn silu_f32(x: f32) -> f32 {
  var found = x / (1.0 + exp_f32(-x));
  if (x < -80.0) {
    let root = exp_f32(0.5 * max(x, -200.0));
    found = max(x, -200.0) * root * root;
  }
  return found;
}`,
  },
  softplus_f32: {
    needs: ["log_near_1", "greatest", "exp_f32"],
    code: "fn softplus_f32(x: f32) -> f32 { return greatest(x, 0.0) + log_near_1(exp_f32(-abs(x))); }",
  },
};
