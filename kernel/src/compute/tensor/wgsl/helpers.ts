// Functions in WGSL that kernels of tensors call. Each names those that it calls itself. NaN is told by its
// bits, because compilers may fold x != x; and NaN and infinity are made at run time, because WGSL's constants
// can't be either.
import { ARITHMETIC, type Helper } from "./arithmetic.ts";
import { FUNCTIONS } from "./functions.ts";
import { NORMAL } from "./normal.ts";

const HELPERS: Readonly<Record<string, Helper>> = {
  ...ARITHMETIC,
  ...FUNCTIONS,
  is_nan: {
    code: "fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
  },
  is_nan_or_zero: {
    code: "fn is_nan_or_zero(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) - 1u >= 0x7f800000u; }",
  },
  // A number from 0 up with the sign of another, also where that is a zero.
  with_sign: {
    code: "fn with_sign(x: f32, whose: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) | (bitcast<u32>(whose) & 0x80000000u)); }",
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
  // Where either is NaN so is the sum.
  least: {
    needs: ["either_nan"],
    code: "fn least(a: f32, b: f32) -> f32 { return select(min(a, b), a + b, either_nan(a, b)); }",
  },
  greatest: {
    needs: ["either_nan"],
    code: "fn greatest(a: f32, b: f32) -> f32 { return select(max(a, b), a + b, either_nan(a, b)); }",
  },
  either_nan: {
    code: "fn either_nan(a: f32, b: f32) -> bool { return max(bitcast<u32>(a) & 0x7fffffffu, bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u; }",
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
