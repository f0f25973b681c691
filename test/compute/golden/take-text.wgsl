@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<atomic<u32>>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
fn c0_word(byte: u32) -> u32 {
  let at = p[1].y + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (c0[at] >> shift) | ((c0[at + 1u] << 1u) << (31u - shift));
}
fn put(byte: u32, value: u32) {
  let to = starts[p[0].x + 1u] + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  atomicOr(&out[to], value << shift);
  if (shift != 0u && (value >> (32u - shift)) != 0u) { atomicOr(&out[to + 1u], value >> (32u - shift)); }
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  var valid = 0u;
  for (var i = first; i < min(first + 32u, p[0].x); i++) {
    let row = index[i] - p[0].z;
    if (row >= p[0].y) { continue; }
    let ok0 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    valid |= select(0u, 1u, ok0) << (i & 31u);
    if (ok0) {
      let start = c0[row];
      let size = c0[row + 1u] - start;
      for (var k = 0u; k < size; k += 4u) {
        var value = c0_word(start + k);
        if (size - k < 4u) { value &= (1u << ((size - k) << 3u)) - 1u; }
        put(starts[i] + k, value);
      }
    }
  }
  atomicOr(&out[p[0].w + id.x], valid);
}
