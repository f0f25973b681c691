// Gathering text: first the bytes that each range of rows takes (sumsKernel, then scanKernel), so that the
// output can be allocated; then offsets, validity and bytes (copyKernel). Ranges are whole words of
// validity; a word of text may be shared by two rows, hence the atomics.
import type { ColumnStore } from "../../columns/index.ts";
import { showTyped, type Typed } from "../typed.ts";
import type { TextValue } from "./context.ts";
import { Emitter } from "./emit.ts";
import { type Extra, type KernelText, Program } from "./program.ts";
import { indent } from "./project.ts";

const INDEX: Extra = { name: "index", type: "array<u32>" };

interface Begun {
  readonly program: Program;
  readonly lines: readonly string[];
  readonly text: TextValue;
}

function begin(store: ColumnStore, at: Typed, indexed: boolean): Begun {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const text = emitter.text(at);
  return { program, lines: [`let row = ${indexed ? "index[i]" : "i"};`, ...emitter.lines], text };
}

const length = ({ size, ok }: TextValue) => (ok === "true" ? size : `select(0u, ${size}, ${ok})`);

/** Whether the text is null in some row. */
export function textNulls(store: ColumnStore, at: Typed): boolean {
  return begin(store, at, false).text.ok !== "true";
}

/** Bytes of text for each range. Extras: index (if indexed), sums. p[0]: rows, 32-row words a range. */
export function textSumsKernel(store: ColumnStore, at: Typed, indexed: boolean): KernelText {
  const begun = begin(store, at, indexed);
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * (p[0].y << 5u);
  if (first >= p[0].x) { return; }
  var total = 0u;
  for (var i = first; i < min(first + (p[0].y << 5u), p[0].x); i++) {
${indent([...begun.lines, `let size = ${length(begun.text)};`, "total = select(total + size, 0xffffffffu, total + size < size);"], 4)}
  }
  sums[id.x] = total;
}`;
  const extras: Extra[] = [...(indexed ? [INDEX] : []), { name: "sums", type: "array<u32>" }];
  return begun.program.build(`text sizes ${showTyped(at)}`, extras, main);
}

/**
 * Offsets, validity and bytes. Extras: index (if indexed), sums (scanned), out (zeroed).
 * p[0]: rows, 32-row words a range, words of `out` where validity and bytes begin.
 */
export function textCopyKernel(store: ColumnStore, at: Typed, indexed: boolean): KernelText {
  const begun = begin(store, at, indexed);
  const { program, text } = begun;
  const { ok } = text;
  program.add(`fn put(byte: u32, value: u32) {
  let to = p[0].w + (byte >> 2u);
  let shift = (byte & 3u) << 3u;
  atomicOr(&out[to], value << shift);
  if (shift != 0u && (value >> (32u - shift)) != 0u) { atomicOr(&out[to + 1u], value >> (32u - shift)); }
}`);
  const valid = `if (${ok}) { atomicOr(&out[p[0].z + (i >> 5u)], 1u << (i & 31u)); }`;
  const body = [
    ...begun.lines,
    "atomicStore(&out[i], to);",
    ...(ok === "true" ? [] : [valid]),
    `let size = ${length(begun.text)};`,
    `for (var k = 0u; k < size; k += 4u) {
  put(to + k, ${text.word("k")});
}`,
    "to += size;",
  ];
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * (p[0].y << 5u);
  if (first >= p[0].x) { return; }
  let end = min(first + (p[0].y << 5u), p[0].x);
  var to = sums[id.x];
  for (var i = first; i < end; i++) {
${indent(body, 4)}
  }
  if (end == p[0].x) { atomicStore(&out[end], to); }
}`;
  const extras: Extra[] = [
    ...(indexed ? [INDEX] : []),
    { name: "sums", type: "array<u32>" },
    { name: "out", type: "array<atomic<u32>>" },
  ];
  return program.build(`text ${showTyped(at)}`, extras, main);
}
