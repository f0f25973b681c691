// Functions in WGSL that kernels of tensors call. Each names those that it calls itself. NaN is told by its
// bits, because compilers may fold x != x; and NaN and infinity are made at run time, because WGSL's constants
// can't be either.
import { ARITHMETIC, type Helper } from "./arithmetic.ts";
import { NORMAL } from "./normal.ts";

const HELPERS: Readonly<Record<string, Helper>> = {
  ...ARITHMETIC,
  is_nan: {
    code: "fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
  },
  nan: { code: "fn nan() -> f32 { var bits = 0x7fc00000u; return bitcast<f32>(bits); }" },
  inf: { code: "fn inf() -> f32 { var bits = 0x7f800000u; return bitcast<f32>(bits); }" },
  // Half precision by integers: packing functions of WGSL leave infinity, NaN and overflow open.
  half_to_f32: {
    code: `fn half_to_f32(h: u32) -> f32 {
  let sign = (h & 0x8000u) << 16u;
  let rest = h & 0x7fffu;
  if (rest >= 0x7c00u) { return bitcast<f32>(sign | 0x7f800000u | ((rest & 0x3ffu) << 13u)); }
  if (rest < 0x400u) { return bitcast<f32>(sign | bitcast<u32>(f32(rest) * 5.9604644775390625e-8)); }
  return bitcast<f32>(sign | ((rest << 13u) + 0x38000000u));
}`,
  },
  f32_to_half: {
    code: `fn f32_to_half(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) { return sign | 0x7e00u; }
  if (rest >= 0x477ff000u) { return sign | 0x7c00u; }
  if (rest >= 0x38800000u) { return sign | ((rest - 0x38000000u + 0xfffu + ((rest >> 13u) & 1u)) >> 13u); }
  let shift = min(126u - min(rest >> 23u, 126u), 31u);
  let mantissa = (rest & 0x7fffffu) | 0x800000u;
  if (shift > 24u) { return sign; }
  let half = 1u << (shift - 1u);
  return sign | ((mantissa + half - 1u + ((mantissa >> shift) & 1u)) >> shift);
}`,
  },
  // Casts: towards zero, held within the type's bounds, NaN to 0.
  f32_to_i32: {
    needs: ["is_nan"],
    code: `fn f32_to_i32(x: f32) -> i32 {
  if (is_nan(x)) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  if (x < -2147483648.0) { return -2147483647 - 1; }
  return i32(x);
}`,
  },
  f32_to_u32: {
    needs: ["is_nan"],
    code: `fn f32_to_u32(x: f32) -> u32 {
  if (is_nan(x) || x <= 0.0) { return 0u; }
  if (x >= 4294967296.0) { return 0xffffffffu; }
  return u32(x);
}`,
  },
  least: {
    needs: ["is_nan"],
    code: "fn least(a: f32, b: f32) -> f32 { return select(b, a, is_nan(a) || (!is_nan(b) && a < b)); }",
  },
  greatest: {
    needs: ["is_nan"],
    code: "fn greatest(a: f32, b: f32) -> f32 { return select(b, a, is_nan(a) || (!is_nan(b) && a > b)); }",
  },
  // What adapters offer is off by 2⁻²¹ near 1, where the logarithm itself is small.
  log_f32: {
    needs: ["log_near_1"],
    code: "fn log_f32(x: f32) -> f32 { return select(log(x), log_near_1(x - 1.0), abs(x - 1.0) <= 0.3); }",
  },
  log2_f32: {
    needs: ["log_near_1"],
    code: "fn log2_f32(x: f32) -> f32 { return select(log2(x), 1.44269504 * log_near_1(x - 1.0), abs(x - 1.0) <= 0.3); }",
  },
  log_near_1: {
    code: `fn log_near_1(d: f32) -> f32 {
  let s = d / (2.0 + d);
  let q = s * s;
  return 2.0 * s * (1.0 + q * (0.33333334 + q * (0.2 + q * (0.14285715 + q * 0.11111111))));
}`,
  },
  // Of two zeros by their signs, as IEEE 754 has it; WGSL leaves that open.
  angle_f32: {
    code: `fn angle_f32(y: f32, x: f32) -> f32 {
  let none = ((bitcast<u32>(x) | bitcast<u32>(y)) & 0x7fffffffu) < 0x00800000u;
  let flat = select(0.0, 3.14159265, (bitcast<u32>(x) >> 31u) == 1u);
  return select(atan2(y, x), select(flat, -flat, (bitcast<u32>(y) >> 31u) == 1u), none);
}`,
  },
  // By ln 2 in two parts and a polynomial (Cephes, expf): what adapters offer is right to 1e-5 only.
  exp_f32: {
    needs: ["is_nan", "inf"],
    code: `fn exp_f32(x: f32) -> f32 {
  let c = select(clamp(x, -104.0, 89.0), 0.0, is_nan(x));
  let k = round(c * 1.44269504);
  let r = (c - k * 0.693359375) + k * 2.12194440e-4;
  let q = 8.3334519073e-3 + r * (1.3981999507e-3 + r * 1.9875691500e-4);
  let y = 1.0 + r + r * r * (0.50000001201 + r * (0.16666665459 + r * (4.1665795894e-2 + r * q)));
  let half = i32(k) / 2;
  let z = y * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((i32(k) - half + 127) << 23u);
  let held = select(select(z, inf(), x > 88.72284), 0.0, x < -103.98);
  return select(held, x, is_nan(x));
}`,
  },
  expm1_f32: {
    needs: ["exp_f32"],
    code: `fn expm1_f32(x: f32) -> f32 {
  let near = x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.008333334 + x * (0.0013888889 + x * 0.0001984127))))));
  return select(exp_f32(x) - 1.0, near, abs(x) <= 0.4);
}`,
  },
  log1p_f32: {
    needs: ["log_near_1"],
    code: "fn log1p_f32(x: f32) -> f32 { return select(log(1.0 + x), log_near_1(x), abs(x) <= 0.3); }",
  },
  // The series near 0, where powers would cancel.
  tanh_f32: {
    needs: ["exp_f32"],
    code: `fn tanh_f32(x: f32) -> f32 {
  let a = abs(x);
  let e = exp_f32(-2.0 * a);
  let far = (1.0 - e) / (1.0 + e);
  let q = x * x;
  let near = a * (1.0 + q * (-0.33333334 + q * (0.13333334 + q * (-0.053968254 + q * (0.021869488 - q * 0.008863236)))));
  let t = select(far, near, a <= 0.4);
  return select(t, -t, x < 0.0);
}`,
  },
  sinh_f32: {
    needs: ["exp_f32"],
    code: `fn sinh_f32(x: f32) -> f32 {
  let h = exp_f32(0.5 * abs(x));
  let far = sign(x) * ((0.5 * h) * h - 0.5 / h / h);
  let q = x * x;
  let near = x * (1.0 + q * (0.16666667 + q * (0.008333334 + q * (0.0001984127 + q * 2.7557319e-6))));
  return select(far, near, abs(x) <= 1.0);
}`,
  },
  cosh_f32: {
    needs: ["exp_f32"],
    code: "fn cosh_f32(x: f32) -> f32 { let h = exp_f32(0.5 * abs(x)); return (0.5 * h) * h + 0.5 / h / h; }",
  },
  asinh_f32: {
    needs: ["log1p_f32"],
    code: `fn asinh_f32(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1e9) { return sign(x) * (log(a) + 0.6931472); }
  return sign(x) * log1p_f32(a + a * a / (1.0 + sqrt(1.0 + a * a)));
}`,
  },
  acosh_f32: {
    needs: ["log1p_f32", "nan"],
    code: `fn acosh_f32(x: f32) -> f32 {
  if (!(x >= 1.0)) { return nan(); }
  if (x > 1e9) { return log(x) + 0.6931472; }
  let t = x - 1.0;
  return log1p_f32(t + sqrt(2.0 * t + t * t));
}`,
  },
  atanh_f32: {
    needs: ["log1p_f32", "nan", "inf"],
    code: `fn atanh_f32(x: f32) -> f32 {
  if (!(abs(x) <= 1.0)) { return nan(); }
  if (abs(x) == 1.0) { return x * inf(); }
  return sign(x) * 0.5 * log1p_f32(2.0 * abs(x) / (1.0 - abs(x)));
}`,
  },
  arc_sine: {
    needs: ["nan"],
    code: "fn arc_sine(x: f32) -> f32 { if (!(abs(x) <= 1.0)) { return nan(); } return atan2(x, sqrt((1.0 - x) * (1.0 + x))); }",
  },
  arc_cosine: {
    needs: ["nan"],
    code: "fn arc_cosine(x: f32) -> f32 { if (!(abs(x) <= 1.0)) { return nan(); } return atan2(sqrt((1.0 - x) * (1.0 + x)), x); }",
  },
  // The series where it converges quickly, else a Chebyshev fit of the complement (Numerical Recipes, erfcc), right to 1.2e-7.
  erf_f32: {
    needs: ["is_nan", "exp_f32"],
    code: `fn erf_f32(x: f32) -> f32 {
  let a = abs(x);
  let q = x * x;
  let near = 1.1283791671 * x * (1.0 - q * (0.33333333 - q * (0.1 - q * (0.023809524 - q * (0.0046296296 - q * 0.00075757576)))));
  let z = min(a, 10.0);
  let t = 1.0 / (1.0 + 0.5 * z);
  let s = 0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)));
  let r = 1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * s)));
  let c = t * exp_f32(-z * z - 1.26551223 + t * r);
  let far = select(1.0 - c, c - 1.0, x < 0.0);
  return select(select(far, near, a < 0.5), x, is_nan(x));
}`,
  },
  softplus_f32: {
    needs: ["log1p_f32", "greatest", "exp_f32"],
    code: "fn softplus_f32(x: f32) -> f32 { return greatest(x, 0.0) + log1p_f32(exp_f32(-abs(x))); }",
  },
  mul_high: {
    code: `fn mul_high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}`,
  },
  normal_of: { needs: ["mul_high"], code: NORMAL },
  // Threefry-2x32 with 20 rounds: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011).
  threefry: {
    code: `fn threefry(key: vec2u, counter: vec2u) -> vec2u {
  var ks = array<u32, 3>(key.x, key.y, 0x1bd11bdau ^ key.x ^ key.y);
  var turns = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var x = counter + key;
  for (var round = 0u; round < 5u; round++) {
    for (var k = 0u; k < 4u; k++) {
      let turn = turns[(round & 1u) * 4u + k];
      x.x += x.y;
      x.y = ((x.y << turn) | (x.y >> (32u - turn))) ^ x.x;
    }
    x.x += ks[(round + 1u) % 3u];
    x.y += ks[(round + 2u) % 3u] + round + 1u;
  }
  return x;
}`,
  },
};

/** The text of these helpers and of all that they call, each once and before its use. */
export function helperText(names: Iterable<string>): string {
  const done = new Set<string>();
  const lines: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const helper = HELPERS[name]!;
    helper.needs?.forEach(add);
    lines.push(helper.code);
  };
  for (const name of names) add(name);
  return lines.join("\n");
}
