// Adds the exact square of a value to a sum of limbs (parts.ts, "squares").
import type { Form } from "./parts.ts";
import type { Program } from "./program.ts";

/** Name of a function that adds the square of a value of this kind to `limbs` limbs. */
export function addSquare(program: Program, form: Form, kind: string, limbs: number): string {
  const name = `add_square_${kind}`;
  program.use("u32_product");
  program.addOnce("u64_square", SQUARE);
  program.addOnce(`add_words_${limbs}`, addWords(form, limbs));
  const local = form === "local";
  const target = local ? `sum: ptr<function, array<u32, ${limbs}>>` : "sum: u32";
  program.addOnce(
    name,
    `fn ${name}(${target}, v: ${typeOf(kind)}) {
${bodyOf(program, kind, `add_words_${limbs}`)}
}`,
  );
  return name;
}

const WIDE = new Set(["i64", "u64", "f64"]);
const typeOf = (kind: string) => (WIDE.has(kind) ? "vec2u" : kind);

// The 128 bits of a square, from the products of its halves.
const SQUARE = `fn u64_square(a: vec2u) -> array<u32, 5> {
  let low = u32_product(a.x, a.x);
  let middle = u32_product(a.x, a.y);
  let high = u32_product(a.y, a.y);
  let second = low.y + (middle.x << 1u);
  let carry = select(0u, 1u, second < low.y);
  let part = high.x + ((middle.y << 1u) | (middle.x >> 31u));
  let third = part + carry;
  let top = high.y + (middle.y >> 31u) + select(0u, 1u, part < high.x) + select(0u, 1u, third < carry);
  return array<u32, 5>(low.x, second, third, top, 0u);
}`;

function addWords(form: Form, limbs: number): string {
  const local = form === "local";
  const target = local ? `sum: ptr<function, array<u32, ${limbs}>>` : "sum: u32";
  const at = local ? "(*sum)[i]" : "acc[sum + i]";
  const step =
    form === "shared"
      ? `let old = atomicAdd(&${at}, amount);`
      : `let old = ${at};\n      ${at} = old + amount;`;
  return `fn add_words_${limbs}(${target}, first: u32, word: array<u32, 5>) {
  var words = word;
  var carry = 0u;
  for (var i = first; i < ${limbs}u; i++) {
    var amount = carry;
    if (i - first < 5u) { amount += words[i - first]; }
    carry = select(0u, 1u, amount < carry);
    if (amount != 0u) {
      ${step}
      carry += select(0u, 1u, old + amount < amount);
    }
    if (i - first >= 4u && carry == 0u) { break; }
  }
}`;
}

function bodyOf(program: Program, kind: string, add: string): string {
  const whole = (value: string) => `  ${add}(sum, 0u, u64_square(${value}));`;
  switch (kind) {
    case "bool":
      return whole("vec2u(select(0u, 1u, v), 0u)");
    case "i32":
      return whole("vec2u(bitcast<u32>(abs(v)), 0u)");
    case "i64":
      return whole(`${program.use("i64_abs")}(v)`);
    case "u64":
      return whole("v");
    case "f32":
      return floatBody(
        add,
        `  let bits = bitcast<u32>(v);
  let exponent = (bits >> 23u) & 0xffu;
  if (exponent == 0xffu) { return; }
  let significand = vec2u((bits & 0x7fffffu) | select(0u, 0x800000u, exponent != 0u), 0u);`,
      );
    case "f64":
      return floatBody(
        add,
        `  let exponent = (v.y >> 20u) & 0x7ffu;
  if (exponent == 0x7ffu) { return; }
  let significand = vec2u(v.x, (v.y & 0xfffffu) | select(0u, 0x100000u, exponent != 0u));`,
      );
    default:
      return whole("vec2u(v, 0u)");
  }
}

// Twice the exponent says where the square of the significand goes.
const floatBody = (add: string, split: string) => `${split}
  let shift = (max(exponent, 1u) - 1u) << 1u;
  let by = shift & 31u;
  var square = u64_square(significand);
  if (by != 0u) {
    for (var i = 4u; i > 0u; i--) { square[i] = (square[i] << by) | (square[i - 1u] >> (32u - by)); }
    square[0] = square[0] << by;
  }
  ${add}(sum, shift >> 5u, square);`;
