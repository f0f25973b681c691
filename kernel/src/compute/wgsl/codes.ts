// What depends on the codes of one dictionary alone has one value for each code: it is computed for the
// dictionary's values when the kernel is made, and looked up for each row.
import type { ColumnStore } from "../../columns/index.ts";
import { isTextual } from "../comparison.ts";
import { evaluator, type HostValue } from "../evaluate.ts";
import { columnsOf, type Typed } from "../typed.ts";
import { type Emitted, type Emitting, wgslType } from "./context.ts";

/** Values of a dictionary that are worth computing with beforehand. */
const MOST_VALUES = 1 << 16;
/** Nodes of an expression that is computed with for each of them, at most. */
const MOST_NODES = 1000;

/** Whether `at` is computed from texts that are the codes of one dictionary, and nothing else. */
export function isOverCodes(store: ColumnStore, at: Typed): boolean {
  if (at.args.length === 0 || isTextual(at) || at.type.bits > 32) return false;
  if (at.weight > MOST_NODES) return false;
  const names = columnsOf(at);
  const values = names.length === 1 ? store.column(names[0]!).dictionary : undefined;
  return values !== undefined && values.length <= MOST_VALUES && hasTexts(at);
}

const hasTexts = (at: Typed): boolean =>
  (at.op !== "isNull" && at.args.some(isTextual)) || at.args.some(hasTexts);

/** Emits the value of `at` as it is looked up by the code. */
export function emitByCode(to: Emitting, at: Typed): Emitted {
  const { program } = to;
  const name = columnsOf(at)[0]!;
  const entries = [...program.column(name).dictionary!.map(String), null];
  const value = evaluator(at, { [name]: entries });
  const found = entries.map((_, code) => value(code));
  const words = new Uint32Array(found.length * 2);
  found.forEach((one, code) => {
    if (one === null) return;
    words[code * 2] = wordOf(at, one);
    words[code * 2 + 1] = 1;
  });
  const base = program.table(words);
  const code = to.emit(columnNode(at));
  const last = program.literal([entries.length - 1])?.[0] ?? `${entries.length - 1}u`;
  const entry = code.ok === "true" ? code.v : to.let(`select(${last}, ${code.v}, ${code.ok})`);
  const word = to.let(`k[${base} + ${entry} * 2u]`);
  const type = wgslType(at.type);
  const v = type === "bool" ? `${word} != 0u` : type === "u32" ? word : `bitcast<${type}>(${word})`;
  const reached = code.ok === "true" ? found.slice(0, -1) : found;
  if (!reached.includes(null)) return { v: to.let(v), ok: "true" };
  return { v: to.let(v), ok: to.condition(`k[${base} + ${entry} * 2u + 1u] != 0u`) };
}

function columnNode(at: Typed): Typed {
  return at.op === "column" ? at : columnNode(at.args.find((arg) => columnsOf(arg).length > 0)!);
}

function wordOf({ type }: Typed, value: HostValue): number {
  if (type.kind === "f32") return new Uint32Array(Float32Array.of(Number(value)).buffer)[0]!;
  return Number(value) >>> 0;
}
