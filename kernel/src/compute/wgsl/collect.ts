// After the tables are filled: the list of their groups, and the words of each group from all copies.
import { merges, offsetsOf, type Part } from "./parts.ts";
import type { KernelText } from "./program.ts";
import { indent } from "./project.ts";

/**
 * Lists the slots in use, in any order. Bindings: reps, state (word 2 counts), slots, rows (a row of each
 * group). Parameters p[0]: slots of the table, slots for each invocation.
 */
export function listKernel(): KernelText {
  const code = `@group(0) @binding(0) var<storage, read_write> reps: array<u32>;
@group(0) @binding(1) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> slots: array<u32>;
@group(0) @binding(3) var<storage, read_write> rows: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x * p[0].y;
  for (var slot = first; slot < min(first + p[0].y, p[0].x); slot++) {
    let rep = reps[slot];
    if (rep == 0u) { continue; }
    let at = atomicAdd(&state[2], 1u);
    slots[at] = slot;
    rows[at] = rep - 1u;
  }
}
`;
  return { label: "groups: list", code, bindings: 4, columns: [] };
}

/**
 * The words of each group, merged over the copies of the tables; word w of group g goes to
 * out[w × groups + g]. Bindings: acc, slots, out. Parameters p[0]: groups, copies, slots of a table.
 */
export function mergeKernel(parts: readonly Part[]): KernelText {
  const width = offsetsOf(parts).at(-1)!;
  const body: string[] = [];
  let word = 0;
  for (const { by, words } of parts.flatMap(merges)) {
    body.push(...mergeLines(by, word, words, width));
    word += words;
  }
  const code = `@group(0) @binding(0) var<storage, read_write> acc: array<u32>;
@group(0) @binding(1) var<storage, read_write> slots: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let group = id.x;
  if (group >= p[0].x) { return; }
  let slot = slots[group];
${indent(body, 2)}
}
`;
  return { label: "groups: merge", code, bindings: 3, columns: [] };
}

function mergeLines(
  by: "add" | "or" | "max",
  first: number,
  words: number,
  width: number,
): string[] {
  const at = (k: number | string) => `acc[(copy * p[0].z + slot) * ${width}u + ${first}u + ${k}]`;
  const out = (k: number | string) => `out[(${first}u + ${k}) * p[0].x + group]`;
  const loop = (body: string[]) => [
    "for (var copy = 0u; copy < p[0].y; copy++) {",
    indent(body, 2),
    "}",
  ];
  if (by === "or")
    return [
      "{",
      "  var flags = 0u;",
      indent(loop([`flags |= ${at("0u")};`]), 2),
      `  ${out("0u")} = flags;`,
      "}",
    ];
  if (by === "add") {
    const limb = [
      `let sum = ${"total[k]"} + ${at("k")};`,
      "let next = sum + carry;",
      `carry = select(0u, 1u, sum < total[k]) + select(0u, 1u, next < sum);`,
      "total[k] = next;",
    ];
    const body = [
      "var carry = 0u;",
      `for (var k = 0u; k < ${words}u; k++) {`,
      indent(limb, 2),
      "}",
    ];
    return [
      "{",
      `  var total: array<u32, ${words}>;`,
      indent(loop(body), 2),
      `  for (var k = 0u; k < ${words}u; k++) { ${out("k")} = total[k]; }`,
      "}",
    ];
  }
  const better =
    words === 1
      ? [`best = max(best, ${at("0u")});`]
      : [
          `let high = ${at("0u")};`,
          `let low = ${at("1u")};`,
          "if (high > best || (high == best && low > rest)) { best = high; rest = low; }",
        ];
  return [
    "{",
    "  var best = 0u;",
    ...(words === 1 ? [] : ["  var rest = 0u;"]),
    indent(loop(better), 2),
    `  ${out("0u")} = best;`,
    ...(words === 1 ? [] : [`  ${out("1u")} = rest;`]),
    "}",
  ];
}
