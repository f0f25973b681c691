@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
fn c0_word(byte: u32) -> u32 {
  let at = p[1].y + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (c0[at] >> shift) | ((c0[at + 1u] << 1u) << (31u - shift));
}
fn value_word(byte: u32) -> u32 {
  let at = p[0].w + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (values[at] >> shift) | ((values[at + 1u] << 1u) << (31u - shift));
}
fn big_endian(a: u32, left: u32) -> u32 {
  let swapped = (a << 24u) | ((a & 0xff00u) << 8u) | ((a >> 8u) & 0xff00u) | (a >> 24u);
  return swapped & ~select(0xffffffffu >> (left << 3u), 0u, left >= 4u);
}
fn text_rank(at: vec2u) -> u32 {
  let size = at.y - at.x;
  var low = 0u;
  var high = p[0].y;
  while (low < high) {
    let middle = (low + high) >> 1u;
    let start = values[middle];
    let other = values[middle + 1u] - start;
    var less = other < size;
    for (var k = 0u; k < min(size, other); k += 4u) {
      let mine = big_endian(c0_word(at.x + k), size - k);
      let theirs = big_endian(value_word(start + k), other - k);
      if (mine != theirs) { less = theirs < mine; break; }
    }
    if (less) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  var valid = 0u;
  for (var i = first; i < min(first + 32u, p[0].x); i++) {
    let row = i;
    let v0 = vec2u(c0[row], c0[row + 1u]);
    let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    if (ok1) { out[i] = text_rank(v0); valid |= 1u << (i & 31u); }
  }
  out[p[0].z + id.x] = valid;
}
