@group(0) @binding(0) var<storage, read_write> mem0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> mem1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> mem2: array<vec4<f32>>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
fn either_nan(a: f32, b: f32) -> bool { return max(bitcast<u32>(a) & 0x7fffffffu, bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u; }
fn greatest(a: f32, b: f32) -> f32 { return select(max(a, b), a + b, either_nan(a, b)); }
fn element(x0: f32, x1: f32) -> f32 {
  let t0 = (x0 * x1);
  let t1 = (t0 + bitcast<f32>(p[0].x));
  let t2 = greatest(t1, 0.0);
  let t3 = (t2 - x1);
  let t4 = (t3 * t3);
  return t4;
}
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * 8388608u;
let end = min((at + 1u) * 4u, p[0].y);
for (var i = at * 4u; i < end; i++) {
let v0 = mem0[i];
let v1 = mem1[i];
mem2[i] = vec4<f32>(element(v0.x, v1.x), element(v0.y, v1.y), element(v0.z, v1.z), element(v0.w, v1.w));
}
}