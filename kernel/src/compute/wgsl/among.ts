// Membership in a list. Few texts are compared one by one; longer lists are sorted and searched, from a table
// that is bound beside the columns: as tests of their own they would take the compiler seconds.

import { isTextual } from "../comparison.ts";
import type { Typed, TypedValue } from "../typed.ts";
import type { Emitted, Emitting, TextValue } from "./context.ts";
import { ofTable, order, textTable } from "./strings.ts";

/** Texts that are compared one by one. */
const FEW_TEXTS = 16;
/** Words of a text that are loaded once, when it is compared with several. */
const LOADED_WORDS = 8;

/** Emits whether `at.args[0]` is one of `at.values`. */
export function emitAmong(to: Emitting, at: Typed): Emitted {
  const [arg] = at.args as [Typed];
  if (!isTextual(arg)) return amongNumbers(to, arg, at.values!);
  const texts = (at.values as readonly string[]).map((text) => Buffer.from(text));
  const text = to.text(arg);
  if (texts.length > FEW_TEXTS) return { v: amongTexts(to, text, texts), ok: text.ok };
  return { v: to.let(textTests(to, text, texts).join(" || ") || "false"), ok: text.ok };
}

function textTests(
  to: Emitting,
  { size, word }: TextValue,
  texts: readonly Uint8Array[],
): string[] {
  const longest = Math.max(0, ...texts.map((bytes) => bytes.byteLength));
  const count = Math.min(LOADED_WORDS, Math.ceil(longest / 4));
  const loaded = Array.from({ length: count }, (_, i) => to.let(word(`${i * 4}u`)));
  return texts.map((bytes) => {
    const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
    padded.set(bytes);
    const tests = Array.from(
      new Uint32Array(padded.buffer),
      (value, i) => `${loaded[i] ?? word(`${i * 4}u`)} == ${constant(to, value)}`,
    );
    return `(${[`${size} == ${bytes.byteLength}u`, ...tests].join(" && ")})`;
  });
}

const constant = (to: Emitting, value: number) =>
  to.program.literal([value])?.[0] ?? `0x${value.toString(16)}u`;

// The least text that is not before this one: is it this one?
function amongTexts(to: Emitting, text: TextValue, texts: readonly Uint8Array[]): string {
  const sorted = texts.toSorted(Buffer.compare);
  const count = constant(to, sorted.length);
  const base = to.program.table(textTable(sorted));
  const [found, low, high] = [to.name("found"), to.name("low"), to.name("high")];
  const body = to.block(() => {
    const middle = to.let(`(${low} + ${high}) >> 1u`);
    const sign = order(to, ofTable(to, base, count, middle, "true"), text);
    to.add(`if (${sign} == 0i) { ${found} = true; break; }
if (${sign} < 0i) { ${low} = ${middle} + 1u; } else { ${high} = ${middle}; }`);
  });
  to.add(`var ${found} = false;
var ${low} = 0u;
var ${high} = ${count};
while (${low} < ${high}) {
${body.join("\n")}
}`);
  return found;
}

function amongNumbers(
  to: Emitting,
  arg: Typed,
  values: readonly Exclude<TypedValue, null>[],
): Emitted {
  const { v, ok } = to.emit(arg);
  const { kind } = arg.type;
  const wide = kind === "i64" || kind === "u64" || kind === "f64";
  const sorted = [...new Set(values.map((value) => orderOf(kind, value as number | bigint)))].sort(
    (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  );
  const words = new Uint32Array(sorted.length * (wide ? 2 : 1));
  sorted.forEach((value, i) => {
    if (!wide) words[i] = Number(value);
    else [words[i * 2], words[i * 2 + 1]] = [Number(value & 0xffff_ffffn), Number(value >> 32n)];
  });
  const name = wide ? "among_wide" : "among";
  to.program.addOnce(name, wide ? AMONG_WIDE : AMONG);
  if (wide) to.program.use("u64_lt");
  const base = to.program.table(words);
  const call = `${name}(${base}, ${constant(to, sorted.length)}, ${orderText(to, kind, v)})`;
  return { v: to.let(call), ok };
}

const bits = new DataView(new ArrayBuffer(8));

/** An unsigned integer: as the values are ordered, so are these. Zeros are one value. */
function orderOf(kind: string, value: number | bigint): bigint {
  if (kind === "i32" || kind === "u32" || kind === "u64") return BigInt(value) & mask(kind);
  if (kind === "i64") return BigInt.asUintN(64, BigInt(value));
  const number = Number(value) === 0 ? 0 : Number(value);
  const size = kind === "f32" ? 32n : 64n;
  if (kind === "f32") bits.setFloat32(0, number);
  else bits.setFloat64(0, number);
  const raw = kind === "f32" ? BigInt(bits.getUint32(0)) : bits.getBigUint64(0);
  return raw >> (size - 1n) ? BigInt.asUintN(Number(size), ~raw) : raw | (1n << (size - 1n));
}

const mask = (kind: string) => (kind === "u64" ? 2n ** 64n - 1n : 2n ** 32n - 1n);

function orderText(to: Emitting, kind: string, v: string): string {
  if (kind === "f32" || kind === "f64") return `${to.program.use(`${kind}_order`)}(${v})`;
  return kind === "i32" ? `bitcast<u32>(${v})` : v;
}

const AMONG = `fn among(base: u32, count: u32, x: u32) -> bool {
  var low = 0u;
  var high = count;
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (k[base + middle] < x) { low = middle + 1u; } else { high = middle; }
  }
  return low < count && k[base + low] == x;
}`;

const AMONG_WIDE = `fn among_wide(base: u32, count: u32, x: vec2u) -> bool {
  var low = 0u;
  var high = count;
  while (low < high) {
    let middle = (low + high) >> 1u;
    let at = base + middle * 2u;
    if (u64_lt(vec2u(k[at], k[at + 1u]), x)) { low = middle + 1u; } else { high = middle; }
  }
  let at = base + low * 2u;
  return low < count && k[at] == x.x && k[at + 1u] == x.y;
}`;
