@group(0) @binding(0) var<storage, read_write> c0: array<u32>;
@group(0) @binding(1) var<storage, read_write> acc: array<u32>;
const LITERALS = 2u;
@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;
fn u32_product(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu; let ah = a >> 16u;
  let bl = b & 0xffffu; let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let other = al * bh + (middle & 0xffffu);
  return vec2u((other << 16u) | (low & 0xffffu), ah * bh + (middle >> 16u) + (other >> 16u));
}
fn u64_square(a: vec2u) -> array<u32, 5> {
  let low = u32_product(a.x, a.x);
  let middle = u32_product(a.x, a.y);
  let high = u32_product(a.y, a.y);
  let second = low.y + (middle.x << 1u);
  let carry = select(0u, 1u, second < low.y);
  let part = high.x + ((middle.y << 1u) | (middle.x >> 31u));
  let third = part + carry;
  let top = high.y + (middle.y >> 31u) + select(0u, 1u, part < high.x) + select(0u, 1u, third < carry);
  return array<u32, 5>(low.x, second, third, top, 0u);
}
fn add_words_20(sum: ptr<function, array<u32, 20>>, first: u32, word: array<u32, 5>) {
  var words = word;
  var carry = 0u;
  for (var i = first; i < 20u; i++) {
    var amount = carry;
    if (i - first < 5u) { amount += words[i - first]; }
    carry = select(0u, 1u, amount < carry);
    if (amount != 0u) {
      let old = (*sum)[i];
      (*sum)[i] = old + amount;
      carry += select(0u, 1u, old + amount < amount);
    }
    if (i - first >= 4u && carry == 0u) { break; }
  }
}
fn add_square_f32(sum: ptr<function, array<u32, 20>>, v: f32) {
  let bits = bitcast<u32>(v);
  let exponent = (bits >> 23u) & 0xffu;
  if (exponent == 0xffu) { return; }
  let significand = vec2u((bits & 0x7fffffu) | select(0u, 0x800000u, exponent != 0u), 0u);
  let shift = (max(exponent, 1u) - 1u) << 1u;
  let by = shift & 31u;
  var square = u64_square(significand);
  if (by != 0u) {
    for (var i = 4u; i > 0u; i--) { square[i] = (square[i] << by) | (square[i - 1u] >> (32u - by)); }
    square[0] = square[0] << by;
  }
  add_words_20(sum, shift >> 5u, square);
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let size = p[0].x - p[0].w;
  var i = id.x * p[0].y;
  if (i >= size) { return; }
  let end = select(size, min(i + p[0].y, size), p[0].z == 1u);
  var a0: array<u32, 20>;
  loop {
    if (i >= end) { break; }
    let row = p[0].w + i;
    let v0 = bitcast<f32>(c0[row]);
    let ok1 = ((c0[p[1].x + (row >> 5u)] >> (row & 31u)) & 1u) == 1u;
    if (ok1) {
      add_square_f32(&a0, v0);
    }
    continuing { i += p[0].z; }
  }
  let at = id.x * 20u;
  for (var k = 0u; k < 20u; k++) { acc[at + 0u + k] = a0[k]; }
}
