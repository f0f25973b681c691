@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
fn u64_shr(a: vec2u, n: u32) -> vec2u {
  if (n == 0u) { return a; }
  if (n >= 32u) { return vec2u(a.y >> (n - 32u), 0u); }
  return vec2u((a.x >> n) | (a.y << (32u - n)), a.y >> n);
}
fn u64_div_small(a: vec2u, d: u32) -> vec2u {
  let high = a.y / d;
  let t1 = ((a.y % d) << 16u) | (a.x >> 16u);
  let t0 = ((t1 % d) << 16u) | (a.x & 0xffffu);
  return vec2u(((t1 / d) << 16u) | (t0 / d), high);
}
fn u64_sub(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}
fn u32_product(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu; let ah = a >> 16u;
  let bl = b & 0xffffu; let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let other = al * bh + (middle & 0xffffu);
  return vec2u((other << 16u) | (low & 0xffffu), ah * bh + (middle >> 16u) + (other >> 16u));
}
fn u64_mul(a: vec2u, b: vec2u) -> vec2u {
  let p = u32_product(a.x, b.x);
  return vec2u(p.x, p.y + a.x * b.y + a.y * b.x);
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  let end = min(first + 32u, p[0].x);
  var valid = 0u;
  var pack = 0u;
  for (var i = first; i < end; i++) {
    let row = i;
    let v0 = vec2u(c0[row * 2u], c0[row * 2u + 1u]);
    let v1 = vec2u(0u - (v0.y >> 31u));
    let v2 = v0 ^ v1;
    let v3 = u64_shr(v2, 10u);
    let v4 = u64_div_small(v3, 28125u);
    let v5 = u64_div_small(v4, 125u);
    let v6 = v5 ^ v1;
    let v7 = vec2u(0u - (v6.y >> 31u));
    let v8 = v6 ^ v7;
    let v9 = u64_shr(v8, 3u);
    let v10 = u64_div_small(v9, 3u);
    let v11 = v10 ^ v7;
    let v12 = u64_sub(v6, u64_mul(v11, vec2u(24u, 0u)));
    let v13 = bitcast<i32>(v12.x);
    pack |= (bitcast<u32>(v13) & 0xffu) << ((i & 3u) << 3u);
    if ((i & 3u) == 3u || i + 1u == end) { out[i >> 2u] = pack; pack = 0u; }
  }

}
