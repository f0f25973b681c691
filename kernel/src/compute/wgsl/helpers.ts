// WGSL functions that generated kernels call: 64-bit integers as vec2u (low, high), floats by their bits.
// WGSL has neither 64-bit types nor dependable NaN tests (FACTS: `x != x` is false on some adapters), so
// all of it is integer arithmetic. Soft float conversions are in soft-float.ts.
import { DECIMAL } from "./decimal-helpers.ts";
import { EXACT_FLOAT } from "./exact-float.ts";
import type { Helper } from "./helper.ts";
import { SOFT_ARITHMETIC } from "./soft-arithmetic.ts";
import { SOFT_FLOAT } from "./soft-float.ts";
import { TEXT } from "./text-helpers.ts";

const INTEGERS: Record<string, Helper> = {
  i64_of_low: {
    code: "fn i64_of_low(low: u32) -> vec2u { return vec2u(low, 0u - (low >> 31u)); }",
  },
  u64_of_low: {
    code: "fn u64_of_low(low: u32) -> vec2u { return vec2u(low, 0u); }",
  },
  u64_add: {
    code: `fn u64_add(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}`,
  },
  u64_sub: {
    code: `fn u64_sub(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}`,
  },
  u32_product: {
    code: `fn u32_product(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu; let ah = a >> 16u;
  let bl = b & 0xffffu; let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let other = al * bh + (middle & 0xffffu);
  return vec2u((other << 16u) | (low & 0xffffu), ah * bh + (middle >> 16u) + (other >> 16u));
}`,
  },
  u64_mul: {
    needs: ["u32_product"],
    code: `fn u64_mul(a: vec2u, b: vec2u) -> vec2u {
  let p = u32_product(a.x, b.x);
  return vec2u(p.x, p.y + a.x * b.y + a.y * b.x);
}`,
  },
  u64_lt: {
    code: `fn u64_lt(a: vec2u, b: vec2u) -> bool {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}`,
  },
  i64_lt: {
    code: `fn i64_lt(a: vec2u, b: vec2u) -> bool {
  return bitcast<i32>(a.y) < bitcast<i32>(b.y) || (a.y == b.y && a.x < b.x);
}`,
  },
  i128_lt: {
    needs: ["u64_lt", "i64_lt"],
    code: `fn i128_lt(a: vec4u, b: vec4u) -> bool {
  return i64_lt(a.zw, b.zw) || (all(a.zw == b.zw) && u64_lt(a.xy, b.xy));
}`,
  },
  i64_abs: {
    needs: ["u64_sub"],
    code: `fn i64_abs(a: vec2u) -> vec2u {
  if ((a.y >> 31u) == 0u) { return a; }
  return u64_sub(vec2u(0u, 0u), a);
}`,
  },
  u64_div_small: {
    // Schoolbook division by digits of 16 bits; d must be below 65,536.
    code: `fn u64_div_small(a: vec2u, d: u32) -> vec2u {
  let high = a.y / d;
  let t1 = ((a.y % d) << 16u) | (a.x >> 16u);
  let t0 = ((t1 % d) << 16u) | (a.x & 0xffffu);
  return vec2u(((t1 / d) << 16u) | (t0 / d), high);
}`,
  },
  u64_shr: {
    code: `fn u64_shr(a: vec2u, n: u32) -> vec2u {
  if (n == 0u) { return a; }
  if (n >= 32u) { return vec2u(a.y >> (n - 32u), 0u); }
  return vec2u((a.x >> n) | (a.y << (32u - n)), a.y >> n);
}`,
  },
  u64_div: {
    // Long division bit by bit; for divisors that are not constants made of small factors.
    needs: ["u64_lt", "u64_sub"],
    code: `fn u64_div(a: vec2u, d: vec2u) -> vec2u {
  var q = a;
  var r = vec2u(0u, 0u);
  for (var i = 0u; i < 64u; i++) {
    let carry = r.y >> 31u;
    r = vec2u((r.x << 1u) | (q.y >> 31u), (r.y << 1u) | (r.x >> 31u));
    q = vec2u(q.x << 1u, (q.y << 1u) | (q.x >> 31u));
    if (carry == 1u || !u64_lt(r, d)) { r = u64_sub(r, d); q.x |= 1u; }
  }
  return q;
}`,
  },
  i64_floor_div: {
    needs: ["u64_div", "i64_abs", "u64_sub", "u64_mul"],
    code: `fn i64_floor_div(a: vec2u, d: vec2u) -> vec2u {
  let q = u64_div(i64_abs(a), i64_abs(d));
  if (((a.y ^ d.y) >> 31u) == 0u) { return q; }
  let exact = all(u64_mul(q, i64_abs(d)) == i64_abs(a));
  let down = u64_sub(vec2u(0u, 0u), q);
  return select(u64_sub(down, vec2u(1u, 0u)), down, exact);
}`,
  },
  i32_floor_div: {
    code: `fn i32_floor_div(a: i32, d: i32) -> i32 {
  let q = a / d;
  return select(q, q - 1, (a % d) != 0 && ((a ^ d) < 0));
}`,
  },
};

const FLOATS: Record<string, Helper> = {
  f32_raw: {
    // A function, because constants that are NaN or infinite are refused by WGSL.
    code: `fn f32_raw(bits: u32) -> f32 { return bitcast<f32>(bits); }`,
  },
  f32_nan: {
    code: `fn f32_nan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }`,
  },
  f32_order: {
    // Unsigned order of the results is the order of the numbers; -0 counts as 0.
    code: `fn f32_order(a: f32) -> u32 {
  let bits = bitcast<u32>(a);
  if ((bits << 1u) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}`,
  },
  f32_lt: {
    needs: ["f32_nan", "f32_order"],
    code: `fn f32_lt(a: f32, b: f32) -> bool {
  return f32_order(a) < f32_order(b) && !f32_nan(a) && !f32_nan(b);
}`,
  },
  f32_le: {
    needs: ["f32_nan", "f32_order"],
    code: `fn f32_le(a: f32, b: f32) -> bool {
  return f32_order(a) <= f32_order(b) && !f32_nan(a) && !f32_nan(b);
}`,
  },
  f32_eq: {
    needs: ["f32_nan", "f32_order"],
    code: `fn f32_eq(a: f32, b: f32) -> bool {
  return f32_order(a) == f32_order(b) && !f32_nan(a);
}`,
  },
  f64_nan: {
    code: `fn f64_nan(a: vec2u) -> bool {
  let high = a.y & 0x7fffffffu;
  return high > 0x7ff00000u || (high == 0x7ff00000u && a.x != 0u);
}`,
  },
  f64_order: {
    code: `fn f64_order(a: vec2u) -> vec2u {
  if (((a.y << 1u) | a.x) == 0u) { return vec2u(0u, 0x80000000u); }
  if ((a.y >> 31u) == 1u) { return ~a; }
  return vec2u(a.x, a.y | 0x80000000u);
}`,
  },
  f64_lt: {
    needs: ["f64_nan", "f64_order", "u64_lt"],
    code: `fn f64_lt(a: vec2u, b: vec2u) -> bool {
  return u64_lt(f64_order(a), f64_order(b)) && !f64_nan(a) && !f64_nan(b);
}`,
  },
  f64_le: {
    needs: ["f64_nan", "f64_order", "u64_lt"],
    code: `fn f64_le(a: vec2u, b: vec2u) -> bool {
  return !u64_lt(f64_order(b), f64_order(a)) && !f64_nan(a) && !f64_nan(b);
}`,
  },
  f64_eq: {
    needs: ["f64_nan", "f64_order"],
    code: `fn f64_eq(a: vec2u, b: vec2u) -> bool {
  return all(f64_order(a) == f64_order(b)) && !f64_nan(a);
}`,
  },
};

const OTHERS: Record<string, Helper> = {
  // Civil date from days since 1970-01-01: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  civil: {
    needs: ["i32_floor_div"],
    code: `fn civil(days: i32) -> vec3i {
  let shifted = days + 719468;
  let era = i32_floor_div(shifted, 146097);
  let doe = shifted - era * 146097;
  let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  let mp = (5 * doy + 2) / 153;
  let month = select(mp - 9, mp + 3, mp < 10);
  let year = yoe + era * 400 + select(0, 1, month <= 2);
  return vec3i(year, month, doy - (153 * mp + 2) / 5 + 1);
}`,
  },
  mix: {
    // The finaliser of MurmurHash3 (public domain), once for each word.
    code: `fn mix(hash: u32, word: u32) -> u32 {
  var h = hash ^ word;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return (h ^ (h >> 16u)) + 0x9e3779b9u;
}`,
  },
};

const HELPERS: Record<string, Helper> = {
  ...INTEGERS,
  ...FLOATS,
  ...SOFT_FLOAT,
  ...SOFT_ARITHMETIC,
  ...TEXT,
  ...EXACT_FLOAT,
  ...DECIMAL,
  ...OTHERS,
};

/** The code of these helpers and of those that they need, each once, callees first. */
export function helperCode(names: Iterable<string>): string[] {
  const done = new Set<string>();
  const out: string[] = [];
  const add = (name: string) => {
    if (done.has(name)) return;
    done.add(name);
    const helper = HELPERS[name];
    if (!helper) throw new Error(`no WGSL helper "${name}"`);
    helper.needs?.forEach(add);
    out.push(helper.code);
  };
  for (const name of names) add(name);
  return out;
}
