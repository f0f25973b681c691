// Gathering lists: their sizes are measured as texts are (text.ts); then offsets and validity are written, and
// the numbers of the items that the lists take with them.
import type { ColumnStore } from "../../columns/index.ts";
import { showTyped, type Typed } from "../typed.ts";
import { both } from "./context.ts";
import { Emitter } from "./emit.ts";
import { type Extra, type KernelText, Program } from "./program.ts";
import { indent } from "./project.ts";

const INDEX: Extra = { name: "index", type: "array<u32>" };

interface Begun {
  readonly program: Program;
  readonly lines: readonly string[];
  readonly v: string;
  readonly ok: string;
}

function begin(store: ColumnStore, at: Typed, indexed: boolean): Begun {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const { v, ok } = emitter.emit(at);
  return { program, v, ok, lines: [`let row = ${indexed ? "index[i]" : "i"};`, ...emitter.lines] };
}

const sizeOf = ({ v, ok }: Begun) =>
  `let size = ${ok === "true" ? `${v}.y - ${v}.x` : `select(0u, ${v}.y - ${v}.x, ${ok})`};`;

/** Items of each range of rows. Extras: index (if indexed), sums. p[0]: rows, 32-row words a range. */
export function listSumsKernel(store: ColumnStore, at: Typed, indexed: boolean): KernelText {
  const begun = begin(store, at, indexed);
  const add = "total = select(total + size, 0xffffffffu, total + size < size);";
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * (p[0].y << 5u);
  if (first >= p[0].x) { return; }
  var total = 0u;
  for (var i = first; i < min(first + (p[0].y << 5u), p[0].x); i++) {
${indent([...begun.lines, sizeOf(begun), add], 4)}
  }
  sums[id.x] = total;
}`;
  const extras: Extra[] = [...(indexed ? [INDEX] : []), { name: "sums", type: "array<u32>" }];
  return begun.program.build(`list sizes ${showTyped(at)}`, extras, main);
}

/**
 * Offsets, validity and the items' numbers. Extras: index (if indexed), sums (scanned), out (zeroed), items.
 * p[0]: rows, 32-row words a range, word of `out` where validity begins.
 */
export function listCopyKernel(store: ColumnStore, at: Typed, indexed: boolean): KernelText {
  const begun = begin(store, at, indexed);
  const { program, v, ok } = begun;
  const body = [
    ...begun.lines,
    "out[i] = to;",
    ...(ok === "true" ? [] : [`if (${ok}) { out[p[0].z + (i >> 5u)] |= 1u << (i & 31u); }`]),
    sizeOf(begun),
    `for (var k = 0u; k < size; k++) { items[to + k] = ${v}.x + k; }`,
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
  if (end == p[0].x) { out[end] = to; }
}`;
  const extras: Extra[] = [
    ...(indexed ? [INDEX] : []),
    { name: "sums", type: "array<u32>" },
    { name: "out", type: "array<u32>" },
    { name: "items", type: "array<u32>" },
  ];
  return program.build(`lists ${showTyped(at)}`, extras, main);
}

/** Validity alone, of 32 rows each. Extras: index (if indexed), out. p[0]: rows, word where it begins. */
export function validityKernel(store: ColumnStore, at: Typed, indexed: boolean): KernelText {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const ok = both(emitter.valid(at), "true");
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  var valid = 0u;
  for (var i = first; i < min(first + 32u, p[0].x); i++) {
    let row = ${indexed ? "index[i]" : "i"};
${indent([...emitter.lines, `valid |= select(0u, 1u, ${ok}) << (i & 31u);`], 4)}
  }
  out[p[0].y + id.x] = valid;
}`;
  const extras: Extra[] = [...(indexed ? [INDEX] : []), { name: "out", type: "array<u32>" }];
  return program.build(`validity ${showTyped(at)}`, extras, main);
}

/** Numbers of the items of lists of one size; those of no row are none. Bindings: index, items. p[0]: items, size. */
export function fixedItemsKernel(): KernelText {
  const code = `@group(0) @binding(0) var<storage, read_write> index: array<u32>;
@group(0) @binding(1) var<storage, read_write> items: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x << 5u; i < min((id.x + 1u) << 5u, p[0].x); i++) {
    let row = index[i / p[0].y];
    items[i] = select(row * p[0].y + i % p[0].y, row, row == 0xffffffffu);
  }
}
`;
  return { label: "items of lists", code, bindings: 2, columns: [] };
}

/** Whether a list or struct is null in some row. */
export function nestedNulls(store: ColumnStore, at: Typed): boolean {
  return new Emitter(new Program(store)).valid(at) !== "true";
}
