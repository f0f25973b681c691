// Division and square root of float32, rounded to nearest on every adapter: WGSL leaves them 2.5 units of the last
// place and may flush subnormals. The adapter's own result is a first guess, and integers put it right: modulo
// 2^32 the remainder of a guess that is nearly right is known exactly.
import type { Helper } from "./helper.ts";

export const EXACT_FLOAT: Record<string, Helper> = {
  // Biased exponent, and significand with its leading 1 at bit 23, of a finite number above 0 by its bits.
  f32_normal: {
    code: `fn f32_normal(bits: u32) -> vec2u {
  let exponent = bits >> 23u;
  if (exponent != 0u) { return vec2u(exponent, (bits & 0x7fffffu) | 0x800000u); }
  let shift = countLeadingZeros(bits) - 8u;
  return vec2u(1u - shift, bits << shift);
}`,
  },
  // m has its leading 1 at bit 26: three bits below the last one, the lowest of them set where anything was lost.
  f32_pack: {
    needs: ["f32_raw"],
    code: `fn f32_pack(sign: u32, exponent: i32, m: u32) -> f32 {
  if (exponent >= 255) { return f32_raw(sign | 0x7f800000u); }
  let drop = u32(clamp(1 - exponent, 0, 28));
  let kept = (m >> drop) | select(0u, 1u, (m & ((1u << drop) - 1u)) != 0u);
  let rest = kept & 7u;
  let up = rest > 4u || (rest == 4u && (kept & 8u) != 0u);
  return f32_raw(sign | ((u32(max(exponent, 1) - 1) << 23u) + (kept >> 3u) + select(0u, 1u, up)));
}`,
  },
  f32_div: {
    needs: ["f32_raw", "f32_normal", "f32_pack", "i32_floor_div"],
    code: `fn f32_div(a: f32, b: f32) -> f32 {
  let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x > 0x7f800000u || y > 0x7f800000u || (x == y && (x == 0u || x == 0x7f800000u))) { return f32_raw(0x7fc00000u); }
  if (x == 0x7f800000u || y == 0u) { return f32_raw(sign | 0x7f800000u); }
  if (y == 0x7f800000u || x == 0u) { return f32_raw(sign); }
  let m = f32_normal(x);
  let n = f32_normal(y);
  let less = m.y < n.y;
  let guess = u32(f32(m.y) / f32(n.y) * select(67108864.0, 134217728.0, less));
  let rest = bitcast<i32>((m.y << select(26u, 27u, less)) - guess * n.y);
  let by = i32_floor_div(rest, i32(n.y));
  let q = u32(i32(guess) + by) | select(0u, 1u, rest != by * i32(n.y));
  return f32_pack(sign, bitcast<i32>(m.x - n.x) + select(127, 126, less), q);
}`,
  },
  f32_sqrt: {
    needs: ["f32_raw", "f32_normal", "f32_pack"],
    code: `fn f32_sqrt(a: f32) -> f32 {
  let x = bitcast<u32>(a);
  if ((x & 0x7fffffffu) == 0u || x == 0x7f800000u) { return a; }
  if (x > 0x7f800000u) { return f32_raw(0x7fc00000u); }
  let m = f32_normal(x);
  let exponent = bitcast<i32>(m.x) - 127;
  let odd = (exponent & 1) != 0;
  var root = i32(sqrt(f32(m.y) * select(33554432.0, 67108864.0, odd)));
  var rest = bitcast<i32>((m.y << select(25u, 26u, odd)) - u32(root) * u32(root));
  for (var i = 0; i < 64 && rest < 0; i++) { root -= 1; rest += 2 * root + 1; }
  for (var i = 0; i < 64 && rest > 2 * root; i++) { rest -= 2 * root + 1; root += 1; }
  let q = (u32(root) << 2u) | select(0u, 1u, rest != 0);
  return f32_pack(0u, (exponent >> 1u) + 127, q);
}`,
  },
};
