@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  var valid = 0u;
  for (var i = first; i < min(first + 32u, p[0].x); i++) {
    let row = index[i] - p[0].z;
    if (row >= p[0].y) { continue; }
    let ok0 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    out[i >> 1u] |= ((c0[row >> 1u] >> ((row & 1u) << 4u)) & 0xffffu) << ((i & 1u) << 4u);
    valid |= select(0u, 1u, ok0) << (i & 31u);
  }
  out[p[0].w + id.x] |= valid;
}
