// Quotients, remainders and powers in WGSL, of each type that is computed with.

export interface Helper {
  readonly needs?: readonly string[];
  readonly code: string;
}

export const ARITHMETIC: Readonly<Record<string, Helper>> = {
  // Integer division by zero gives 0, and so does the remainder; both round down, as Python's do.
  floor_div_i32: {
    code: `fn floor_div_i32(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  if (b == -1) { return -a; }
  let q = a / b;
  return select(q, q - 1, (a % b != 0) && ((a < 0) != (b < 0)));
}`,
  },
  floor_div_u32: {
    code: "fn floor_div_u32(a: u32, b: u32) -> u32 { if (b == 0u) { return 0u; } return a / b; }",
  },
  // A quotient that rounds to a whole number is looked at: NumPy's is one less where the true one is below that.
  floor_div_f32: {
    needs: ["mod_f32", "nan"],
    code: `fn floor_div_f32(a: f32, b: f32) -> f32 {
  let quotient = a / b;
  let down = floor(quotient);
  if (abs(a) > 3.4028234e38) { return nan(); }
  if (down != quotient || abs(b) < 1.17549435e-38 || abs(down) > 16777216.0) { return down; }
  let rest = abs(mod_f32(a, b));
  return select(down, down - 1.0, rest > 0.5 * abs(b) || rest > 3.4028234e38);
}`,
  },
  mod_i32: {
    code: `fn mod_i32(a: i32, b: i32) -> i32 {
  if (b == 0 || b == -1) { return 0; }
  let r = a % b;
  return select(r, r + b, r != 0 && ((r < 0) != (b < 0)));
}`,
  },
  mod_u32: {
    code: "fn mod_u32(a: u32, b: u32) -> u32 { if (b == 0u) { return 0u; } return a % b; }",
  },
  // Exact, whatever the quotient. What is rare is in a branch, which is left out where no element takes it.
  mod_f32: {
    needs: ["mod_edge", "rest_f32"],
    code: `fn mod_f32(a: f32, b: f32) -> f32 {
  let x = abs(a);
  let y = abs(b);
  if (bitcast<u32>(y) - 0x00800000u >= 0x7e000000u || !(x < y * 2048.0) || bitcast<u32>(x) > 0x7e000000u) {
    return mod_edge(a, b);
  }
  let r = rest_f32(x, y);
  let signed = select(r, -r, a < 0.0);
  return select(signed, signed + b, signed != 0.0 && ((signed < 0.0) != (b < 0.0)));
}`,
  },
  // Multiples of b times powers of two are taken off, each fewer than 2¹¹ of them, so that the products of the two parts
  // of b have no more than 24 bits.
  mod_edge: {
    needs: ["is_nan", "nan", "rest_large"],
    code: `fn mod_edge(a: f32, b: f32) -> f32 {
  let y = abs(b);
  let size = bitcast<u32>(y);
  if (size < 0x00800000u || is_nan(a) || is_nan(b) || abs(a) > 3.4028234e38) { return nan(); }
  var r = abs(a);
  while (size < 0x7f800000u && r >= y * 2048.0) {
    let apart = (bitcast<u32>(r) >> 23u) - (size >> 23u) - 10u;
    r = rest_large(r, bitcast<f32>(size + (apart << 23u)));
  }
  if (r >= y) { r = rest_large(r, y); }
  r = select(r, -r, a < 0.0);
  return select(r, r + b, r != 0.0 && ((r < 0.0) != (b < 0.0)));
}`,
  },
  // Of two numbers from 0 up, whose quotient is below 2¹¹.
  rest_f32: {
    code: `fn rest_f32(a: f32, b: f32) -> f32 {
  let q = round(a / b);
  let high = bitcast<f32>(bitcast<u32>(b) & 0xfffff800u);
  let r = (a - q * high) - q * (b - high);
  return select(r, r + b, r < 0.0);
}`,
  },
  // Of the largest numbers by quarters, because a product may be beyond them.
  rest_large: {
    needs: ["rest_f32"],
    code: `fn rest_large(a: f32, b: f32) -> f32 {
  if (a > 1e38) { return rest_f32(a * 0.25, b * 0.25) * 4.0; }
  return rest_f32(a, b);
}`,
  },
  // Of whole exponents up to 64 a product, which is exact where its factors are. What is rare is in branches, which
  // are left out where no element takes them.
  power_f32: {
    needs: ["power_whole", "power_edge", "log_parts", "exp2_held"],
    code: `fn power_f32(a: f32, b: f32) -> f32 {
  var found: f32;
  if (b == floor(b) && abs(b) <= 64.0) {
    found = power_whole(a, b);
  } else {
    let parts = log_parts(abs(a));
    found = exp2_held(b * parts.x + b * (parts.y * 1.44269504));
    let ordinary = bitcast<u32>(a) - 0x00800000u < 0x7f000000u;
    if (!ordinary || (bitcast<u32>(b) & 0x7fffffffu) >= 0x7f800000u) { found = power_edge(found, a, b); }
  }
  return found;
}`,
  },
  power_whole: {
    needs: ["is_nan"],
    code: `fn power_whole(a: f32, b: f32) -> f32 {
  var product = 1.0;
  var base = a;
  for (var left = u32(abs(b)); left != 0u; left >>= 1u) {
    product *= select(1.0, base, (left & 1u) != 0u);
    base *= base;
  }
  let found = select(product, 1.0 / product, b < 0.0);
  return select(found, a, is_nan(a) && b != 0.0);
}`,
  },
  // Where a is no ordinary number above 0, or b none at all; b is not 0.
  power_edge: {
    needs: ["nan", "inf"],
    code: `fn power_edge(found: f32, a: f32, b: f32) -> f32 {
  let size = abs(a);
  let most = max(bitcast<u32>(size), bitcast<u32>(b) & 0x7fffffffu);
  let whole = b == floor(b);
  let odd = whole && b * 0.5 != floor(b * 0.5);
  let limit = select(select(0.0, inf(), (size > 1.0) == (b > 0.0)), 1.0, size == 1.0);
  let held = select(found, limit, most >= 0x7f800000u || size < 1.17549435e-38);
  let turned = select(held, -held, bitcast<i32>(a) < 0 && odd);
  let real = select(turned, nan(), most > 0x7f800000u || (a < 0.0 && !whole && size <= 3.4028234e38));
  return select(real, 1.0, a == 1.0);
}`,
  },
  power_i32: {
    code: `fn power_i32(a: i32, b: i32) -> i32 {
  if (b < 0) { if (a == 1) { return 1; } if (a == -1) { return select(-1, 1, (b & 1) == 0); } return 0; }
  var result = 1;
  var base = a;
  for (var left = u32(b); left != 0u; left >>= 1u) { if ((left & 1u) != 0u) { result *= base; } base *= base; }
  return result;
}`,
  },
  power_u32: {
    code: `fn power_u32(a: u32, b: u32) -> u32 {
  var result = 1u;
  var base = a;
  for (var left = b; left != 0u; left >>= 1u) { if ((left & 1u) != 0u) { result *= base; } base *= base; }
  return result;
}`,
  },
};
