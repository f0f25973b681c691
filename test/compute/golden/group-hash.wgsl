@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> c1: array<u32>;
@group(0) @binding(2) var<storage, read_write> c2: array<u32>;
@group(0) @binding(3) var<storage, read_write> acc: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> reps: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> state: array<atomic<u32>>;
const LITERALS = 4u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 4>;
fn f32_order(a: f32) -> u32 {
  let bits = bitcast<u32>(a);
  if ((bits << 1u) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}
fn f32_nan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }
fn mix(hash: u32, word: u32) -> u32 {
  var h = hash ^ word;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return (h ^ (h >> 16u)) + 0x9e3779b9u;
}
fn i64_of_low(low: u32) -> vec2u { return vec2u(low, 0u - (low >> 31u)); }
struct Key {
  k0: vec2u,
  w0: u32,
  k1: u32,
  nulls: u32,
}
fn c0_word(byte: u32) -> u32 {
  let at = p[1].y + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (c0[at] >> shift) | ((c0[at + 1u] << 1u) << (31u - shift));
}
fn c0_text_part(at: vec2u, k: u32) -> u32 {
  let left = min(at.y - at.x - k, 4u);
  return c0_word(at.x + k) & select((1u << (left << 3u)) - 1u, 0xffffffffu, left == 4u);
}
fn c0_text_hash(start: u32, at: vec2u, first: u32) -> u32 {
  var h = mix(mix(start, at.y - at.x), first);
  for (var k = 4u; k < at.y - at.x; k += 4u) { h = mix(h, c0_text_part(at, k)); }
  return h;
}
fn c0_text_same(a: vec2u, b: vec2u) -> bool {
  let size = a.y - a.x;
  if (size != b.y - b.x) { return false; }
  for (var k = 4u; k < size; k += 4u) {
    if (c0_text_part(a, k) != c0_text_part(b, k)) { return false; }
  }
  return true;
}
fn key(row: u32) -> Key {
  let v0 = vec2u(c0[row], c0[row + 1u]);
  let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
  let v2 = select(vec2u(), v0, ok1);
  let v3 = bitcast<f32>(c1[row]);
  let ok4 = ((c1[p[2].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
  return Key(v2, c0_text_part(v2, 0u), select(u32(), select(f32_order(v3), 0xffffffffu, f32_nan(v3)), ok4), select(1u, 0u, ok1) | select(2u, 0u, ok4));
}
fn hash(a: Key) -> u32 {
  var h = a.nulls;
  h = c0_text_hash(h, a.k0, a.w0);
  h = mix(h, a.k1);
  return h;
}
fn same(a: Key, b: Key) -> bool {
  return a.nulls == b.nulls && a.w0 == b.w0 && c0_text_same(a.k0, b.k0) && a.k1 == b.k1;
}
fn find(k: Key, row: u32) -> u32 {
  let size = arrayLength(&reps);
  var slot = hash(k) & (size - 1u);
  for (var n = 0u; n < 256u; ) {
    var rep = atomicLoad(&reps[slot]);
    if (rep == 0u) {
      let swap = atomicCompareExchangeWeak(&reps[slot], 0u, row + 1u);
      if (swap.exchanged) {
        if (atomicAdd(&state[0], 1u) >= size - (size >> 2u)) { atomicStore(&state[1], 1u); }
        return slot;
      }
      rep = swap.old_value;
      if (rep == 0u) { continue; }
    }
    if (same(k, key(rep - 1u))) { return slot; }
    slot = (slot + 1u) & (size - 1u);
    n++;
    if ((n & 15u) == 0u && atomicLoad(&state[1]) != 0u) { break; }
  }
  atomicStore(&state[1], 1u);
  return 0xffffffffu;
}
fn add_f32(sum: u32, bits: u32) {
  let exponent = (bits >> 23u) & 0xffu;
  let negative = (bits >> 31u) == 1u;
  if (exponent == 0xffu) {
    atomicOr(&acc[sum + 10u], select(select(2u, 4u, negative), 1u, (bits & 0x7fffffu) != 0u));
    return;
  }
  let significand = (bits & 0x7fffffu) | select(0u, 0x800000u, exponent != 0u);
  let shift = max(exponent, 1u) - 1u;
  let first = (shift >> 5u);
  let by = shift & 31u;
  let word = vec3u(significand << by, select(significand >> (32u - by), 0u, by == 0u), 0u);
  var carry = 0u;
  for (var i = first; i < 10u; i++) {
    var amount = carry;
    switch (i - first) {
      case 0u: { amount += word.x; }
      case 1u: { amount += word.y; }
      case 2u: { amount += word.z; }
      default: {}
    }
    let wrapped = amount < carry;
    carry = select(0u, 1u, wrapped);
    if (amount != 0u) {
      var old = 0u;
      if (negative) { old = atomicSub(&acc[sum + i], amount); } else { old = atomicAdd(&acc[sum + i], amount); }
      carry |= select(0u, 1u, select(old + amount < amount, old < amount, negative));
    }
    if (i - first >= 2u && carry == 0u) { break; }
  }
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
    if (atomicLoad(&state[1]) != 0u) { return; }
    let slot = find(key(row), row);
    if (slot == 0xffffffffu) { return; }
    let at = (slot) * 13u;
    let v0 = bitcast<f32>(c1[row]);
    let ok1 = ((c1[p[2].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    if (ok1) {
      add_f32(at + 0u, bitcast<u32>(v0));
    }
    let v2 = i64_of_low(c2[row * 2u]);
    {
      let best = ~vec2u(v2.x, v2.y ^ 0x80000000u);
      if (atomicLoad(&acc[at + 11u]) < best.y) { atomicMax(&acc[at + 11u], best.y); }
    }
    continuing { i += p[0].z; }
  }
}
