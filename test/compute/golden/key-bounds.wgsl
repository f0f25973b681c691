@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
fn f32_order(a: f32) -> u32 {
  let bits = bitcast<u32>(a);
  if ((bits << 1u) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
fn f32_nan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }
fn u64_lt(a: vec2u, b: vec2u) -> bool {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = p[0].z + id.x * p[0].y;
  if (first >= p[0].x) { return; }
  var low0 = vec2u(0xffffffffu);
  var high0 = vec2u(0u);
  var low1 = vec2u(0xffffffffu);
  var high1 = vec2u(0u);
  for (var row = first; row < min(first + p[0].y, p[0].x); row++) {
    let v0 = bitcast<f32>(c0[row]);
    let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    let v2 = vec2u(select(f32_order(v0), 0xffffffffu, f32_nan(v0)), 0u);
    let v3 = select(v2, ~v2, (p[0].w & 1u) != 0u);
    let v4 = (p[0].w & 2u) != 0u;
    let v5 = vec2u(select(0u, 1u, ok1 == v4), 0u);
    if (true) {
      if (u64_lt(v5, low0)) { low0 = v5; }
      if (u64_lt(high0, v5)) { high0 = v5; }
    }
    if (ok1) {
      if (u64_lt(v3, low1)) { low1 = v3; }
      if (u64_lt(high1, v3)) { high1 = v3; }
    }
  }
  out[id.x * 8u + 0u] = low0.x;
  out[id.x * 8u + 0u + 1u] = low0.y;
  out[id.x * 8u + 0u + 2u] = high0.x;
  out[id.x * 8u + 0u + 3u] = high0.y;
  out[id.x * 8u + 4u] = low1.x;
  out[id.x * 8u + 4u + 1u] = low1.y;
  out[id.x * 8u + 4u + 2u] = high1.x;
  out[id.x * 8u + 4u + 3u] = high1.y;
}
