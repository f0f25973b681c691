// Joining by packed keys (wgsl/order.ts): each row of the left table searches the sorted keys of the right
// one. Words of keys lie one after another: word j of row i is at j × rows + i.
import type { KernelText } from "./program.ts";
import { EACH_ROW } from "./rows.ts";

/** What becomes of a row of the left table. */
export const KINDS = { inner: 0, left: 1, semi: 2, anti: 3 } as const;
export type JoinKind = keyof typeof KINDS;

const kernel = (label: string, names: readonly string[], rest: string): KernelText => {
  const bindings = names.map(
    (name, i) => `@group(0) @binding(${i}) var<storage, read_write> ${name}: array<u32>;`,
  );
  const code = `${bindings.join("\n")}
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
${rest}
`;
  return { label, code, bindings: names.length, columns: [] };
};

/** Bits of a word of parameters that the kind takes; those above are the words of a key. */
export const KIND_BITS = 2;

/**
 * firsts[i]: place of the first match of left row i, or 0xffffffff; counts[i]: rows that it becomes.
 * The right keys come in parts, the first of them at place 0; equal keys are in one part.
 * Bindings: left keys, keys of the part, firsts, counts. Parameters p[0]: left rows, rows of the part, words
 * and kind, place of the part's first key.
 */
export const probeKernel = (): KernelText =>
  kernel(
    "join: probe",
    ["left", "right", "firsts", "counts"],
    `// Whether the key at place j of the right table is below that of row i, or, with \`equal\`, not above it.
fn below(j: u32, i: u32, equal: bool) -> bool {
  for (var word = p[0].z >> ${KIND_BITS}u; word > 0u; word--) {
    let a = right[(word - 1u) * p[0].y + j];
    let b = left[(word - 1u) * p[0].x + i];
    if (a != b) { return a < b; }
  }
  return equal;
}
fn bound(i: u32, equal: bool, start: u32) -> u32 {
  var low = start;
  var high = p[0].y;
  while (low < high) {
    let middle = low + ((high - low) >> 1u);
    if (below(middle, i, equal)) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}
@compute @workgroup_size(64)
${EACH_ROW}
    let first = bound(i, false, 0u);
    // Most keys match one row or none.
    var end = first;
    if (first < p[0].y && below(first, i, true)) {
      end = first + 1u;
      if (end < p[0].y && below(end, i, true)) { end = bound(i, true, end + 1u); }
    }
    let matches = end - first;
    if (matches == 0u && p[0].w != 0u) { continue; }
    firsts[i] = select(p[0].w + first, 0xffffffffu, matches == 0u);
    let kind = p[0].z & ${(1 << KIND_BITS) - 1}u;
    var count = matches;
    if (kind == ${KINDS.left}u) { count = max(matches, 1u); }
    if (kind == ${KINDS.semi}u) { count = min(matches, 1u); }
    if (kind == ${KINDS.anti}u) { count = select(0u, 1u, matches == 0u); }
    counts[i] = count;
  }
}`,
  );

/** Sum of ranges of counts, low and high word. Bindings: counts, sums. Parameters p[0]: rows, rows a range. */
export const totalKernel = (): KernelText =>
  kernel(
    "join: total",
    ["counts", "sums"],
    `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * p[0].y;
  if (first >= p[0].x) { return; }
  var low = 0u;
  var high = 0u;
  for (var i = first; i < min(first + p[0].y, p[0].x); i++) {
    low += counts[i];
    high += select(0u, 1u, low < counts[i]);
  }
  sums[id.x * 2u] = low;
  sums[id.x * 2u + 1u] = high;
}`,
  );

/**
 * Row numbers of both sides of each row of the result, part by part of the right keys. Bindings: firsts, starts
 * (scanned counts), order (right row numbers of the part, sorted), left rows, right rows. Parameters p[0]: left
 * rows, number of the first one, place of the part's first key, rows of the part.
 */
export const pairsKernel = (): KernelText =>
  kernel(
    "join: pairs",
    ["firsts", "starts", "order", "left_rows", "right_rows"],
    `@compute @workgroup_size(64)
${EACH_ROW}
    let first = firsts[i];
    let place = first - p[0].z;
    let found = first != 0xffffffffu && place < p[0].w;
    if (!found && p[0].z != 0u) { continue; }
    let start = starts[i];
    for (var k = 0u; k < starts[i + 1u] - start; k++) {
      left_rows[start + k] = p[0].y + i;
      right_rows[start + k] = 0xffffffffu;
      if (found) { right_rows[start + k] = order[place + k]; }
    }
  }
}`,
  );
