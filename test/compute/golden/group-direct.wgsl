@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> c1: array<u32>;
@group(0) @binding(2) var<storage, read_write> acc: array<u32>;
@group(0) @binding(3) var<storage, read_write> reps: array<atomic<u32>>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 3>;
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
  let size = p[0].x - p[0].w;
  var i = id.x * p[0].y;
  if (i >= size) { return; }
  let end = select(size, min(i + p[0].y, size), p[0].z == 1u);
  loop {
    if (i >= end) { break; }
    let row = p[0].w + i;
    let v0 = extractBits(bitcast<i32>(c0[row >> 1u]), (row & 1u) << 4u, 16u);
    let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    let v2 = v0 >= 0i;
    if (!(ok1 && v2)) { continue; }
    let v3 = vec2u(c1[row * 2u], c1[row * 2u + 1u]);
    let v4 = vec2u(0u - (v3.y >> 31u));
    let v5 = v3 ^ v4;
    let v6 = u64_shr(v5, 10u);
    let v7 = u64_div_small(v6, 28125u);
    let v8 = u64_div_small(v7, 125u);
    let v9 = v8 ^ v4;
    let v10 = vec2u(0u - (v9.y >> 31u));
    let v11 = v9 ^ v10;
    let v12 = u64_shr(v11, 3u);
    let v13 = u64_div_small(v12, 3u);
    let v14 = v13 ^ v10;
    let v15 = u64_sub(v9, u64_mul(v14, vec2u(24u, 0u)));
    let v16 = bitcast<i32>(v15.x);
    let slot = u32(v16);
    if (atomicLoad(&reps[slot]) == 0u) { atomicStore(&reps[slot], row + 1u); }
    let at = (id.x * arrayLength(&reps) + slot) * 3u;
    {
      acc[at + 0u] += 1u;
    }
    if (ok1) {
      let low = bitcast<u32>(v0);
      let s0 = acc[at + 1u] + low;
      acc[at + 1u] = s0;
      let carry0 = select(0u, 1u, s0 < low);
      let top = bitcast<u32>(v0 >> 31u) + carry0;
      acc[at + 2u] += top;
    }
    continuing { i += p[0].z; }
  }
}
