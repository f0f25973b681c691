@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> c1: array<u32>;
@group(0) @binding(2) var<storage, read_write> acc: array<u32>;
const LITERALS = 3u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 4>;
fn i64_of_low(low: u32) -> vec2u { return vec2u(low, 0u - (low >> 31u)); }
fn u64_shr(a: vec2u, n: u32) -> vec2u {
  if (n == 0u) { return a; }
  if (n >= 32u) { return vec2u(a.y >> (n - 32u), 0u); }
  return vec2u((a.x >> n) | (a.y << (32u - n)), a.y >> n);
}
fn u64_div_small(a: vec2u, d: u32) -> vec2u {
  let high = a.y / d;
  let t1 = ((a.y % d) << 16u) | (a.x >> 16u);
  let t0 = ((t1 % d) << 16u) | (a.x & 0xffffu);
  return vec2u(((t1 / d) << 16u) | (t0 / d), high);
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let size = p[0].x - p[0].w;
  var i = id.x * p[0].y;
  if (i >= size) { return; }
  let end = select(size, min(i + p[0].y, size), p[0].z == 1u);
  while (i < end) {
    var passed = 0u;
    let first = i;
    for (var bit = 0u; bit < 32u && i < end; bit++) {
      let row = p[0].w + i;
      let v0 = extractBits(bitcast<i32>(c0[row >> 1u]), (row & 1u) << 4u, 16u);
      let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
      let v2 = v0 >= bitcast<i32>(p[LITERALS + 0u].x);
      passed |= select(0u, 1u, ok1 && v2) << bit;
      i += p[0].z;
    }
    while (passed != 0u) {
      let row = p[0].w + first + firstTrailingBit(passed) * p[0].z;
      passed &= passed - 1u;
      let v0 = i64_of_low(c1[row * 2u]);
      let v1 = vec2u(0u - (v0.y >> 31u));
      let v2 = v0 ^ v1;
      let v3 = u64_shr(v2, 10u);
      let v4 = u64_div_small(v3, 28125u);
      let v5 = u64_div_small(v4, 125u);
      let v6 = v5.x % 24u;
      let v7 = vec2u(select(v6, 23u - v6, v1.x != 0u), 0u);
      let v8 = bitcast<i32>(v7.x);
      let slot = bitcast<u32>(v8);
      let at = (id.x * p[LITERALS + 0u].y + slot) * 3u;
      {
        acc[at + 0u] += 1u;
      }
      let v9 = extractBits(bitcast<i32>(c0[row >> 1u]), (row & 1u) << 4u, 16u);
      let ok10 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
      if (ok10) {
        let low = bitcast<u32>(v9);
        let s0 = acc[at + 1u] + low;
        acc[at + 1u] = s0;
        let carry0 = select(0u, 1u, s0 < low);
        let top = bitcast<u32>(v9 >> 31u) + carry0;
        if (top != 0u) { acc[at + 2u] += top; }
      }
    }
  }
}
