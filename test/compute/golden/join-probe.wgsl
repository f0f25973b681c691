@group(0) @binding(0) var<storage, read_write> left: array<u32>;
@group(0) @binding(1) var<storage, read_write> right: array<u32>;
@group(0) @binding(2) var<storage, read_write> firsts: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
// Whether the key at place j of the right table is below that of row i, or, with `equal`, not above it.
fn below(j: u32, i: u32, equal: bool) -> bool {
  for (var word = p[0].z >> 2u; word > 0u; word--) {
    let a = right[(word - 1u) * p[0].y + j];
    let b = left[(word - 1u) * p[0].x + i];
    if (a != b) { return a < b; }
  }
  return equal;
}
fn bound(i: u32, equal: bool, start: u32) -> u32 {
  var low = start;
  var high = p[0].y;
  while (low < high) {
    let middle = low + ((high - low) >> 1u);
    if (below(middle, i, equal)) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}
@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var i = id.x; i < p[0].x; i += groups.x * 64u) {
    let first = bound(i, false, 0u);
    // Most keys match one row or none.
    var end = first;
    if (first < p[0].y && below(first, i, true)) {
      end = first + 1u;
      if (end < p[0].y && below(end, i, true)) { end = bound(i, true, end + 1u); }
    }
    let matches = end - first;
    if (matches == 0u && p[0].w != 0u) { continue; }
    firsts[i] = select(p[0].w + first, 0xffffffffu, matches == 0u);
    let kind = p[0].z & 3u;
    var count = matches;
    if (kind == 1u) { count = max(matches, 1u); }
    if (kind == 2u) { count = min(matches, 1u); }
    if (kind == 3u) { count = select(0u, 1u, matches == 0u); }
    counts[i] = count;
  }
}
