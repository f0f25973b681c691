@group(0) @binding(0) var<storage, read_write> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> keys_out: array<u32>;
@group(0) @binding(4) var<storage, read_write> rows_out: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let range = id.x;
  if (range >= p[0].z) { return; }
  let first = range * p[0].y;
  for (var i = first; i < min(first + p[0].y, p[0].x); i++) {
    let key = keys[i];
    let bin = ((key >> p[0].w) & p[1].x) * p[0].z + range;
    let to = counts[bin];
    counts[bin] = to + 1u;
    keys_out[to] = key;
    rows_out[to] = rows[i];
  }
}
