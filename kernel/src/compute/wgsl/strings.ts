// Texts in kernels. A text is not copied to be computed with: it is its size and a way to read four bytes of
// it from any byte on, whether it lies in a column, in a dictionary or in the query, or is a part, a change
// or a joining of others. So a chain of text operations stores nothing but its result.
import { isText } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { both, type Emitted, type Emitting, type TextValue } from "./context.ts";

/** The text that `at` is in this row. */
export function textValue(to: Emitting, at: Typed): TextValue {
  switch (at.op) {
    case "column":
    case "element":
      return isText(at.type) ? ofColumn(to, at) : ofDictionary(to, at);
    case "literal":
      return ofLiteral(to, at);
    case "upper":
    case "lower":
      return letters(to, at);
    case "slice":
      return slice(to, at);
    case "concat":
      return concat(to, at);
    case "fillNull": {
      const [a, b] = at.args.map((arg) => to.text(arg)) as [TextValue, TextValue];
      if (a.ok === "true") return a;
      return chosen(to, a.ok, a, b, b.ok === "true" ? "true" : to.condition(`${a.ok} || ${b.ok}`));
    }
    case "if": {
      const test = to.emit(at.args[0]!);
      const [a, b] = [to.text(at.args[1]!), to.text(at.args[2]!)];
      const by = to.condition(both(test.ok, test.v));
      const ok = a.ok === b.ok ? a.ok : to.condition(`select(${b.ok}, ${a.ok}, ${by})`);
      return chosen(to, by, a, b, ok);
    }
    default:
      throw new Error(`no text of ${at.op}`);
  }
}

/** Four bytes with zeros for those past the end: k is where they begin in a text of `size` bytes. */
function clip(to: Emitting, word: string, size: string, k: string): string {
  return `${to.program.use("text_clip")}(${word}, ${size}, ${k})`;
}

function ofColumn(to: Emitting, at: Typed): TextValue {
  const { v, ok } = to.emit(at);
  const word = to.program.textWord(at.column!);
  const size = to.let(`${v}.y - ${v}.x`);
  return { size, ok, word: (k) => clip(to, `${word}(${v}.x + ${k})`, size, k) };
}

/** Texts as a table: where each begins, in bytes, and where the last ends; then the bytes. */
export function textTable(texts: readonly Uint8Array[]): Uint32Array {
  const bytes = texts.reduce((sum, text) => sum + text.byteLength, 0);
  const words = new Uint32Array(texts.length + 1 + Math.ceil(bytes / 4));
  const content = new Uint8Array(words.buffer, (texts.length + 1) * 4);
  let at = 0;
  texts.forEach((text, i) => {
    words[i] = at;
    content.set(text, at);
    at += text.byteLength;
  });
  words[texts.length] = at;
  return words;
}

/** Text number `i` of a table of `count` that begins at word `base`; a text of no bytes where not `ok`. */
export function ofTable(
  to: Emitting,
  base: string,
  count: number | string,
  i: string,
  ok: string,
): TextValue {
  const { program } = to;
  program.addOnce("k_word", K_WORD);
  const place = `vec2u(k[${base} + ${i}], k[${base} + ${i} + 1u])`;
  const v = to.let(ok === "true" ? place : `select(vec2u(), ${place}, ${ok})`);
  const size = to.let(`${v}.y - ${v}.x`);
  const first = to.let(`((${base} + ${count} + 1u) << 2u) + ${v}.x`);
  return { size, ok, word: (k) => clip(to, `k_word(${first} + ${k})`, size, k) };
}

const K_WORD = `fn k_word(byte: u32) -> u32 {
  let at = byte >> 2u;
  let shift = (byte & 3u) << 3u;
  return (k[at] >> shift) | ((k[at + 1u] << 1u) << (31u - shift));
}`;

function ofDictionary(to: Emitting, at: Typed): TextValue {
  const { v, ok } = to.emit(at);
  const texts = to.program.column(at.column!).dictionary!.map((text) => Buffer.from(String(text)));
  const count = to.program.literal([texts.length])?.[0] ?? `${texts.length}u`;
  return ofTable(to, to.program.table(textTable(texts)), count, v, ok);
}

function ofLiteral(to: Emitting, at: Typed): TextValue {
  if (at.value === null) return { size: "0u", ok: "false", word: () => "0u" };
  const base = to.program.table(textTable([Buffer.from(String(at.value))]));
  return ofTable(to, base, "1u", "0u", "true");
}

function letters(to: Emitting, at: Typed): TextValue {
  const { size, ok, word } = to.text(at.args[0]!);
  const change = to.program.use(`text_${at.op}`);
  return { size, ok, word: (k) => `${change}(${word(k)})` };
}

function concat(to: Emitting, at: Typed): TextValue {
  const [a, b] = at.args.map((arg) => to.text(arg)) as [TextValue, TextValue];
  const ok = both(a.ok, b.ok);
  const join = to.program.use("text_join");
  return {
    size: to.let(`${a.size} + ${b.size}`),
    ok: /^\w+$/.test(ok) ? ok : to.condition(ok),
    word: (k) =>
      `${join}(${a.word(k)}, ${b.word(`(max(${k}, ${a.size}) - ${a.size})`)}, ${a.size}, ${k})`,
  };
}

function chosen(to: Emitting, by: string, a: TextValue, b: TextValue, ok: string): TextValue {
  return {
    size: to.let(`select(${b.size}, ${a.size}, ${by})`),
    ok,
    word: (k) => `select(${b.word(k)}, ${a.word(k)}, ${by})`,
  };
}

// A row that is null may have any bytes: its size is 0 here, so that no loop runs over them.
function slice(to: Emitting, at: Typed): TextValue {
  const text = to.text(at.args[0]!);
  const [offset, length] = at.span!;
  const low = to.name("low");
  const high = to.name("high");
  if (offset < 0) {
    const first = to.let(`i32(${points(to, text)}) - ${-offset}i`);
    to.add(`let ${low} = u32(max(${first}, 0i));`);
    if (length !== null) to.add(`let ${high} = u32(max(${first} + ${length}i, 0i));`);
  } else {
    to.add(`let ${low} = ${offset}u;`);
    if (length !== null) to.add(`let ${high} = ${offset + length}u;`);
  }
  const begin = forward(to, text, "0u", low);
  const end =
    length === null ? text.size : forward(to, text, begin, `(max(${high}, ${low}) - ${low})`);
  const size = to.let(`${end} - ${begin}`);
  return { size, ok: text.ok, word: (k) => clip(to, text.word(`(${begin} + ${k})`), size, k) };
}

/** Code points of a text: bytes that continue one are left out. */
function points(to: Emitting, text: TextValue): string {
  const n = to.name("n");
  const k = to.name("k");
  to.add(`var ${n} = ${text.size};
for (var ${k} = 0u; ${k} < ${text.size}; ${k} += 4u) { ${n} -= ${to.program.use("text_continued")}(${text.word(k)}); }`);
  return n;
}

/** The byte `count` code points after byte `from`, or the end. */
function forward(to: Emitting, text: TextValue, from: string, count: string): string {
  const at = to.name("b");
  const left = to.name("left");
  to.add(`var ${at} = ${from};
for (var ${left} = ${count}; ${at} < ${text.size}; ${at}++) {
  if ((${text.word(at)} & 0xc0u) == 0x80u) { continue; }
  if (${left} == 0u) { break; }
  ${left}--;
}`);
  return at;
}

/** A number or a bool of texts: comparisons, tests and lengths. Null where one of the texts is. */
export function textTest(to: Emitting, at: Typed): Emitted {
  const texts = at.args.map((arg) => to.text(arg));
  const [a, b] = texts as [TextValue, TextValue];
  const joint = texts.map(({ ok }) => ok).reduce(both, "true");
  const ok = /^\w+$/.test(joint) ? joint : to.condition(joint);
  switch (at.op) {
    case "byteLength":
      return { v: to.let(`i32(${a.size})`), ok };
    case "length":
      return { v: to.let(`i32(${points(to, a)})`), ok };
    case "eq":
      return { v: equal(to, a, b), ok };
    case "startsWith":
      return { v: matches(to, `${a.size} >= ${b.size}`, a, b, "0u"), ok };
    case "endsWith": {
      const from = to.let(`${a.size} - min(${a.size}, ${b.size})`);
      return { v: matches(to, `${a.size} >= ${b.size}`, a, b, from), ok };
    }
    case "contains":
      return { v: contains(to, a, b), ok };
    default: {
      const sign = { gt: "> 0i", ge: ">= 0i", lt: "< 0i", le: "<= 0i" }[at.op as "gt"];
      return { v: to.let(`${order(to, a, b)} ${sign}`), ok };
    }
  }
}

/** Whether two texts are equal. */
export function equal(to: Emitting, a: TextValue, b: TextValue): string {
  return matches(to, `${a.size} == ${b.size}`, a, b, "0u");
}

/** Where `first` holds: whether the bytes of `b` are those of `a` from byte `from` on. */
function matches(to: Emitting, first: string, a: TextValue, b: TextValue, from: string): string {
  const same = to.name("same");
  const k = to.name("k");
  to.add(`var ${same} = ${first};
for (var ${k} = 0u; ${same} && ${k} < ${b.size}; ${k} += 4u) {
  ${same} = ${clip(to, a.word(`(${from} + ${k})`), b.size, k)} == ${b.word(k)};
}`);
  return same;
}

function contains(to: Emitting, a: TextValue, b: TextValue): string {
  const [found, from, k, head] = [to.name("found"), to.name("s"), to.name("k"), to.name("head")];
  to.add(`var ${found} = false;
let ${head} = ${b.word("0u")};
for (var ${from} = 0u; !${found} && ${b.size} <= ${a.size} && ${from} <= ${a.size} - ${b.size}; ${from}++) {
  ${found} = ${clip(to, a.word(from), b.size, "0u")} == ${head};
  for (var ${k} = 4u; ${found} && ${k} < ${b.size}; ${k} += 4u) {
    ${found} = ${clip(to, a.word(`(${from} + ${k})`), b.size, k)} == ${b.word(k)};
  }
}`);
  return found;
}

/** −1, 0 or 1: the order of the bytes of two texts. */
export function order(to: Emitting, a: TextValue, b: TextValue): string {
  const [sign, k, x, y] = [to.name("sign"), to.name("k"), to.name("x"), to.name("y")];
  const swap = to.program.use("text_swap");
  to.add(`var ${sign} = select(select(0i, -1i, ${a.size} < ${b.size}), 1i, ${a.size} > ${b.size});
for (var ${k} = 0u; ${k} < min(${a.size}, ${b.size}); ${k} += 4u) {
  let ${x} = ${swap}(${a.word(k)});
  let ${y} = ${swap}(${b.word(k)});
  if (${x} != ${y}) { ${sign} = select(1i, -1i, ${x} < ${y}); break; }
}`);
  return sign;
}
