@group(0) @binding(0) var<storage, read_write> firsts: array<u32>;
@group(0) @binding(1) var<storage, read_write> starts: array<u32>;
@group(0) @binding(2) var<storage, read_write> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> left_rows: array<u32>;
@group(0) @binding(4) var<storage, read_write> right_rows: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var i = id.x; i < p[0].x; i += groups.x * 64u) {
    let first = firsts[i];
    let place = first - p[0].z;
    let found = first != 0xffffffffu && place < p[0].w;
    if (!found && p[0].z != 0u) { continue; }
    let start = starts[i];
    for (var k = 0u; k < starts[i + 1u] - start; k++) {
      left_rows[start + k] = p[0].y + i;
      right_rows[start + k] = 0xffffffffu;
      if (found) { right_rows[start + k] = order[place + k]; }
    }
  }
}
