@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 3>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  let end = min(first + 32u, p[0].x);
  var valid = 0u;
  var pack = 0u;
  for (var i = first; i < end; i++) {
    let row = index[i];
    let v0 = extractBits(bitcast<i32>(c0[row >> 1u]), (row & 1u) << 4u, 16u);
    let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    let v2 = v0 * bitcast<i32>(p[LITERALS + 0u].x);
    let v3 = v2 + bitcast<i32>(p[LITERALS + 0u].y);
    let ok4 = ok1 && v3 >= -32768i && v3 <= 32767i;
    pack |= (select(0u, bitcast<u32>(v3) & 0xffffu, ok4)) << ((i & 1u) << 4u);
    if ((i & 1u) == 1u || i + 1u == end) { out[i >> 1u] = pack; pack = 0u; }
    valid |= select(0u, 1u, ok4) << (i & 31u);
  }
  out[p[0].y + id.x] = valid;
}
