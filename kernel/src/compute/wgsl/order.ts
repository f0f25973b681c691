// Keys as unsigned numbers whose order is the order of the rows. Each key is one or more fields of up to 64
// bits: a bit that says null, where there are nulls, then the value. boundsKernel finds the least and the
// greatest of each field; packKernel subtracts the least, and lays the few bits that are left side by side
// in words, the last field lowest. Both treat one key at a time, and its direction is a parameter, so that
// few kernels serve all sorts. Equal words are equal keys: null equals null, NaN NaN, −0 0.
import { type ColumnStore, isText } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { ordered } from "./accumulate.ts";
import { Emitter } from "./emit.ts";
import { type Extra, type KernelText, Program } from "./program.ts";
import { indent } from "./project.ts";
import { EACH_ROW } from "./rows.ts";

export interface KeySpec {
  readonly at: Typed;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Of text: words that hold four bytes each, the last one three and the length. */
  readonly textWords?: number;
}

/** Fields of a key; each has 4 words of bounds. */
export function fieldCount(key: KeySpec, nulls: boolean): number {
  const { type } = key.at;
  const values = isText(type) ? Math.ceil(key.textWords! / 2) : type.kind === "decimal" ? 2 : 1;
  return values + (nulls ? 1 : 0);
}

interface Field {
  /** vec2u, low word first. */
  readonly v: string;
  /** False where the field's value counts for nothing. */
  readonly ok: string;
}

/** Statements and fields of the key of `row`, the most significant field first; p[0].w says its direction. */
function fieldsOf(emitter: Emitter, key: KeySpec, nullable: boolean): Field[] {
  const { v, ok } = emitter.emit(key.at);
  const values = isText(key.at.type)
    ? textFields(emitter, key, v)
    : wide(emitter.program, key.at, v).map((field) => emitter.let(field));
  const fields = values.map((value) => ({
    v: emitter.let(`select(${value}, ~${value}, (p[0].w & ${DESCENDING}u) != 0u)`),
    ok,
  }));
  if (!nullable) return fields;
  const first = emitter.let(`(p[0].w & ${NULLS_FIRST}u) != 0u`);
  const flag = `vec2u(select(0u, 1u, ${ok === "true" ? first : `${ok} == ${first}`}), 0u)`;
  return [{ v: emitter.let(flag), ok: "true" }, ...fields];
}

/** Bits of p[0].w. */
const DESCENDING = 1;
const NULLS_FIRST = 2;

/** The direction of a key, as kernels read it. */
export const directionOf = ({ descending, nullsFirst }: KeySpec): number =>
  (descending ? DESCENDING : 0) | (nullsFirst ? NULLS_FIRST : 0);

// The high word of a 32-bit field is 0, also after `~`: what is the same in all rows is subtracted.
function wide(program: Program, at: Typed, v: string): string[] {
  const { kind } = at.type;
  if (kind === "decimal") return [`vec2u(${v}.z, ${v}.w ^ 0x80000000u)`, `${v}.xy`];
  const order = ordered(program, kind, v);
  if (kind === "f64")
    return [`select(${order}, vec2u(0xffffffffu), ${program.use("f64_nan")}(${v}))`];
  if (kind === "i64" || kind === "u64") return [order];
  if (kind === "f32")
    return [`vec2u(select(${order}, 0xffffffffu, ${program.use("f32_nan")}(${v})), 0u)`];
  return [`vec2u(${order}, 0u)`];
}

const SWAP = `fn swap_bytes(a: u32) -> u32 {
  return (a << 24u) | ((a & 0xff00u) << 8u) | ((a >> 8u) & 0xff00u) | (a >> 24u);
}`;

// Bytes in their order, zeros after the end; the length tells "a" from "a\\0".
function textFields(emitter: Emitter, { at, textWords }: KeySpec, v: string): string[] {
  const { program } = emitter;
  const word = program.textWord(at.column!);
  program.addOnce("swap_bytes", SWAP);
  program.addOnce(
    `${word}_order`,
    `fn ${word}_order(at: vec2u, k: u32) -> u32 {
  let size = at.y - at.x;
  if (k >= size) { return 0u; }
  let left = min(size - k, 4u);
  return swap_bytes(${word}(at.x + k)) & ~select(0xffffffffu >> (left << 3u), 0u, left == 4u);
}`,
  );
  const words = Array.from({ length: textWords! }, (_, k) => {
    const part = `${word}_order(${v}, ${k * 4}u)`;
    return k + 1 < textWords! ? part : `(${part} & 0xffffff00u) | (${v}.y - ${v}.x)`;
  });
  // Two words a field; a lone one is the first.
  if (words.length % 2 === 1) words.unshift("0u");
  const fields: string[] = [];
  for (let i = 0; i < words.length; i += 2)
    fields.push(emitter.let(`vec2u(${words[i + 1]}, ${words[i]})`));
  return fields;
}

/**
 * Least and greatest value of each field of a key, for each invocation: low and high word of both. Extra:
 * out. Parameters p[0]: end of the rows, rows an invocation, first row, direction.
 */
export function boundsKernel(store: ColumnStore, key: KeySpec, nullable: boolean): KernelText {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const fields = fieldsOf(emitter, key, nullable);
  return boundsText(program, emitter, fields, "keys: bounds");
}

/** The same for the length in bytes of a text. */
export function lengthsKernel(store: ColumnStore, at: Typed): KernelText {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const { v, ok } = emitter.emit(at);
  const length = { v: emitter.let(`vec2u(${v}.y - ${v}.x, 0u)`), ok };
  return boundsText(program, emitter, [length], "keys: lengths");
}

function boundsText(
  program: Program,
  emitter: Emitter,
  fields: readonly Field[],
  label: string,
): KernelText {
  const less = program.use("u64_lt");
  const updates = fields.flatMap(({ v, ok }, i) => [
    `if (${ok}) {`,
    `  if (${less}(${v}, low${i})) { low${i} = ${v}; }`,
    `  if (${less}(high${i}, ${v})) { high${i} = ${v}; }`,
    "}",
  ]);
  const variables = fields.flatMap((_, i) => [
    `var low${i} = vec2u(0xffffffffu);`,
    `var high${i} = vec2u(0u);`,
  ]);
  const stores = fields.flatMap((_, i) => {
    const at = `out[id.x * ${fields.length * 4}u + ${i * 4}u`;
    return [
      `${at}] = low${i}.x;`,
      `${at} + 1u] = low${i}.y;`,
      `${at} + 2u] = high${i}.x;`,
      `${at} + 3u] = high${i}.y;`,
    ];
  });
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = p[0].z + id.x * p[0].y;
  if (first >= p[0].x) { return; }
${indent(variables, 2)}
  for (var row = first; row < min(first + p[0].y, p[0].x); row++) {
${indent([...emitter.lines, ...updates], 4)}
  }
${indent(stores, 2)}
}`;
  return program.build(label, [{ name: "out", type: "array<u32>" }], main);
}

/**
 * Adds a key to the packed keys of rows: word j of row i is out[j × rows + i], word 0 the least significant.
 * Extras: plan (for each field its least value, low and high word, its bits, and the bit where it goes), out.
 * Parameters p[0]: rows, 0, first row, direction.
 */
export function packKernel(store: ColumnStore, key: KeySpec, nullable: boolean): KernelText {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const fields = fieldsOf(emitter, key, nullable);
  program.use("u64_sub");
  program.add(`fn put(i: u32, at: u32, value: u32) {
  let word = (at >> 5u) * p[0].x + i;
  let shift = at & 31u;
  out[word] |= value << shift;
  if (shift == 0u) { return; }
  let rest = value >> (32u - shift);
  if (rest != 0u) { out[word + p[0].x] |= rest; }
}`);
  const puts = fields.flatMap(({ v, ok }, i) => [
    `let bits${i} = plan[${i * 4 + 2}u];`,
    `if (bits${i} != 0u${ok === "true" ? "" : ` && ${ok}`}) {`,
    `  let rest = u64_sub(${v}, vec2u(plan[${i * 4}u], plan[${i * 4 + 1}u]));`,
    `  put(i, plan[${i * 4 + 3}u], rest.x);`,
    `  if (bits${i} > 32u) { put(i, plan[${i * 4 + 3}u] + 32u, rest.y); }`,
    "}",
  ]);
  const main = `@compute @workgroup_size(64)
${EACH_ROW}
    let row = p[0].z + i;
${indent([...emitter.lines, ...puts], 4)}
  }
}`;
  const extras: Extra[] = [
    { name: "plan", type: "array<u32>" },
    { name: "out", type: "array<u32>" },
  ];
  return program.build("keys: pack", extras, main);
}
