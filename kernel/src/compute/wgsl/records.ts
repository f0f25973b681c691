// Columns into records (arrays of structures, or tiles of them) and back, a column at a time. Word w of record r
// lies at (r / T × W + w) × T + r mod T for tiles of T records of W words: T = 1 is an array of structures, a
// tile of a workgroup's size lets neighbouring invocations read neighbouring words.
import type { ColumnStore, ColumnType } from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { wgslType } from "./context.ts";
import { Emitter } from "./emit.ts";
import { type KernelText, Program } from "./program.ts";
import { indent, storeLines } from "./project.ts";

/** How records lie, and where in them a column does. */
export interface Place {
  /** Words of a record. */
  readonly words: number;
  readonly tile: number;
  /** Word of the field's value. */
  readonly at: number;
  /** Number of the field, which is its bit in the record's validity words. */
  readonly field: number;
}

/** Words of a value in a record. */
export function valueWords({ bits }: ColumnType): number {
  return Math.max(1, bits / 32);
}

const addressCode = ({ words, tile }: Place) => `fn address(record: u32, word: u32) -> u32 {
  return (record / ${tile}u * ${words}u + word) * ${tile}u + record % ${tile}u;
}`;

function wordsOf(type: ColumnType, v: string): string[] {
  if (type.bits > 32) return [..."xyzw"].slice(0, type.bits / 32).map((part) => `${v}.${part}`);
  if (type.kind === "bool") return [`select(0u, 1u, ${v})`];
  return [wgslType(type) === "u32" ? v : `bitcast<u32>(${v})`];
}

/** Writes one field of each record; nulls as zeros. Extras: records. p[0]: rows, first row. */
export function packKernel(store: ColumnStore, at: Typed, place: Place): KernelText {
  const program = new Program(store);
  program.add(addressCode(place));
  const emitter = new Emitter(program);
  const { v, ok } = emitter.emit(at);
  const bit = `${2 ** (place.field % 32)}u`;
  const flags = `records[address(i, ${Math.floor(place.field / 32)}u)]`;
  const body = [
    "let row = p[0].y + i;",
    ...emitter.lines,
    ...wordsOf(at.type, v).map((word, k) => {
      const value = ok === "true" ? word : `select(0u, ${word}, ${ok})`;
      return `records[address(i, ${place.at + k}u)] = ${value};`;
    }),
    ok === "true" ? `${flags} |= ${bit};` : `if (${ok}) { ${flags} |= ${bit}; }`,
  ];
  return program.build(
    `records: ${at.column}`,
    [{ name: "records", type: "array<u32>" }],
    loop(body),
  );
}

/** Reads one field of each record into a column. Extras: records, out. p[0]: rows, word of validity or 0. */
export function unpackKernel(
  store: ColumnStore,
  type: ColumnType,
  place: Place,
  nulls: boolean,
): KernelText {
  const program = new Program(store);
  program.add(addressCode(place));
  const word = (k: number) => `records[address(i, ${place.at + k}u)]`;
  const kind = wgslType(type);
  const count = valueWords(type);
  const value =
    count > 1
      ? `vec${count}u(${Array.from({ length: count }, (_, k) => word(k)).join(", ")})`
      : kind === "bool"
        ? `${word(0)} != 0u`
        : kind === "u32"
          ? word(0)
          : `bitcast<${kind}>(${word(0)})`;
  const flags = `records[address(i, ${Math.floor(place.field / 32)}u)]`;
  const writes = storeLines(program, type, "v", "true");
  const body = [
    `let v = ${value};`,
    ...writes.each,
    ...(nulls ? [`valid |= ((${flags} >> ${place.field % 32}u) & 1u) << (i & 31u);`] : []),
  ];
  const after = [...writes.after, ...(nulls ? ["out[p[0].y + id.x] = valid;"] : [])];
  const extras = [
    { name: "records", type: "array<u32>" },
    { name: "out", type: "array<u32>" },
  ] as const;
  return program.build("column of records", extras, loop(body, after));
}

function loop(body: readonly string[], after: readonly string[] = []): string {
  return `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = id.x << 5u;
  if (first >= p[0].x) { return; }
  let end = min(first + 32u, p[0].x);
  var valid = 0u;
  var pack = 0u;
  for (var i = first; i < end; i++) {
${indent(body, 4)}
  }
${indent(after, 2)}
}`;
}
