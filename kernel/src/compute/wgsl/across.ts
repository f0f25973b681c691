// Takes rows of a column that lies in several chunks by their numbers over all of them: one dispatch for each
// chunk writes the rows that are in it, and leaves the others. An invocation owns 32 rows of the output,
// so that what several dispatches write to one word needs no atomics; bytes of text do.
// Parameters p[0]: rows, rows of the chunk, number of its first row, word of the output where validity begins.
import type { ColumnStore } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { Emitter } from "./emit.ts";
import { type Extra, type KernelText, Program } from "./program.ts";
import { indent } from "./project.ts";

const INDEX: Extra = { name: "index", type: "array<u32>" };

interface Begun {
  readonly program: Program;
  readonly lines: readonly string[];
  readonly ok: string;
}

function begin(store: ColumnStore, at: Typed): Begun {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const ok = emitter.valid(at);
  return {
    program,
    ok,
    lines: ["let row = index[i] - p[0].z;", "if (row >= p[0].y) { continue; }", ...emitter.lines],
  };
}

function each32(body: readonly string[], after: readonly string[]): string {
  return `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  var valid = 0u;
  for (var i = first; i < min(first + 32u, p[0].x); i++) {
${indent(body, 4)}
  }
${indent(after, 2)}
}`;
}

const VALID = (ok: string) =>
  `valid |= ${ok === "true" ? "1u" : `select(0u, 1u, ${ok})`} << (i & 31u);`;
const STORE_VALID = "out[p[0].w + id.x] |= valid;";

/** Values and, with `nulls`, validity. Extras: index, out (zeroed). */
export function takeKernel(store: ColumnStore, at: Typed, nulls: boolean): KernelText {
  const { program, lines, ok } = begin(store, at);
  const c = `c${program.bind(at.column!)}`;
  const body = [...lines, ...copies(c, at.type.bits), ...(nulls ? [VALID(ok)] : [])];
  const extras: Extra[] = [INDEX, { name: "out", type: "array<u32>" }];
  return program.build(`take ${at.column}`, extras, each32(body, nulls ? [STORE_VALID] : []));
}

function copies(c: string, bits: number): string[] {
  if (bits >= 32) {
    const words = bits / 32;
    const word = (base: string, k: number) => (words === 1 ? base : `${base} * ${words}u + ${k}u`);
    return Array.from(
      { length: words },
      (_, k) => `out[${word("i", k)}] = ${c}[${word("row", k)}];`,
    );
  }
  // Packed values: [of a word's index, the place in it, the bits of a place].
  const [shift, mask, step] = { 1: [5, 31, 0], 8: [2, 3, 3], 16: [1, 1, 4] }[bits]!;
  const ones = `0x${(2 ** bits - 1).toString(16)}u`;
  const value = `(${c}[row >> ${shift}u] >> ((row & ${mask}u) << ${step}u)) & ${ones}`;
  return [`out[i >> ${shift}u] |= (${value}) << ((i & ${mask}u) << ${step}u);`];
}

/** Validity alone, of lists and structs. Extras: index, out (zeroed). */
export function takeValidityKernel(store: ColumnStore, at: Typed): KernelText {
  const { program, lines, ok } = begin(store, at);
  const extras: Extra[] = [INDEX, { name: "out", type: "array<u32>" }];
  const main = each32([...lines, VALID(ok)], [STORE_VALID]);
  return program.build(`take validity of ${at.column}`, extras, main);
}

/**
 * Numbers of the items of lists, over all chunks. Extras: index, starts (where those of each list go), items. The
 * last parameter is the number of the chunk's first item.
 */
export function listItemsKernel(store: ColumnStore, at: Typed): KernelText {
  const { program, lines, ok } = begin(store, at);
  const c = `c${program.bind(at.column!)}`;
  const copy = `for (var k = 0u; k < ${c}[row + 1u] - ${c}[row]; k++) {
  items[starts[i] + k] = p[0].w + ${c}[row] + k;
}`;
  const guarded = ok === "true" ? [copy] : [`if (${ok}) {`, indent(copy.split("\n"), 2), "}"];
  const extras: Extra[] = [
    INDEX,
    { name: "starts", type: "array<u32>" },
    { name: "items", type: "array<u32>" },
  ];
  return program.build(`items of ${at.column}`, extras, each32([...lines, ...guarded], []));
}

/** Bytes of each text, or items of each list; 0 of null. Extras: index, sizes (zeroed). */
export function sizesKernel(store: ColumnStore, at: Typed): KernelText {
  const { program, lines, ok } = begin(store, at);
  const c = `c${program.bind(at.column!)}`;
  const size = `${c}[row + 1u] - ${c}[row]`;
  const body = [...lines, `sizes[i] = ${ok === "true" ? size : `select(0u, ${size}, ${ok})`};`];
  const extras: Extra[] = [INDEX, { name: "sizes", type: "array<u32>" }];
  return program.build(`sizes ${at.column}`, extras, each32(body, []));
}

/**
 * Bytes and, with `nulls`, validity of text; the offsets are there. Extras: index, starts (the offsets), out
 * (zeroed). `starts` has the word where bytes begin behind its last offset.
 */
export function textKernel(store: ColumnStore, at: Typed, nulls: boolean): KernelText {
  const { program, lines, ok } = begin(store, at);
  const c = `c${program.bind(at.column!)}`;
  const word = program.textWord(at.column!);
  program.add(`fn put(byte: u32, value: u32) {
  let to = starts[p[0].x + 1u] + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  atomicOr(&out[to], value << shift);
  if (shift != 0u && (value >> (32u - shift)) != 0u) { atomicOr(&out[to + 1u], value >> (32u - shift)); }
}`);
  const copy = `let start = ${c}[row];
let size = ${c}[row + 1u] - start;
for (var k = 0u; k < size; k += 4u) {
  var value = ${word}(start + k);
  if (size - k < 4u) { value &= (1u << ((size - k) << 3u)) - 1u; }
  put(starts[i] + k, value);
}`;
  const guarded = ok === "true" ? [copy] : [`if (${ok}) {`, indent(copy.split("\n"), 2), "}"];
  const body = [...lines, ...(nulls ? [VALID(ok)] : []), ...guarded];
  const after = nulls ? ["atomicOr(&out[p[0].w + id.x], valid);"] : [];
  const extras: Extra[] = [
    INDEX,
    { name: "starts", type: "array<u32>" },
    { name: "out", type: "array<atomic<u32>>" },
  ];
  return program.build(`text ${at.column}`, extras, each32(body, after));
}
