@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> c1: array<u32>;
@group(0) @binding(2) var<storage, read_write> c2: array<u32>;
@group(0) @binding(3) var<storage, read_write> mask: array<u32>;
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;
const LITERALS = 4u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 5>;
fn f32_nan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }
fn f32_order(a: f32) -> u32 {
  let bits = bitcast<u32>(a);
  if ((bits << 1u) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
fn f32_le(a: f32, b: f32) -> bool {
  return f32_order(a) <= f32_order(b) && !f32_nan(a) && !f32_nan(b);
}
fn text_clip(word: u32, size: u32, k: u32) -> u32 {
  if (k >= size) { return 0u; }
  return select(word, word & ((1u << (((size - k) & 3u) << 3u)) - 1u), size - k < 4u);
}
fn c2_word(byte: u32) -> u32 {
  let at = p[3].y + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (c2[at] >> shift) | ((c2[at + 1u] << 1u) << (31u - shift));
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let words = (p[0].x + 31u) >> 5u;
  let first = id.x * p[0].y;
  if (first >= words) { return; }
  var total = 0u;
  for (var word = first; word < min(first + p[0].y, words); word++) {
    var bits = 0u;
    for (var row = word << 5u; row < min((word + 1u) << 5u, p[0].x); row++) {
      let v0 = extractBits(bitcast<i32>(c0[row >> 1u]), (row & 1u) << 4u, 16u);
      let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
      let v2 = v0 > bitcast<i32>(p[LITERALS + 0u].x);
      let v3 = bitcast<f32>(c1[row]);
      let ok4 = ((c1[p[2].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
      let v5 = f32_le(v3, bitcast<f32>(p[LITERALS + 0u].y));
      let v6 = v2 && v5;
      let ok7 = (ok1 && ok4) || (ok1 && !v2) || (ok4 && !v5);
      let v8 = vec2u(c2[row], c2[row + 1u]);
      let ok9 = ((c2[p[3].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
      let v10 = v8.y - v8.x;
      let v11 = text_clip(c2_word(v8.x + 0u), v10, 0u);
      let v12 = (v10 == 3u && v11 == p[LITERALS + 0u].z);
      let v13 = v6 || v12;
      let ok14 = (ok7 && ok9) || (ok7 && v6) || (ok9 && v12);
      bits |= select(0u, 1u, ok14 && v13) << (row & 31u);
    }
    mask[word] = bits;
    total += countOneBits(bits);
  }
  counts[id.x] = total;
}
