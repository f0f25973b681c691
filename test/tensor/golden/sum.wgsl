@group(0) @binding(0) var<storage, read_write> mem0: array<f32>;
@group(0) @binding(1) var<storage, read_write> mem1: array<f32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 3>;

fn element(x0: f32) -> f32 {
  let t0 = (x0 * x0);
  return t0;
}
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * 8388608u;
if (at >= p[0].x) { return; }
let row = at / p[0].y;
let part = at % p[0].y;
let c0_0 = row;
let first = (part / 16u) * p[1].y;
var s0 = bitcast<f32>(p[0].w);
var s1 = bitcast<f32>(p[0].w);
var s2 = bitcast<f32>(p[0].w);
var s3 = bitcast<f32>(p[0].w);
for (var r = first + (part % 16u) * 4u; r < p[0].z; r += p[1].x) {
if (r + 0u < p[0].z) {
let c1_0 = (r + 0u);
s0 = s0 + element(mem0[c0_0 + c1_0 * p[1].z]);
}
if (r + 1u < p[0].z) {
let c1_0 = (r + 1u);
s1 = s1 + element(mem0[c0_0 + c1_0 * p[1].w]);
}
if (r + 2u < p[0].z) {
let c1_0 = (r + 2u);
s2 = s2 + element(mem0[c0_0 + c1_0 * p[2].x]);
}
if (r + 3u < p[0].z) {
let c1_0 = (r + 3u);
s3 = s3 + element(mem0[c0_0 + c1_0 * p[2].y]);
}
}
mem1[at] = (s0 + s1) + (s2 + s3);
}