@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> plan: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
fn u64_sub(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}
fn c0_word(byte: u32) -> u32 {
  let at = p[1].y + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (c0[at] >> shift) | ((c0[at + 1u] << 1u) << (31u - shift));
}
fn swap_bytes(a: u32) -> u32 {
  return (a << 24u) | ((a & 0xff00u) << 8u) | ((a >> 8u) & 0xff00u) | (a >> 24u);
}
fn c0_word_order(at: vec2u, k: u32) -> u32 {
  let size = at.y - at.x;
  if (k >= size) { return 0u; }
  let left = min(size - k, 4u);
  return swap_bytes(c0_word(at.x + k)) & ~select(0xffffffffu >> (left << 3u), 0u, left == 4u);
}
fn put(i: u32, at: u32, value: u32) {
  let word = (at >> 5u) * p[0].x + i;
  let shift = at & 31u;
  out[word] |= value << shift;
  if (shift == 0u) { return; }
  let rest = value >> (32u - shift);
  if (rest != 0u) { out[word + p[0].x] |= rest; }
}
@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var i = id.x; i < p[0].x; i += groups.x * 64u) {
    let row = p[0].z + i;
    let v0 = vec2u(c0[row], c0[row + 1u]);
    let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    let v2 = vec2u((c0_word_order(v0, 4u) & 0xffffff00u) | (v0.y - v0.x), c0_word_order(v0, 0u));
    let v3 = select(v2, ~v2, (p[0].w & 1u) != 0u);
    let v4 = (p[0].w & 2u) != 0u;
    let v5 = vec2u(select(0u, 1u, ok1 == v4), 0u);
    let bits0 = plan[2u];
    if (bits0 != 0u) {
      let rest = u64_sub(v5, vec2u(plan[0u], plan[1u]));
      put(i, plan[3u], rest.x);
      if (bits0 > 32u) { put(i, plan[3u] + 32u, rest.y); }
    }
    let bits1 = plan[6u];
    if (bits1 != 0u && ok1) {
      let rest = u64_sub(v3, vec2u(plan[4u], plan[5u]));
      put(i, plan[7u], rest.x);
      if (bits1 > 32u) { put(i, plan[7u] + 32u, rest.y); }
    }
  }
}
