@group(0) @binding(0) var<storage, read_write> keys: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let range = id.x;
  if (range >= p[0].z) { return; }
  for (var bin = 0u; bin <= p[1].x; bin++) { counts[bin * p[0].z + range] = 0u; }
  let first = range * p[0].y;
  for (var i = first; i < min(first + p[0].y, p[0].x); i++) {
    counts[((keys[i] >> p[0].w) & p[1].x) * p[0].z + range] += 1u;
  }
}
