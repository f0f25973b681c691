// A stable radix sort of row numbers by 32-bit words, from the least significant digit up. Each invocation
// owns a range of rows that lie together: it counts its digits, and after a scan of all counts moves its
// rows in their order. No barriers, no atomics; ranges are many on a GPU, few on a processor.
import type { KernelText } from "./program.ts";
import { EACH_INVOCATION, EACH_ROW } from "./rows.ts";

/** Values of a digit. */
export const BINS = 256;

const PARAMS = "@group(1) @binding(0) var<uniform> p: array<vec4u, 2>;";
const binding = (i: number, name: string) =>
  `@group(0) @binding(${i}) var<storage, read_write> ${name}: array<u32>;`;

function kernel(label: string, names: readonly string[], body: string): KernelText {
  const code = `${names.map((name, i) => binding(i, name)).join("\n")}
${PARAMS}
@compute @workgroup_size(64)
${body}
}
`;
  return { label, code, bindings: names.length, columns: [], literals: [0, 0, 0, 0] };
}

/**
 * keys[i] = words[base + rows[i]]; with p[0].z = 1 first rows[i] = i. Bindings: words, rows, keys.
 * Parameters p[0]: rows, base, whether rows begin as they are.
 */
export const fetchKernel = (): KernelText =>
  kernel(
    "sort: fetch",
    ["words", "rows", "keys"],
    `${EACH_ROW}
    if (p[0].z == 1u) { rows[i] = i; }
    keys[i] = words[p[0].y + rows[i]];
  }`,
  );

/**
 * counts[digit × ranges + range]. Bindings: keys, counts. Parameters p[0]: rows, rows a range, ranges,
 * shift; p[1].x: mask of a digit.
 */
export const countKernel = (): KernelText =>
  kernel(
    "sort: count",
    ["keys", "counts"],
    `${EACH_INVOCATION}
  let range = id.x;
  if (range >= p[0].z) { return; }
  for (var bin = 0u; bin <= p[1].x; bin++) { counts[bin * p[0].z + range] = 0u; }
  let first = range * p[0].y;
  for (var i = first; i < min(first + p[0].y, p[0].x); i++) {
    counts[((keys[i] >> p[0].w) & p[1].x) * p[0].z + range] += 1u;
  }`,
  );

/**
 * Moves rows and keys to their places. Bindings: keys, rows, counts (scanned), keys out, rows out.
 * Parameters as countKernel.
 */
export const scatterKernel = (): KernelText =>
  kernel(
    "sort: scatter",
    ["keys", "rows", "counts", "keys_out", "rows_out"],
    `${EACH_INVOCATION}
  let range = id.x;
  if (range >= p[0].z) { return; }
  let first = range * p[0].y;
  for (var i = first; i < min(first + p[0].y, p[0].x); i++) {
    let key = keys[i];
    let bin = ((key >> p[0].w) & p[1].x) * p[0].z + range;
    let to = counts[bin];
    counts[bin] = to + 1u;
    keys_out[to] = key;
    rows_out[to] = rows[i];
  }`,
  );
