// Conversions to and from IEEE doubles held as vec2u (low, high), by integer arithmetic, correctly
// rounded (to nearest, ties to even). They are exact on every adapter: no f32 operation is involved
// whose rounding WGSL leaves open.
import type { Helper } from "./helper.ts";

export const SOFT_FLOAT: Record<string, Helper> = {
  u64_shl: {
    code: `fn u64_shl(a: vec2u, n: u32) -> vec2u {
  if (n == 0u) { return a; }
  if (n >= 32u) { return vec2u(0u, a.x << (n - 32u)); }
  return vec2u(a.x << n, (a.y << n) | (a.x >> (32u - n)));
}`,
  },
  u64_clz: {
    code: `fn u64_clz(a: vec2u) -> u32 {
  return select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u);
}`,
  },
  // sign: 0 or 0x80000000; the value is m, an unsigned 64-bit integer.
  u64_to_f64: {
    needs: ["u64_shl", "u64_shr", "u64_clz", "u64_add"],
    code: `fn u64_to_f64(m: vec2u, sign: u32) -> vec2u {
  if (all(m == vec2u(0u, 0u))) { return vec2u(0u, sign); }
  let zeros = u64_clz(m);
  let top = u64_shl(m, zeros);
  var bits = u64_shr(top, 11u);
  let rest = top.x & 0x7ffu;
  bits.y = (bits.y & 0xfffffu) | ((1086u - zeros) << 20u);
  if (rest > 0x400u || (rest == 0x400u && (bits.x & 1u) == 1u)) { bits = u64_add(bits, vec2u(1u, 0u)); }
  return vec2u(bits.x, bits.y | sign);
}`,
  },
  i64_to_f64: {
    needs: ["u64_to_f64", "i64_abs"],
    code: `fn i64_to_f64(a: vec2u) -> vec2u { return u64_to_f64(i64_abs(a), a.y & 0x80000000u); }`,
  },
  u64_to_f32: {
    needs: ["u64_shl", "u64_clz"],
    code: `fn u64_to_f32(m: vec2u, sign: u32) -> f32 {
  if (all(m == vec2u(0u, 0u))) { return bitcast<f32>(sign); }
  let zeros = u64_clz(m);
  let top = u64_shl(m, zeros);
  let sticky = select(0u, 1u, top.x != 0u);
  var bits = ((top.y >> 8u) & 0x7fffffu) | ((190u - zeros) << 23u);
  let half = ((top.y & 0xffu) << 1u) | sticky;
  if (half > 0x100u || (half == 0x100u && (bits & 1u) == 1u)) { bits += 1u; }
  return bitcast<f32>(bits | sign);
}`,
  },
  i64_to_f32: {
    needs: ["u64_to_f32", "i64_abs"],
    code: `fn i64_to_f32(a: vec2u) -> f32 { return u64_to_f32(i64_abs(a), a.y & 0x80000000u); }`,
  },
  f32_to_f64: {
    code: `fn f32_to_f64(a: f32) -> vec2u {
  let bits = bitcast<u32>(a);
  let sign = bits & 0x80000000u;
  var exponent = (bits >> 23u) & 0xffu;
  var fraction = bits & 0x7fffffu;
  if (exponent == 0xffu) { return vec2u(fraction << 29u, sign | 0x7ff00000u | (fraction >> 3u)); }
  if (exponent == 0u) {
    if (fraction == 0u) { return vec2u(0u, sign); }
    let shift = countLeadingZeros(fraction) - 8u;
    fraction = (fraction << shift) & 0x7fffffu;
    return vec2u(fraction << 29u, sign | ((897u - shift) << 20u) | (fraction >> 3u));
  }
  return vec2u(fraction << 29u, sign | ((exponent + 896u) << 20u) | (fraction >> 3u));
}`,
  },
  f64_to_f32: {
    needs: ["u64_shr", "f32_raw"],
    code: `fn f64_to_f32(a: vec2u) -> f32 {
  let sign = a.y & 0x80000000u;
  let exponent = i32((a.y >> 20u) & 0x7ffu);
  let fraction = vec2u(a.x, a.y & 0xfffffu);
  if (exponent == 0x7ff) {
    let nan = any(fraction != vec2u(0u, 0u));
    return f32_raw(sign | 0x7f800000u | select(0u, 0x400000u | (fraction.y << 3u) | (fraction.x >> 29u), nan));
  }
  if (exponent < 872) { return f32_raw(sign); }
  let whole = vec2u(fraction.x, fraction.y | 0x100000u);
  let drop = select(29u, u32(926 - exponent), exponent < 897);
  let kept = u64_shr(whole, drop).x;
  let biased = select((u32(exponent) - 896u) << 23u, 0u, exponent < 897);
  var bits = select((kept & 0x7fffffu) | biased, kept, exponent < 897);
  let below = u64_shr(whole, drop - 1u).x & 1u;
  let mask = drop - 1u;
  let low = select(whole.x & ((1u << (mask & 31u)) - 1u), whole.x, mask >= 32u);
  let high = select(0u, whole.y & ((1u << ((mask - 32u) & 31u)) - 1u), mask > 32u);
  if (below == 1u && ((low | high) != 0u || (bits & 1u) == 1u)) { bits += 1u; }
  if (exponent > 1150 || bits >= 0x7f800000u) { return f32_raw(sign | 0x7f800000u); }
  return f32_raw(sign | bits);
}`,
  },
  // Bits of a half; by integers, because WGSL may flush subnormals and leaves pack2x16float's rounding open.
  f64_to_f16: {
    needs: ["u64_shr", "u64_shl"],
    code: `fn f64_to_f16(a: vec2u) -> u32 {
  let sign = (a.y >> 16u) & 0x8000u;
  let exponent = i32((a.y >> 20u) & 0x7ffu);
  let fraction = vec2u(a.x, a.y & 0xfffffu);
  if (exponent == 0x7ff) { return sign | select(0x7c00u, 0x7e00u, any(fraction != vec2u(0u, 0u))); }
  if (exponent < 998) { return sign; }
  let whole = vec2u(fraction.x, fraction.y | 0x100000u);
  let drop = select(42u, u32(1051 - exponent), exponent < 1009);
  let kept = u64_shr(whole, drop).x;
  var bits = select((kept & 0x3ffu) | ((u32(exponent) - 1008u) << 10u), kept, exponent < 1009);
  let rest = u64_shl(whole, 64u - drop);
  if (rest.y > 0x80000000u || (rest.y == 0x80000000u && (rest.x != 0u || (bits & 1u) == 1u))) { bits += 1u; }
  return sign | select(bits, 0x7c00u, exponent > 1038 || bits >= 0x7c00u);
}`,
  },
  f16_to_f32: {
    needs: ["f32_raw"],
    code: `fn f16_to_f32(a: u32) -> f32 {
  let sign = (a & 0x8000u) << 16u;
  let exponent = (a >> 10u) & 0x1fu;
  let fraction = a & 0x3ffu;
  if (exponent == 0x1fu) { return f32_raw(sign | 0x7f800000u | (fraction << 13u)); }
  if (exponent != 0u) { return f32_raw(sign | ((exponent + 112u) << 23u) | (fraction << 13u)); }
  if (fraction == 0u) { return f32_raw(sign); }
  let shift = countLeadingZeros(fraction) - 21u;
  return f32_raw(sign | ((113u - shift) << 23u) | (((fraction << shift) & 0x3ffu) << 13u));
}`,
  },
  // The bits of a half that is exact.
  f32_to_f16: {
    needs: ["f64_to_f16", "f32_to_f64"],
    code: `fn f32_to_f16(a: f32) -> u32 { return f64_to_f16(f32_to_f64(a)); }`,
  },
  // The magnitude cut to an integer, valid when f64_fits_u64.
  f64_magnitude: {
    needs: ["u64_shl", "u64_shr"],
    code: `fn f64_magnitude(a: vec2u) -> vec2u {
  let exponent = i32((a.y >> 20u) & 0x7ffu) - 1075;
  let whole = vec2u(a.x, (a.y & 0xfffffu) | 0x100000u);
  if (exponent < -52) { return vec2u(0u, 0u); }
  if (exponent < 0) { return u64_shr(whole, u32(-exponent)); }
  return u64_shl(whole, u32(min(exponent, 11)));
}`,
  },
  // |a| cut to an integer is below 2^64 (NaN and infinities are not).
  f64_fits_u64: {
    code: `fn f64_fits_u64(a: vec2u) -> bool { return ((a.y >> 20u) & 0x7ffu) < 1087u; }`,
  },
};
