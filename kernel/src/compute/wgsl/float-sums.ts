// The fixed-point sum of floats: the function that adds one of them, in the three forms of accumulate.ts.
import { type Form, type Part, wordsOf } from "./parts.ts";
import type { Program } from "./program.ts";

type Floats = Part & { readonly kind: "floats" };
type Flag = (bit: string) => string;

/**
 * The name of the function that adds a float to its sum: its significand, shifted, touches two limbs (three
 * for float64); then the carry or borrow runs on as far as it must.
 */
export function addFloat(program: Program, form: Form, part: Floats): string {
  const { limbs, base } = part;
  const kind = part.of.type.kind as "f32" | "f64";
  const all = base === undefined;
  const below = all ? undefined : (program.literal([base])?.[0] ?? `${base}u`);
  const from = all ? "" : ` - ${below}`;
  const name = all ? `add_${kind}` : `add_${kind}_${limbs}${from.replace(/\W+/g, "_")}`;
  const [target, at] =
    form === "local"
      ? [`sum: ptr<function, array<u32, ${wordsOf(part)}>>`, (i: string) => `(*sum)[${i}]`]
      : ["sum: u32", (i: string) => `acc[sum + ${i}]`];
  const flag = (bit: string) =>
    form === "shared" ? `atomicOr(&${at(`${limbs}u`)}, ${bit})` : `${at(`${limbs}u`)} |= ${bit}`;
  const step = (operation: string, plain: string) =>
    form === "shared" ? `atomic${operation}(&${at("i")}, amount)` : plain;
  const write =
    form === "shared" ? "" : `\n      ${at("i")} = select(old + amount, old - amount, negative);`;
  const read =
    form === "shared"
      ? `var old = 0u;
      if (negative) { old = ${step("Sub", "")}; } else { old = ${step("Add", "")}; }`
      : `let old = ${at("i")};`;
  program.addOnce(
    name,
    `fn ${name}(${target}, bits: ${kind === "f32" ? "u32" : "vec2u"}) {
${(kind === "f32" ? SPLIT_F32 : SPLIT_F64)(all ? flag : undefined, from)}
  var carry = 0u;
  for (var i = first; i < ${limbs}u; i++) {
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
      ${read}${write}
      carry |= select(0u, 1u, select(old + amount < amount, old < amount, negative));
    }
    if (i - first >= 2u && carry == 0u) { break; }
  }
}`,
  );
  return name;
}

// Of zeros the first limb may be below the base: then it is beyond all limbs.
const SPLIT_F32 = (flag: Flag | undefined, from: string) => `  let exponent = (bits >> 23u) & 0xffu;
  let negative = (bits >> 31u) == 1u;${flagged(flag, "0xffu", "(bits & 0x7fffffu) != 0u")}
  let significand = (bits & 0x7fffffu) | select(0u, 0x800000u, exponent != 0u);
  let shift = max(exponent, 1u) - 1u;
  let first = (shift >> 5u)${from};
  let by = shift & 31u;
  let word = vec3u(significand << by, select(significand >> (32u - by), 0u, by == 0u), 0u);`;

const SPLIT_F64 = (
  flag: Flag | undefined,
  from: string,
) => `  let exponent = (bits.y >> 20u) & 0x7ffu;
  let negative = (bits.y >> 31u) == 1u;${flagged(flag, "0x7ffu", "((bits.y & 0xfffffu) | bits.x) != 0u")}
  let high = (bits.y & 0xfffffu) | select(0u, 0x100000u, exponent != 0u);
  let shift = max(exponent, 1u) - 1u;
  let first = (shift >> 5u)${from};
  let by = shift & 31u;
  let down = (32u - by) & 31u;
  let word = select(
    vec3u(bits.x << by, (high << by) | (bits.x >> down), high >> down),
    vec3u(bits.x, high, 0u),
    by == 0u);`;

const flagged = (flag: Flag | undefined, most: string, nan: string) =>
  flag
    ? `
  if (exponent == ${most}) {
    ${flag(`select(select(2u, 4u, negative), 1u, ${nan})`)};
    return;
  }`
    : "";
