// The rank of each row's value among the sorted values of a column: of codes by a table, of text by binary
// search among the values.
// Parameters p[0]: rows, number of values, word of the output where validity begins, for text word of the
// values where their bytes begin.
import { type ColumnStore, isText } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { Emitter } from "./emit.ts";
import { type Extra, type KernelText, Program } from "./program.ts";
import { indent } from "./project.ts";

/** A uint32 column of ranks. Extras: values (ranks by code, or the sorted texts), out. */
export function rankKernel(store: ColumnStore, at: Typed): KernelText {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const { v, ok } = emitter.emit(at);
  const nulls = ok !== "true";
  const rank = isText(at.type) ? textRank(program, at, v) : `values[min(${v}, p[0].y - 1u)]`;
  const body = [
    "let row = i;",
    ...emitter.lines,
    nulls ? `if (${ok}) { out[i] = ${rank}; valid |= 1u << (i & 31u); }` : `out[i] = ${rank};`,
  ];
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  var valid = 0u;
  for (var i = first; i < min(first + 32u, p[0].x); i++) {
${indent(body, 4)}
  }
${nulls ? "  out[p[0].z + id.x] = valid;\n" : ""}}`;
  const extras: Extra[] = [
    { name: "values", type: "array<u32>" },
    { name: "out", type: "array<u32>" },
  ];
  return program.build(`ranks of ${at.column}`, extras, main);
}

function textRank(program: Program, at: Typed, v: string): string {
  const word = program.textWord(at.column!);
  program.add(`fn value_word(byte: u32) -> u32 {
  let at = p[0].w + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  return (values[at] >> shift) | ((values[at + 1u] << 1u) << (31u - shift));
}
fn big_endian(a: u32, left: u32) -> u32 {
  let swapped = (a << 24u) | ((a & 0xff00u) << 8u) | ((a >> 8u) & 0xff00u) | (a >> 24u);
  return swapped & ~select(0xffffffffu >> (left << 3u), 0u, left >= 4u);
}
fn text_rank(at: vec2u) -> u32 {
  let size = at.y - at.x;
  var low = 0u;
  var high = p[0].y;
  while (low < high) {
    let middle = (low + high) >> 1u;
    let start = values[middle];
    let other = values[middle + 1u] - start;
    var less = other < size;
    for (var k = 0u; k < min(size, other); k += 4u) {
      let mine = big_endian(${word}(at.x + k), size - k);
      let theirs = big_endian(value_word(start + k), other - k);
      if (mine != theirs) { less = theirs < mine; break; }
    }
    if (less) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}`);
  return `text_rank(${v})`;
}
