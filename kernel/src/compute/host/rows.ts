// Rows on the host, laid out as their blocks would be: filtered and computed by generated JavaScript.
import {
  arrayOf,
  type ColumnType,
  type HostChunk,
  isText,
  layoutOf,
  locator,
  take,
  withNullRow,
} from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { HostEmitter } from "./emit.ts";
import { bytesOf, FUNCTIONS } from "./functions.ts";
import { chunkAt, factsAt } from "./paths.ts";
import type { HostPart, HostRows } from "./side.ts";

/** A function of generated code: what it is called with is made by bound(). */
export interface Compiled {
  readonly source: string;
  readonly emitter: HostEmitter;
}

/** The arguments that generated code has for the columns of a part. */
function bound({ emitter }: Compiled, all: HostRows, part: HostPart): unknown[] {
  const args: unknown[] = [FUNCTIONS, emitter.constants];
  for (const name of emitter.columns) {
    const { type, dictionary } = factsAt(all, name);
    const { bytes, layout } = chunkAt(all, part, name);
    args.push(valuesOf(type, bytes), bytes.subarray(Math.max(layout.validity, 0)));
    if (isText(type))
      args.push(Buffer.from(bytes.buffer, bytes.byteOffset + layout.bytes, layout.textBytes));
    else args.push(dictionary?.map((value) => bytesOf(String(value))));
  }
  return args;
}

/** The values of a chunk as a typed array; bools are bits, a decimal is two. */
export function valuesOf(type: ColumnType, bytes: Uint8Array): unknown {
  if (type.kind === "bool") return bytes;
  const View = (type.kind === "decimal"
    ? BigInt64Array
    : arrayOf(type)) as unknown as Uint8ArrayConstructor;
  const size = View.BYTES_PER_ELEMENT;
  const whole = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new View(
    whole.buffer as ArrayBuffer,
    whole.byteOffset,
    Math.floor(whole.byteLength / size),
  );
}

/** Runs generated code over a part, with further arguments of its own. */
export function call(
  code: Compiled,
  all: HostRows,
  part: HostPart,
  own: Record<string, unknown>,
): unknown {
  const names = code.emitter.columns.flatMap((_, i) => [`c${i}`, `n${i}`, `t${i}`]);
  const run = new Function("f", "k", ...names, ...Object.keys(own), code.source);
  return run(...bound(code, all, part), ...Object.values(own));
}

const nullsIn = (all: HostRows) => (name: string) => factsAt(all, name).nulls;

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`).join("\n");

/** The numbers of the rows where `where` is true, `most` of them at most. */
export function filterRows(all: HostRows, part: HostPart, where: Typed, most: number): Uint32Array {
  const code = filterCode(all, where);
  const index = new Uint32Array(part.rows);
  const kept = call(code, all, part, { rows: part.rows, index }) as number;
  return index.subarray(0, Math.min(kept, most));
}

/** The code of a filter, as it is run. */
export function filterCode(all: HostRows, where: Typed): Compiled {
  const emitter = new HostEmitter(nullsIn(all));
  const { v, ok } = emitter.emit(where);
  const source = `"use strict";
let kept = 0;
for (let row = 0; row < rows; row++) {
${indented([...emitter.lines, `if (${ok} && ${v}) index[kept++] = row;`])}
}
return kept;`;
  return { source, emitter };
}

/** Whether an output is a column as it is, which is copied and not computed. */
const isCopied = ({ op }: Typed) => op === "column";

/** An output over the rows of `index`. */
export function project(all: HostRows, part: HostPart, at: Typed, index: Uint32Array): HostChunk {
  if (isCopied(at)) {
    const column = factsAt(all, at.column!);
    const chunk = chunkAt(all, part, at.column!);
    return take({ ...column, chunks: [chunk] }, index, (row) => [0, row]);
  }
  if (at.op === "element") return elements(all, part, at, index);
  const { code, nulls } = projectCode(all, at);
  const rows = index.length;
  const valid = new Uint8Array(Math.ceil(rows / 32) * 4);
  if (isText(at.type)) {
    const texts = new Array<string>(rows);
    call(code, all, part, { index, valid, out: texts });
    return textChunk(at, texts, nulls ? valid : undefined);
  }
  const layout = layoutOf(at.type, rows, nulls);
  const bytes = new Uint8Array(layout.total);
  call(code, all, part, { index, valid, out: valuesOf(at.type, bytes) });
  if (nulls) bytes.set(valid, layout.validity);
  return { bytes, layout, rows };
}

// Elements are taken from the items of their lists, whatever their type.
function elements(all: HostRows, part: HostPart, at: Typed, index: Uint32Array): HostChunk {
  const emitter = new HostEmitter(nullsIn(all));
  const { v, ok } = emitter.item(at);
  const lines = ["const row = index[i];", ...emitter.lines, `out[i] = ${ok} ? ${v} : none;`];
  const source = `"use strict";
for (let i = 0; i < index.length; i++) {
${indented(lines)}
}`;
  const items = { ...factsAt(all, at.column!), chunks: [chunkAt(all, part, at.column!)] };
  const none = items.chunks[0]!.rows;
  const out = new Uint32Array(index.length);
  call({ source, emitter }, all, part, { index, out, none });
  return take(withNullRow(items), out, locator([none, 1]));
}

/** The code of a projection, as it is run, and whether some rows may be null. */
export function projectCode(all: HostRows, at: Typed): { code: Compiled; nulls: boolean } {
  const emitter = new HostEmitter(nullsIn(all));
  const { v, ok } = emitter.emit(at);
  const store = storeLine(at, v);
  const valid = "valid[i >> 3] |= 1 << (i & 7);";
  const last =
    ok === "true"
      ? store
      : `if (${ok}) { ${store} ${valid} }${isText(at.type) ? ' else out[i] = "";' : ""}`;
  const source = `"use strict";
for (let i = 0; i < index.length; i++) {
${indented(["const row = index[i];", ...emitter.lines, last])}
}`;
  return { code: { source, emitter }, nulls: ok !== "true" };
}

function storeLine({ type }: Typed, v: string): string {
  if (type.kind === "bool") return `if (${v}) out[i >> 3] |= 1 << (i & 7);`;
  if (type.kind === "decimal")
    return `out[i * 2] = BigInt.asIntN(64, ${v}); out[i * 2 + 1] = ${v} >> 64n;`;
  return `out[i] = ${v};`;
}

function textChunk(
  { type }: Typed,
  texts: readonly string[],
  valid: Uint8Array | undefined,
): HostChunk {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const rows = texts.length;
  const layout = layoutOf(type, rows, valid !== undefined, total);
  const bytes = new Uint8Array(layout.total);
  const offsets = new Uint32Array(bytes.buffer, 0, rows + 1);
  const into = Buffer.from(bytes.buffer, layout.bytes, total);
  let at = 0;
  texts.forEach((text, i) => {
    offsets[i] = at;
    at += into.write(text, at, "latin1");
  });
  offsets[rows] = at;
  if (valid) bytes.set(valid, layout.validity);
  return { bytes, layout, rows };
}

/** All of the first `most` rows. */
export function firstRows(rows: number, most: number): Uint32Array {
  return Uint32Array.from({ length: Math.min(rows, most) }, (_, i) => i);
}
