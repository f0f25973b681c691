// WGSL functions for decimals: 128-bit integers of two's complement as vec4u, low word first.
import type { Helper } from "./helper.ts";

export const DECIMAL: Record<string, Helper> = {
  i128_add: {
    code: `fn i128_add(a: vec4u, b: vec4u) -> vec4u {
  var out = vec4u();
  var carry = 0u;
  for (var i = 0u; i < 4u; i++) {
    let sum = a[i] + b[i];
    out[i] = sum + carry;
    carry = select(0u, 1u, sum < a[i] || out[i] < sum);
  }
  return out;
}`,
  },
  i128_neg: {
    needs: ["i128_add"],
    code: "fn i128_neg(a: vec4u) -> vec4u { return i128_add(~a, vec4u(1u, 0u, 0u, 0u)); }",
  },
  i128_abs: {
    needs: ["i128_neg"],
    code: `fn i128_abs(a: vec4u) -> vec4u {
  if ((a.w >> 31u) == 0u) { return a; }
  return i128_neg(a);
}`,
  },
  u128_ge: {
    code: `fn u128_ge(a: vec4u, b: vec4u) -> bool {
  for (var i = 4u; i > 0u; i--) {
    if (a[i - 1u] != b[i - 1u]) { return a[i - 1u] > b[i - 1u]; }
  }
  return true;
}`,
  },
  // The product, and whether 127 bits hold its magnitude.
  i128_mul: {
    needs: ["i128_abs", "u32_product"],
    code: `struct Product { v: vec4u, ok: bool }
fn i128_mul(a: vec4u, b: vec4u) -> Product {
  let x = i128_abs(a);
  let y = i128_abs(b);
  var words = array<u32, 8>();
  for (var i = 0u; i < 4u; i++) {
    var carry = 0u;
    for (var j = 0u; j < 4u; j++) {
      let product = u32_product(x[i], y[j]);
      let low = product.x + words[i + j];
      let sum = low + carry;
      carry = product.y + select(0u, 1u, low < product.x) + select(0u, 1u, sum < low);
      words[i + j] = sum;
    }
    words[i + 4u] = carry;
  }
  let v = vec4u(words[0], words[1], words[2], words[3]);
  let ok = (words[4] | words[5] | words[6] | words[7] | (words[3] >> 31u)) == 0u;
  return Product(select(v, i128_neg(v), ((a.w ^ b.w) >> 31u) == 1u), ok);
}`,
  },
  // Divided by 10^tens, towards 0.
  i128_cut: {
    needs: ["i128_abs"],
    code: `fn i128_cut(a: vec4u, tens: u32) -> vec4u {
  var v = i128_abs(a);
  for (var left = tens; left > 0u; left -= min(left, 4u)) {
    var by = 1u;
    for (var k = 0u; k < min(left, 4u); k++) { by *= 10u; }
    var rest = 0u;
    for (var i = 4u; i > 0u; i--) {
      let high = (rest << 16u) | (v[i - 1u] >> 16u);
      let low = ((high % by) << 16u) | (v[i - 1u] & 0xffffu);
      v[i - 1u] = ((high / by) << 16u) | (low / by);
      rest = low % by;
    }
  }
  return select(v, i128_neg(v), (a.w >> 31u) == 1u);
}`,
  },
  u128_clz: {
    code: `fn u128_clz(a: vec4u) -> u32 {
  for (var i = 4u; i > 0u; i--) {
    if (a[i - 1u] != 0u) { return (4u - i) * 32u + countLeadingZeros(a[i - 1u]); }
  }
  return 128u;
}`,
  },
  u128_shl: {
    code: `fn u128_shl(a: vec4u, n: u32) -> vec4u {
  var out = vec4u();
  let words = n >> 5u;
  let bits = n & 31u;
  for (var i = words; i < 4u; i++) {
    out[i] = a[i - words] << bits;
    if (bits > 0u && i > words) { out[i] |= a[i - words - 1u] >> (32u - bits); }
  }
  return out;
}`,
  },
  // a ÷ divisor (a power of ten) as a double, rounded once: 64 bits of the quotient, the last of which says
  // whether there are more.
  i128_to_f64: {
    needs: ["i128_abs", "u128_clz", "u128_shl", "u128_ge", "i128_add", "i128_neg", "u64_to_f64"],
    code: `fn i128_to_f64(a: vec4u, divisor: vec4u) -> vec2u {
  if (all(a == vec4u())) { return vec2u(); }
  let magnitude = i128_abs(a);
  let zeros = u128_clz(magnitude);
  let shift = u128_clz(divisor);
  let by = u128_shl(divisor, shift);
  var rest = u128_shl(magnitude, zeros);
  var bits = vec2u();
  var exponent = i32(shift) - i32(zeros);
  var carry = false;
  var count = 0u;
  while (count < 64u) {
    let bit = carry || u128_ge(rest, by);
    if (bit) { rest = i128_add(rest, i128_neg(by)); }
    if (bit || count > 0u) {
      bits = vec2u((bits.x << 1u) | select(0u, 1u, bit), (bits.y << 1u) | (bits.x >> 31u));
      count++;
    } else { exponent--; }
    carry = (rest.w >> 31u) == 1u;
    rest = u128_shl(rest, 1u);
  }
  if (carry || any(rest != vec4u())) { bits.x |= 1u; }
  let whole = u64_to_f64(bits, a.w & 0x80000000u);
  return vec2u(whole.x, whole.y + (bitcast<u32>(exponent - 63) << 20u));
}`,
  },
};
