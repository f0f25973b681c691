// The kernel behind every aggregate: filter, keys and figures of a row in one pass, nothing in between is
// stored. How a row finds its group (its slot in the tables):
//   one      there are no keys
//   direct   keys of few possible values (bool, dictionary codes, date parts, integers within narrow bounds): the
//            slot is computed from them, in the order of the keys, the first before the second
//   hash     any other keys: an open-addressed table `reps` of row numbers, one for each group. A row finds
//            its slot by comparing its keys with those of the row that holds it, which never change, so
//            that no order of memory operations beyond one compare-and-swap is needed.
// Of hashes `reps[slot]` is the number of a row of the group, plus 1; 0 is an empty slot.
// Parameters p[0]: end of the rows; distance between the first rows of two invocations; distance between
// an invocation's rows; first row. Either invocations lie apart and their rows together, or the reverse:
// whichever, `i` counts from the first row.
import type { ColumnStore } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { declarations, stores, updates } from "./accumulate.ts";
import { both } from "./context.ts";
import { Emitter } from "./emit.ts";
import { addHash } from "./hash.ts";
import { type Form, offsetsOf, type Part } from "./parts.ts";
import { type Extra, type KernelText, Program } from "./program.ts";
import { indent } from "./project.ts";

export interface Digit {
  /** Least value of the key. */
  readonly low: number;
  /** Number of values, without null, which is the last digit. */
  readonly size: number;
}

export type Slots =
  | { readonly by: "one" }
  | { readonly by: "direct"; readonly digits: readonly Digit[]; readonly size: number }
  | { readonly by: "hash" };

export interface GroupSpec {
  readonly where?: Typed;
  readonly keys: readonly Typed[];
  readonly parts: readonly Part[];
  readonly slots: Slots;
  readonly form: Form;
  /** The pass that settles the low words of 64-bit extremes. */
  readonly lowWords: boolean;
}

/** Extras: acc; for hashing, reps and state (groups, overflow flag). */
export function groupKernel(store: ColumnStore, spec: GroupSpec): KernelText {
  const { form, parts } = spec;
  const program = new Program(store);
  const emitter = new Emitter(program);
  const width = offsetsOf(parts).at(-1)!;
  const test = spec.where ? testOf(emitter, spec.where) : undefined;
  const body = slotLines(emitter, spec);
  if (form !== "local") {
    const copy = form === "own" ? `id.x * ${sizeOf(program, spec.slots)} + ` : "";
    body.push(`let at = (${copy}slot) * ${width}u;`);
  }
  body.push(...updates(emitter, parts, form, spec.lowWords));
  const local = form === "local";
  const main = [
    "@compute @workgroup_size(64)",
    "fn main(@builtin(global_invocation_id) id: vec3u) {",
    "  let size = p[0].x - p[0].w;",
    "  var i = id.x * p[0].y;",
    "  if (i >= size) { return; }",
    "  let end = select(size, min(i + p[0].y, size), p[0].z == 1u);",
    ...(local ? [indent(declarations(parts), 2)] : []),
    ...(test ? testedRows(test, body) : allRows(body)),
    ...(local ? [indent([`let at = id.x * ${width}u;`, ...stores(parts)], 2)] : []),
    "}",
  ].join("\n");
  return program.build(labelOf(spec), extrasOf(spec), main);
}

function allRows(body: readonly string[]): string[] {
  return [
    "  loop {",
    "    if (i >= end) { break; }",
    "    let row = p[0].w + i;",
    indent(body, 4),
    "    continuing { i += p[0].z; }",
    "  }",
  ];
}

interface Test {
  readonly lines: readonly string[];
  readonly holds: string;
}

function testOf(emitter: Emitter, where: Typed): Test {
  const inner = new Emitter(emitter.program);
  const { v, ok } = inner.emit(where);
  return { lines: inner.lines, holds: both(ok, v) };
}

// 32 rows are tested before the first of them is added: invocations of one processor step together, and so
// all of them add rows then, where else most would wait for the few whose row passed.
function testedRows({ lines, holds }: Test, body: readonly string[]): string[] {
  return [
    "  while (i < end) {",
    "    var passed = 0u;",
    "    let first = i;",
    "    for (var bit = 0u; bit < 32u && i < end; bit++) {",
    "      let row = p[0].w + i;",
    indent([...lines, `passed |= select(0u, 1u, ${holds}) << bit;`], 6),
    "      i += p[0].z;",
    "    }",
    "    while (passed != 0u) {",
    "      let row = p[0].w + first + firstTrailingBit(passed) * p[0].z;",
    "      passed &= passed - 1u;",
    indent(body, 6),
    "    }",
    "  }",
  ];
}

function labelOf({ slots, form, lowWords }: GroupSpec): string {
  return `aggregate: ${slots.by}, ${form}${lowWords ? ", low words" : ""}`;
}

function extrasOf({ slots, form }: GroupSpec): Extra[] {
  const extras: Extra[] = [
    { name: "acc", type: form === "shared" ? "array<atomic<u32>>" : "array<u32>" },
  ];
  if (slots.by === "hash")
    for (const name of ["reps", "state"]) extras.push({ name, type: "array<atomic<u32>>" });
  return extras;
}

/** Slots of a table. */
function sizeOf(program: Program, slots: Slots): string {
  if (slots.by === "hash") return "arrayLength(&reps)";
  return slots.by === "one" ? "1u" : constant(program, slots.size);
}

// A parameter where there is room: tables with other bounds then have the same kernel.
const constant = (program: Program, x: number) => program.literal([x >>> 0])?.[0] ?? `${x >>> 0}u`;

function slotLines(emitter: Emitter, spec: GroupSpec): string[] {
  const { slots, keys } = spec;
  if (slots.by === "one") return spec.form === "local" ? [] : ["let slot = 0u;"];
  if (slots.by === "hash") {
    addHash(emitter.program, keys);
    // Once the table is known to be too small this pass is void: leave as soon as anyone has found out.
    return [
      "if (atomicLoad(&state[1]) != 0u) { return; }",
      "let slot = find(key(row), row);",
      "if (slot == 0xffffffffu) { return; }",
    ];
  }
  const { program } = emitter;
  const terms = keys.map((key, i) => {
    const { low, size } = slots.digits[i]!;
    const { v, ok } = emitter.emit(key);
    const digit = digitOf(program, key, v, low);
    const after = slots.digits.slice(i + 1).reduce((product, d) => product * (d.size + 1), 1);
    const term = ok === "true" ? digit : `select(${constant(program, size)}, ${digit}, ${ok})`;
    return after === 1 ? term : `${term} * ${constant(program, after)}`;
  });
  return [...emitter.lines.splice(0), `let slot = ${terms.join(" + ")};`];
}

// The low words are enough: what is left is below the number of slots.
function digitOf(program: Program, { type: { kind } }: Typed, v: string, low: number): string {
  if (kind === "bool") return `select(0u, 1u, ${v})`;
  const wide = kind === "i64" || kind === "u64";
  const word = wide ? `${v}.x` : kind === "i32" ? `bitcast<u32>(${v})` : v;
  return low === 0 ? word : `(${word} - ${constant(program, low)})`;
}
