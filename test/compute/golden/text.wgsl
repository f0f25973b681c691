@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<atomic<u32>>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
fn text_clip(word: u32, size: u32, k: u32) -> u32 {
  if (k >= size) { return 0u; }
  return select(word, word & ((1u << (((size - k) & 3u) << 3u)) - 1u), size - k < 4u);
}
fn c0_word(byte: u32) -> u32 {
  let at = p[1].y + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (c0[at] >> shift) | ((c0[at + 1u] << 1u) << (31u - shift));
}
fn put(byte: u32, value: u32) {
  let to = p[0].w + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  atomicOr(&out[to], value << shift);
  if (shift != 0u && (value >> (32u - shift)) != 0u) { atomicOr(&out[to + 1u], value >> (32u - shift)); }
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * (p[0].y << 5u);
  if (first >= p[0].x) { return; }
  let end = min(first + (p[0].y << 5u), p[0].x);
  var to = sums[id.x];
  for (var i = first; i < end; i++) {
    let row = index[i];
    let v0 = vec2u(c0[row], c0[row + 1u]);
    let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    let v2 = v0.y - v0.x;
    atomicStore(&out[i], to);
    if (ok1) { atomicOr(&out[p[0].z + (i >> 5u)], 1u << (i & 31u)); }
    let size = select(0u, v2, ok1);
    for (var k = 0u; k < size; k += 4u) {
      put(to + k, text_clip(c0_word(v0.x + k), v2, k));
    }
    to += size;
  }
  if (end == p[0].x) { atomicStore(&out[end], to); }
}
