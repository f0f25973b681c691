// One computed or gathered column: each invocation makes 32 rows of it, so that it owns a whole word of
// validity and whole words of packed values, and needs no atomics.
// Parameters p[0]: rows, word of the output where validity begins.
import type { ColumnStore, ColumnType } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { Emitter } from "./emit.ts";
import { type Extra, type KernelText, Program } from "./program.ts";

export interface ProjectKernel {
  readonly text: KernelText;
  /** Whether the output has a validity section. */
  readonly nulls: boolean;
}

/**
 * Kernel for `at` over all rows, or over those whose numbers are in a block ("index", bound after the
 * columns). The last binding is the output. Text has kernels of its own (text.ts).
 */
export function projectKernel(
  store: ColumnStore,
  at: Typed,
  indexed: boolean,
  label: string,
): ProjectKernel {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const raw = at.op === "column";
  const { v, ok } = raw ? { v: "", ok: emitter.valid(at) } : emitter.emit(at);
  const nulls = ok !== "true";
  const writes = raw ? copyLines(program, at) : storeLines(program, at.type, v, ok);
  const body = [
    ...emitter.lines,
    ...writes.each,
    ...(nulls ? [`valid |= select(0u, 1u, ${ok}) << (i & 31u);`] : []),
  ];
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  let end = min(first + 32u, p[0].x);
  var valid = 0u;
  var pack = 0u;
  for (var i = first; i < end; i++) {
    let row = ${indexed ? "index[i]" : "i"};
${indent(body, 4)}
  }
${indent([...writes.after, ...(nulls ? ["out[p[0].y + id.x] = valid;"] : [])], 2)}
}`;
  const extras: Extra[] = [
    ...(indexed ? [{ name: "index", type: "array<u32>" } as const] : []),
    { name: "out", type: "array<u32>" },
  ];
  return { text: program.build(label, extras, main), nulls };
}

/** Statements, one a line, indented. */
export function indent(lines: readonly string[], by: number): string {
  return lines
    .map((line) => " ".repeat(by) + line.replaceAll("\n", `\n${" ".repeat(by)}`))
    .join("\n");
}

interface Writes {
  readonly each: string[];
  readonly after: string[];
}

// Words as they are, whatever they mean.
function copyLines(program: Program, at: Typed): Writes {
  const { type } = program.column(at.column!);
  if (type.bits === 0) return { each: [], after: [] };
  const c = `c${program.bind(at.column!)}`;
  if (type.bits === 1) return packed(1, `(${c}[row >> 5u] >> (row & 31u)) & 1u`);
  if (type.bits === 8) return packed(8, `(${c}[row >> 2u] >> ((row & 3u) << 3u)) & 0xffu`);
  if (type.bits === 16) return packed(16, `(${c}[row >> 1u] >> ((row & 1u) << 4u)) & 0xffffu`);
  const words = type.bits / 32;
  const word = (base: string, k: number) => (words === 1 ? base : `${base} * ${words}u + ${k}u`);
  const each = Array.from(
    { length: words },
    (_, k) => `out[${word("i", k)}] = ${c}[${word("row", k)}];`,
  );
  return { each, after: [] };
}

function packed(bits: number, value: string): Writes {
  if (bits === 1)
    return { each: [`pack |= (${value}) << (i & 31u);`], after: ["out[id.x] = pack;"] };
  const [mask, shift] = bits === 8 ? ["3u", 3] : ["1u", 4];
  const each = [
    `pack |= (${value}) << ((i & ${mask}) << ${shift}u);`,
    `if ((i & ${mask}) == ${mask} || i + 1u == end) { out[i >> ${bits === 8 ? 2 : 1}u] = pack; pack = 0u; }`,
  ];
  return { each, after: [] };
}

/** Statements that store row i of 32. Nulls are stored as zeros, so that equal results are equal bytes. */
export function storeLines(program: Program, type: ColumnType, v: string, ok: string): Writes {
  const masked = (bits: string) => (ok === "true" ? bits : `select(0u, ${bits}, ${ok})`);
  if (type.kind === "bool") return packed(1, masked(`select(0u, 1u, ${v})`));
  const wordType = type.kind === "i32" || type.kind === "f32";
  if (type.bits > 32) {
    const words = type.bits / 32;
    const each = [..."xyzw"]
      .slice(0, words)
      .map((part, k) => `out[i * ${words}u + ${k}u] = ${masked(`${v}.${part}`)};`);
    return { each, after: [] };
  }
  const word = wordType ? `bitcast<u32>(${v})` : v;
  if (type.bits === 32) return { each: [`out[i] = ${masked(word)};`], after: [] };
  if (type.kind === "f32") return packed(16, masked(`${program.use("f32_to_f16")}(${v})`));
  return packed(type.bits, masked(`${word} & ${type.bits === 8 ? "0xffu" : "0xffffu"}`));
}
