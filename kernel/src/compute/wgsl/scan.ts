// Running sums of many counts: parts of them are added up, the sums of the parts scanned, and each part
// runs on from there.
import type { KernelText } from "./program.ts";

/** Counts that one invocation adds up. */
export const PART = 256;

const HEAD = `@group(0) @binding(0) var<storage, read_write> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * ${PART}u;
  if (first >= p[0].x) { return; }
  let end = min(first + ${PART}u, p[0].x);`;

/** sums[i] = sum of part i. Bindings: counts, sums. Parameters p[0]: counts. */
export function partSumsKernel(): KernelText {
  const code = `${HEAD}
  var sum = 0u;
  for (var i = first; i < end; i++) { sum += counts[i]; }
  sums[id.x] = sum;
}
`;
  return { label: "scan: parts", code, bindings: 2, columns: [] };
}

/** counts[i] = sum of those before it, and counts[p[0].x] that of all. Bindings: counts, sums (scanned). */
export function runOnKernel(): KernelText {
  const code = `${HEAD}
  var sum = sums[id.x];
  for (var i = first; i < end; i++) {
    let count = counts[i];
    counts[i] = sum;
    sum += count;
  }
  if (end == p[0].x) { counts[end] = sum; }
}
`;
  return { label: "scan: run on", code, bindings: 2, columns: [] };
}
