@group(0) @binding(0) var<storage, read_write> mem0: array<f32>;
@group(0) @binding(1) var<storage, read_write> mem1: array<f32>;
@group(0) @binding(2) var<storage, read_write> mem2: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
fn f32_to_half(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) { return sign | 0x7e00u; }
  if (rest >= 0x477ff000u) { return sign | 0x7c00u; }
  if (rest >= 0x38800000u) { return sign | ((rest - 0x38000000u + 0xfffu + ((rest >> 13u) & 1u)) >> 13u); }
  let shift = min(126u - min(rest >> 23u, 126u), 31u);
  let mantissa = (rest & 0x7fffffu) | 0x800000u;
  if (shift > 24u) { return sign; }
  let half = 1u << (shift - 1u);
  return sign | ((mantissa + half - 1u + ((mantissa >> shift) & 1u)) >> shift);
}
fn element(x0: f32, x1: f32) -> f32 {
  let t0 = (x0 + x1);
  let t1 = t0;
  return t1;
}
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * 8388608u;
let first = at * 2u;
if (first >= p[0].x) { return; }
var word = 0u;
for (var k = 0u; k < min(2u, p[0].x - first); k++) {
let i = first + k;
let c0_1 = i % p[0].y;
let r0_1 = i / p[0].y;
let c0_0 = r0_1;
word |= f32_to_half(element(mem0[c0_0 + c0_1 * p[0].z], mem1[c0_1])) << (k * 16u);
}
mem2[at] = word;
}