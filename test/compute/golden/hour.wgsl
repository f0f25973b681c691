@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
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
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  let end = min(first + 32u, p[0].x);
  var valid = 0u;
  var pack = 0u;
  for (var i = first; i < end; i++) {
    let row = i;
    let v0 = i64_of_low(c0[row * 2u]);
    let v1 = vec2u(0u - (v0.y >> 31u));
    let v2 = v0 ^ v1;
    let v3 = u64_shr(v2, 10u);
    let v4 = u64_div_small(v3, 28125u);
    let v5 = u64_div_small(v4, 125u);
    let v6 = v5.x % 24u;
    let v7 = vec2u(select(v6, 23u - v6, v1.x != 0u), 0u);
    let v8 = bitcast<i32>(v7.x);
    pack |= (bitcast<u32>(v8) & 0xffu) << ((i & 3u) << 3u);
    if ((i & 3u) == 3u || i + 1u == end) { out[i >> 2u] = pack; pack = 0u; }
  }

}
