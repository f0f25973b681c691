// IEEE double arithmetic on vec2u (low, high) by integers: add, multiply, divide, square root and rounding
// to whole numbers, correctly rounded (to nearest, ties to even), subnormals included. The method is
// Berkeley SoftFloat's: significands carry three bits below the last, the lowest of them "sticky" (set
// when anything below it was), and one function rounds and packs. NaN results are the one quiet NaN.
import type { Helper } from "./helper.ts";

export const SOFT_ARITHMETIC: Record<string, Helper> = {
  // Shifts right; the last bit says whether a 1 was lost.
  u64_shr_sticky: {
    needs: ["u64_shr", "u64_shl"],
    code: `fn u64_shr_sticky(a: vec2u, n: u32) -> vec2u {
  if (n == 0u) { return a; }
  if (n >= 64u) { return vec2u(select(0u, 1u, any(a != vec2u(0u, 0u))), 0u); }
  let kept = u64_shr(a, n);
  let lost = any(u64_shl(kept, n) != a);
  return vec2u(kept.x | select(0u, 1u, lost), kept.y);
}`,
  },
  // m has its leading 1 at bit 55, or below it where the exponent is 1 (subnormal).
  f64_pack: {
    needs: ["u64_shr", "u64_add"],
    code: `fn f64_pack(sign: u32, exponent: i32, m: vec2u) -> vec2u {
  if (exponent >= 0x7ff) { return vec2u(0u, sign | 0x7ff00000u); }
  let rest = m.x & 7u;
  var bits = u64_shr(m, 3u);
  if (rest > 4u || (rest == 4u && (bits.x & 1u) == 1u)) { bits = u64_add(bits, vec2u(1u, 0u)); }
  let high = (u32(exponent - 1) << 20u) + bits.y;
  if (high >= 0x7ff00000u) { return vec2u(0u, sign | 0x7ff00000u); }
  return vec2u(bits.x, sign | high);
}`,
  },
  f64_exponent: {
    code: `fn f64_exponent(a: vec2u) -> i32 { return i32((a.y >> 20u) & 0x7ffu); }`,
  },
  f64_significand: {
    code: `fn f64_significand(a: vec2u) -> vec2u {
  return vec2u(a.x, (a.y & 0xfffffu) | select(0u, 0x100000u, (a.y & 0x7ff00000u) != 0u));
}`,
  },
  f64_add: {
    needs: [
      "f64_nan",
      "f64_pack",
      "f64_exponent",
      "f64_significand",
      "u64_shr_sticky",
      "u64_shl",
      "u64_add",
      "u64_sub",
      "u64_lt",
      "u64_clz",
    ],
    code: `fn f64_add(a: vec2u, b: vec2u) -> vec2u {
  if (f64_nan(a) || f64_nan(b)) { return vec2u(0u, 0x7ff80000u); }
  let swap = u64_lt(vec2u(a.x, a.y & 0x7fffffffu), vec2u(b.x, b.y & 0x7fffffffu));
  let x = select(a, b, swap);
  let y = select(b, a, swap);
  let sign = x.y & 0x80000000u;
  let same = ((x.y ^ y.y) >> 31u) == 0u;
  if (f64_exponent(x) == 0x7ff) {
    if (f64_exponent(y) == 0x7ff && !same) { return vec2u(0u, 0x7ff80000u); }
    return x;
  }
  var exponent = max(f64_exponent(x), 1);
  let apart = u32(exponent - max(f64_exponent(y), 1));
  let mx = u64_shl(f64_significand(x), 3u);
  let my = u64_shr_sticky(u64_shl(f64_significand(y), 3u), apart);
  if (same) {
    var sum = u64_add(mx, my);
    if ((sum.y >> 24u) != 0u) { sum = u64_shr_sticky(sum, 1u); exponent++; }
    return f64_pack(sign, exponent, sum);
  }
  let difference = u64_sub(mx, my);
  if (all(difference == vec2u(0u, 0u))) { return vec2u(0u, 0u); }
  let up = min(i32(u64_clz(difference)) - 8, exponent - 1);
  return f64_pack(sign, exponent - up, u64_shl(difference, u32(up)));
}`,
  },
  f64_sub: {
    needs: ["f64_add"],
    code: `fn f64_sub(a: vec2u, b: vec2u) -> vec2u { return f64_add(a, vec2u(b.x, b.y ^ 0x80000000u)); }`,
  },
  // Exponent and significand with its leading 1 at bit 63, of a finite number that is not 0.
  f64_normal: {
    needs: ["f64_exponent", "f64_significand", "u64_clz", "u64_shl"],
    code: `struct Normal { exponent: i32, m: vec2u }
fn f64_normal(a: vec2u) -> Normal {
  let m = f64_significand(a);
  let zeros = u64_clz(m);
  return Normal(max(f64_exponent(a), 1) + 11 - i32(zeros), u64_shl(m, zeros));
}`,
  },
  // Rounds m, whose leading 1 is at bit 63, with the exponent that it has then.
  f64_round_pack: {
    needs: ["f64_pack", "u64_shr_sticky"],
    code: `fn f64_round_pack(sign: u32, exponent: i32, m: vec2u) -> vec2u {
  let below = max(1 - exponent, 0);
  return f64_pack(sign, max(exponent, 1), u64_shr_sticky(m, 8u + u32(min(below, 64))));
}`,
  },
  f64_mul: {
    needs: ["f64_nan", "f64_normal", "f64_round_pack", "u32_product", "u64_add", "u64_shl"],
    code: `fn f64_mul(a: vec2u, b: vec2u) -> vec2u {
  let sign = (a.y ^ b.y) & 0x80000000u;
  let zero = ((a.y << 1u) | a.x) == 0u || ((b.y << 1u) | b.x) == 0u;
  let infinite = f64_exponent(a) == 0x7ff || f64_exponent(b) == 0x7ff;
  if (f64_nan(a) || f64_nan(b) || (zero && infinite)) { return vec2u(0u, 0x7ff80000u); }
  if (infinite) { return vec2u(0u, sign | 0x7ff00000u); }
  if (zero) { return vec2u(0u, sign); }
  let x = f64_normal(a);
  let y = f64_normal(b);
  let low = u32_product(x.m.x, y.m.x);
  let one = u32_product(x.m.x, y.m.y);
  let two = u32_product(x.m.y, y.m.x);
  let middle = u64_add(u64_add(vec2u(low.y, 0u), vec2u(one.x, 0u)), vec2u(two.x, 0u));
  var high = u64_add(u32_product(x.m.y, y.m.y), u64_add(vec2u(one.y, 0u), vec2u(two.y, 0u)));
  high = u64_add(high, vec2u(middle.y, 0u));
  let sticky = select(0u, 1u, (middle.x | low.x) != 0u);
  var exponent = x.exponent + y.exponent - 1022;
  if ((high.y >> 31u) == 0u) {
    high = u64_shl(high, 1u) | vec2u(middle.x >> 31u, 0u);
    exponent--;
  }
  return f64_round_pack(sign, exponent, high | vec2u(sticky, 0u));
}`,
  },
  f64_div: {
    needs: ["f64_nan", "f64_normal", "f64_round_pack", "u64_lt", "u64_sub", "u64_shr", "u64_shl"],
    code: `fn f64_div(a: vec2u, b: vec2u) -> vec2u {
  let sign = (a.y ^ b.y) & 0x80000000u;
  let zeroA = ((a.y << 1u) | a.x) == 0u;
  let zeroB = ((b.y << 1u) | b.x) == 0u;
  let infiniteA = f64_exponent(a) == 0x7ff;
  let infiniteB = f64_exponent(b) == 0x7ff;
  if (f64_nan(a) || f64_nan(b) || (zeroA && zeroB) || (infiniteA && infiniteB)) { return vec2u(0u, 0x7ff80000u); }
  if (infiniteA || zeroB) { return vec2u(0u, sign | 0x7ff00000u); }
  if (infiniteB || zeroA) { return vec2u(0u, sign); }
  let x = f64_normal(a);
  let y = f64_normal(b);
  let d = u64_shr(y.m, 2u);
  var r = u64_shr(x.m, 2u);
  var exponent = x.exponent - y.exponent + 1023;
  if (u64_lt(r, d)) { r = u64_shl(r, 1u); exponent--; }
  var q = vec2u(0u, 0u);
  for (var i = 0u; i < 56u; i++) {
    q = u64_shl(q, 1u);
    if (!u64_lt(r, d)) { r = u64_sub(r, d); q.x |= 1u; }
    r = u64_shl(r, 1u);
  }
  q.x |= select(0u, 1u, any(r != vec2u(0u, 0u)));
  return f64_round_pack(sign, exponent, u64_shl(q, 8u));
}`,
  },
  f64_sqrt: {
    needs: ["f64_nan", "f64_normal", "f64_round_pack", "u64_lt", "u64_sub", "u64_shr", "u64_shl"],
    code: `fn f64_sqrt(a: vec2u) -> vec2u {
  if (((a.y << 1u) | a.x) == 0u) { return a; }
  if (f64_nan(a) || (a.y >> 31u) == 1u) { return vec2u(0u, 0x7ff80000u); }
  if (f64_exponent(a) == 0x7ff) { return a; }
  let x = f64_normal(a);
  let odd = ((x.exponent - 1023) & 1) != 0;
  var m = u64_shr(x.m, select(1u, 0u, odd));
  var q = vec2u(0u, 0u);
  var r = vec2u(0u, 0u);
  for (var i = 0u; i < 56u; i++) {
    r = u64_shl(r, 2u) | vec2u(m.y >> 30u, 0u);
    m = u64_shl(m, 2u);
    let t = u64_shl(q, 2u) | vec2u(1u, 0u);
    q = u64_shl(q, 1u);
    if (!u64_lt(r, t)) { r = u64_sub(r, t); q.x |= 1u; }
  }
  q.x |= select(0u, 1u, any(r != vec2u(0u, 0u)));
  let exponent = ((x.exponent - 1023) >> 1u) + 1023;
  return f64_round_pack(0u, exponent, u64_shl(q, 8u));
}`,
  },
  // Adding and taking away 2^52 leaves no room for a fraction, and rounds halves to even.
  f64_round: {
    needs: ["f64_add", "f64_sub"],
    code: `fn f64_round(a: vec2u) -> vec2u {
  if (f64_exponent(a) >= 1075) { return a; }
  let sign = a.y & 0x80000000u;
  let shift = vec2u(0u, 0x43300000u | sign);
  let whole = f64_sub(f64_add(a, shift), shift);
  return vec2u(whole.x, whole.y | sign);
}`,
  },
  f64_floor: {
    needs: ["f64_round", "f64_lt"],
    code: `fn f64_floor(a: vec2u) -> vec2u {
  let whole = f64_round(a);
  if (!f64_lt(a, whole)) { return whole; }
  let less = f64_sub(whole, vec2u(0u, 0x3ff00000u));
  return vec2u(less.x, less.y | (a.y & 0x80000000u));
}`,
  },
  f64_ceil: {
    needs: ["f64_round", "f64_lt"],
    code: `fn f64_ceil(a: vec2u) -> vec2u {
  let whole = f64_round(a);
  if (!f64_lt(whole, a)) { return whole; }
  let more = f64_add(whole, vec2u(0u, 0x3ff00000u));
  return vec2u(more.x, more.y | (a.y & 0x80000000u));
}`,
  },
};
