// The functions that find a row's slot by hashing its keys: key(row), hash(key), same(a, b) and
// find(key, row). Keys compare as groups do: null equals null, NaN equals NaN, −0 equals 0.
import { isText } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { wgslType } from "./context.ts";
import { Emitter } from "./emit.ts";
import type { Program } from "./program.ts";
import { indent } from "./project.ts";

/** Adds the functions for these keys to a kernel that binds `reps` and `state`. */
export function addHash(program: Program, keys: readonly Typed[]): void {
  // Of text the first four bytes are kept beside its place: short texts need no second look.
  const fields = keys.map(
    (key, i) => `  k${i}: ${fieldType(key)},${isText(key.type) ? `\n  w${i}: u32,` : ""}`,
  );
  program.add(`struct Key {\n${fields.join("\n")}\n  nulls: u32,\n}`);
  const texts = keys.map((key) => (isText(key.type) ? addText(program, key.column!) : undefined));
  addKey(program, keys);
  const hashes = keys.flatMap((key, i) => {
    if (texts[i]) return [`h = ${texts[i]}_hash(h, a.k${i}, a.w${i});`];
    return WORDS[fieldType(key)].map((word) => `h = mix(h, a.k${i}${word});`);
  });
  program.use("mix");
  program.add(`fn hash(a: Key) -> u32 {\n  var h = a.nulls;\n${indent(hashes, 2)}\n  return h;\n}`);
  const tests = keys.map((key, i) => {
    if (texts[i]) return `a.w${i} == b.w${i} && ${texts[i]}_same(a.k${i}, b.k${i})`;
    return fieldType(key) === "u32" ? `a.k${i} == b.k${i}` : `all(a.k${i} == b.k${i})`;
  });
  program.add(
    `fn same(a: Key, b: Key) -> bool {\n  return a.nulls == b.nulls && ${tests.join(" && ")};\n}`,
  );
  program.add(FIND);
}

/** How the words of a field are read. */
const WORDS = { u32: [""], vec2u: [".x", ".y"], vec4u: [".x", ".y", ".z", ".w"] } as const;

function fieldType(key: Typed): keyof typeof WORDS {
  const type = wgslType(key.type);
  return type === "vec2u" || type === "vec4u" ? type : "u32";
}

// A null key is zeros and its bit in `nulls`.
function addKey(program: Program, keys: readonly Typed[]): void {
  const emitter = new Emitter(program);
  const nulls: string[] = [];
  const values = keys.flatMap((key, i) => {
    const { v, ok } = emitter.emit(key);
    if (ok !== "true") nulls.push(`select(${2 ** i}u, 0u, ${ok})`);
    const bits = groupBits(program, key, v);
    const place = ok === "true" ? bits : `select(${fieldType(key)}(), ${bits}, ${ok})`;
    if (!isText(key.type)) return [place];
    const at = emitter.let(place);
    return [at, `${addText(program, key.column!)}_part(${at}, 0u)`];
  });
  const made = `return Key(${[...values, nulls.join(" | ") || "0u"].join(", ")});`;
  program.add(`fn key(row: u32) -> Key {\n${indent([...emitter.lines, made], 2)}\n}`);
}

// Floats by their order, in which −0 is 0, and one NaN for all.
function groupBits(program: Program, key: Typed, v: string): string {
  switch (key.type.kind) {
    case "bool":
      return `select(0u, 1u, ${v})`;
    case "i32":
      return `bitcast<u32>(${v})`;
    case "f32":
      return `select(${program.use("f32_order")}(${v}), 0xffffffffu, ${program.use("f32_nan")}(${v}))`;
    case "f64":
      return `select(${program.use("f64_order")}(${v}), vec2u(0xffffffffu), ${program.use("f64_nan")}(${v}))`;
    default:
      return v;
  }
}

function addText(program: Program, column: string): string {
  const word = program.textWord(column);
  const name = word.replace("_word", "_text");
  program.addOnce(
    name,
    `fn ${name}_part(at: vec2u, k: u32) -> u32 {
  let left = min(at.y - at.x - k, 4u);
  return ${word}(at.x + k) & select((1u << (left << 3u)) - 1u, 0xffffffffu, left == 4u);
}
fn ${name}_hash(start: u32, at: vec2u, first: u32) -> u32 {
  var h = mix(mix(start, at.y - at.x), first);
  for (var k = 4u; k < at.y - at.x; k += 4u) { h = mix(h, ${name}_part(at, k)); }
  return h;
}
fn ${name}_same(a: vec2u, b: vec2u) -> bool {
  let size = a.y - a.x;
  if (size != b.y - b.x) { return false; }
  for (var k = 4u; k < size; k += 4u) {
    if (${name}_part(a, k) != ${name}_part(b, k)) { return false; }
  }
  return true;
}`,
  );
  return name;
}

// Gives up, and says so in state[1], when the table is three quarters full or the search gets long: the
// host then starts again with a larger one.
const FIND = `fn find(k: Key, row: u32) -> u32 {
  let size = arrayLength(&reps);
  var slot = hash(k) & (size - 1u);
  for (var n = 0u; n < 256u; ) {
    var rep = atomicLoad(&reps[slot]);
    if (rep == 0u) {
      let swap = atomicCompareExchangeWeak(&reps[slot], 0u, row + 1u);
      if (swap.exchanged) {
        if (atomicAdd(&state[0], 1u) >= size - (size >> 2u)) { atomicStore(&state[1], 1u); }
        return slot;
      }
      rep = swap.old_value;
      if (rep == 0u) { continue; }
    }
    if (same(k, key(rep - 1u))) { return slot; }
    slot = (slot + 1u) & (size - 1u);
    n++;
    if ((n & 15u) == 0u && atomicLoad(&state[1]) != 0u) { break; }
  }
  atomicStore(&state[1], 1u);
  return 0xffffffffu;
}`;
