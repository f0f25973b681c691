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
  return merging("groups: merge", parts, parts, true);
}

/**
 * The same of tables that have a slot for each possible group, and with what `out` has of the rows before.
 * `kept` says how the tables have the parts. Bindings: acc, out. Parameters p[0]: slots, copies, slots, the
 * number of the first row.
 */
export function mergeSlotsKernel(parts: readonly Part[], kept: readonly Part[]): KernelText {
  return merging("groups: merge slots", parts, kept, false);
}

function merging(
  label: string,
  parts: readonly Part[],
  kept: readonly Part[],
  listed: boolean,
): KernelText {
  const width = offsetsOf(kept).at(-1)!;
  const body: string[] = [];
  const [from, to] = [offsetsOf(kept), offsetsOf(parts)];
  parts.forEach((part, i) => {
    let word = 0;
    const place = part.kind === "place" && !listed ? part.best : undefined;
    for (const { by, words } of merges(part)) {
      const has = merges(kept[i]!).length === 1 ? from[i + 1]! - from[i]! : words;
      const run = { by, words, has, from: from[i]! + word, to: to[i]! + word, width, listed };
      body.push(...mergeLines(place ? { ...run, place } : run));
      word += words;
    }
  });
  const names = listed ? ["acc", "slots", "out"] : ["acc", "out"];
  const bindings = names.map(
    (name, i) => `@group(0) @binding(${i}) var<storage, read_write> ${name}: array<u32>;`,
  );
  const code = `${bindings.join("\n")}
@group(1) @binding(0) var<uniform> p: array<vec4u, 1>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let group = id.x;
  if (group >= p[0].x) { return; }
  let slot = ${listed ? "slots[group]" : "group"};
${indent(body, 2)}
}
`;
  return { label, code, bindings: names.length, columns: [] };
}

/** Words that merge in one way: `has` of them in a table from word `from` on, `words` in the result from `to` on. */
interface Run {
  readonly by: "add" | "or" | "max";
  readonly words: number;
  readonly has: number;
  readonly from: number;
  readonly to: number;
  /** Words of a slot of a table. */
  readonly width: number;
  readonly listed: boolean;
  /** Of rows' numbers, which count from the first row of the chunk in the tables. */
  readonly place?: "min" | "max";
}

function mergeLines({ by, words, has, from, to, width, listed, place }: Run): string[] {
  const at = (k: number | string) => `acc[(copy * p[0].z + slot) * ${width}u + ${from}u + ${k}]`;
  const out = (k: number | string) => `out[(${to}u + ${k}) * p[0].x + group]`;
  const before = (k: number | string) => (listed ? "0u" : out(k));
  const loop = (body: string[]) => [
    "for (var copy = 0u; copy < p[0].y; copy++) {",
    indent(body, 2),
    "}",
  ];
  if (by === "or")
    return [
      "{",
      `  var flags = ${before("0u")};`,
      indent(loop([`flags |= ${at("0u")};`]), 2),
      `  ${out("0u")} = flags;`,
      "}",
    ];
  if (by === "add") return addLines({ words, has, listed }, at, out, loop);
  const better =
    words === 1
      ? [`let found = ${at("0u")};`, `best = max(best, ${placed(place)});`]
      : [
          `let high = ${at("0u")};`,
          `let low = ${at("1u")};`,
          "if (high > best || (high == best && low > rest)) { best = high; rest = low; }",
        ];
  return [
    "{",
    `  var best = ${before("0u")};`,
    ...(words === 1 ? [] : [`  var rest = ${before("1u")};`]),
    indent(loop(better), 2),
    `  ${out("0u")} = best;`,
    ...(words === 1 ? [] : [`  ${out("1u")} = rest;`]),
    "}",
  ];
}

// 0 is no row at all.
function placed(place: "min" | "max" | undefined): string {
  if (!place) return "found";
  return `select(found ${place === "max" ? "+" : "-"} p[0].w, 0u, found == 0u)`;
}

type At = (k: number | string) => string;

function addLines(
  { words, has, listed }: Pick<Run, "words" | "has" | "listed">,
  at: At,
  out: At,
  loop: (body: string[]) => string[],
): string[] {
  // A sum that took one word is signed.
  const limb =
    has === words
      ? at("k")
      : `select(${at("0u")}, bitcast<u32>(bitcast<i32>(${at("0u")}) >> 31u), k > 0u)`;
  const body = [
    "var carry = 0u;",
    `for (var k = 0u; k < ${words}u; k++) {`,
    indent(
      [
        `let sum = total[k] + ${limb};`,
        "let next = sum + carry;",
        "carry = select(0u, 1u, sum < total[k]) + select(0u, 1u, next < sum);",
        "total[k] = next;",
      ],
      2,
    ),
    "}",
  ];
  const each = (line: string) => `  for (var k = 0u; k < ${words}u; k++) { ${line} }`;
  return [
    "{",
    `  var total: array<u32, ${words}>;`,
    ...(listed ? [] : [each(`total[k] = ${out("k")};`)]),
    indent(loop(body), 2),
    each(`${out("k")} = total[k];`),
    "}",
  ];
}
