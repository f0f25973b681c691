// Filtering in three steps: a bit and a count (maskKernel), where each range of rows begins in the output
// (scanKernel), and the numbers of the rows that stay (indexKernel). What is selected is then gathered by
// project.ts and text.ts.
import type { ColumnStore } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { both } from "./context.ts";
import { Emitter } from "./emit.ts";
import { type KernelText, Program } from "./program.ts";
import { indent } from "./project.ts";

/**
 * One bit a row: 1 where `where` is true (neither false nor null). Extras: mask, counts.
 * Parameters p[0]: rows, words of mask for each invocation.
 */
export function maskKernel(store: ColumnStore, where: Typed): KernelText {
  const program = new Program(store);
  const emitter = new Emitter(program);
  const { v, ok } = emitter.emit(where);
  const main = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let words = (p[0].x + 31u) >> 5u;
  let first = id.x * p[0].y;
  if (first >= words) { return; }
  var total = 0u;
  for (var word = first; word < min(first + p[0].y, words); word++) {
    var bits = 0u;
    for (var row = word << 5u; row < min((word + 1u) << 5u, p[0].x); row++) {
${indent([...emitter.lines, `bits |= select(0u, 1u, ${both(ok, v)}) << (row & 31u);`], 6)}
    }
    mask[word] = bits;
    total += countOneBits(bits);
  }
  counts[id.x] = total;
}`;
  return program.build(
    "filter: mask",
    [
      { name: "mask", type: "array<u32>" },
      { name: "counts", type: "array<u32>" },
    ],
    main,
  );
}

/** counts[i] becomes the sum of those before it, counts[p[0].x] the sum of all, 2^32 − 1 at most. One invocation. */
export function scanKernel(): KernelText {
  const code = `@group(0) @binding(0) var<storage, read_write> counts: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(1)
fn main() {
  var sum = 0u;
  for (var i = 0u; i < p[0].x; i++) {
    let count = counts[i];
    counts[i] = sum;
    sum = select(sum + count, 0xffffffffu, sum + count < count);
  }
  counts[p[0].x] = sum;
}
`;
  return { label: "scan", code, bindings: 1, columns: [] };
}

/** Numbers of the rows whose bit is set, in order. Bindings: mask, counts (scanned), index. */
export function indexKernel(): KernelText {
  const code = `@group(0) @binding(0) var<storage, read_write> mask: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
@group(0) @binding(2) var<storage, read_write> index: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let words = (p[0].x + 31u) >> 5u;
  let first = id.x * p[0].y;
  if (first >= words) { return; }
  var at = counts[id.x];
  for (var word = first; word < min(first + p[0].y, words); word++) {
    for (var bits = mask[word]; bits != 0u; bits &= bits - 1u) {
      index[at] = (word << 5u) + firstTrailingBit(bits);
      at++;
    }
  }
}
`;
  return { label: "filter: index", code, bindings: 3, columns: [] };
}
