// Groups that have a slot each in the tables, whether there are rows of it or not: all chunks are added to one
// table, which comes to the host with one read-back; a slot's number says its keys.
import {
  arrayOf,
  type ColumnStore,
  type HostChunk,
  hostChunk,
  layoutOf,
} from "../../columns/index.ts";
import type { Typed } from "../typed.ts";
import { mergeSlotsKernel } from "../wgsl/collect.ts";
import type { Digit, Slots } from "../wgsl/group.ts";
import { offsetsOf, type Part } from "../wgsl/parts.ts";
import { launch, type Scratch } from "./scratch.ts";
import { OWN_BYTES, type Shape, shapeFor, tooWide } from "./shape.ts";
import { rangeOf } from "./slots.ts";
import {
  addRows,
  type GroupQuery,
  type Groups,
  halves,
  isCount,
  type KeyColumn,
  keysOf,
  slotParts,
  tableLimit,
  windowsOf,
} from "./tables.ts";

type DenseSlots = Exclude<Slots, { by: "hash" }>;

/** The groups of the store, as one chunk. Throws OutOfPoolMemory. */
export async function denseGroups(
  store: ColumnStore,
  query: GroupQuery,
  slots: DenseSlots,
  scratch: Scratch,
): Promise<Groups> {
  const parts = slots.by === "one" ? query.parts : slotParts(query.parts);
  const size = slots.by === "one" ? 1 : slots.size;
  const bytes = size * offsetsOf(parts).at(-1)! * 4;
  const out = await scratch.block(bytes, "groups", true);
  const windows = windowsOf(store);
  for (let window = windows.pop(); window; window = windows.pop()) {
    if (window.to === window.from || bytes === 0) continue;
    const plan = planOf(store, parts, slots, window.to - window.from);
    if (plan.shape.accBytes > tableLimit(store)) {
      if (window.to - window.from <= 1) throw tooWide(offsetsOf(parts).at(-1)!);
      windows.push(...halves(window));
      continue;
    }
    const acc = await scratch.block(plan.shape.accBytes, "group figures", true);
    await addRows(store, { ...query, parts: plan.kept }, slots, plan.shape, window, [acc]);
    const base = store.chunkRows.slice(0, window.chunk).reduce((sum, rows) => sum + rows, 0);
    await launch(store, mergeSlotsKernel(parts, plan.kept), {
      chunk: 0,
      own: [size, plan.shape.copies, size, base],
      extras: [{ block: acc }, { block: out }],
      invocations: size,
    });
    scratch.free(acc);
  }
  const [found] = bytes > 0 ? await store.gpu.read([{ block: out, bytes }]) : [new Uint8Array()];
  const words = new Uint32Array(found!.buffer, found!.byteOffset, bytes / 4);
  if (slots.by === "one") return { chunks: [{ groups: 1, words, keys: [] }], keys: [] };
  return presentGroups(store, query, slots, { parts, words });
}

export interface DensePlan {
  readonly shape: Shape;
  /** The parts as the tables have them. */
  readonly kept: readonly Part[];
}

/** The tables of a window of so many rows: a sum that its bounds show to fit a word takes one. */
export function planOf(
  store: ColumnStore,
  parts: readonly Part[],
  slots: DenseSlots,
  rows: number,
): DensePlan {
  const { adapter, pool } = store.gpu;
  const size = slots.by === "one" ? 1 : slots.size;
  const own = Math.min(OWN_BYTES, pool.budget / 8);
  const shape = (some: readonly Part[]) =>
    shapeFor(adapter.software, slots, size, offsetsOf(some).at(-1)!, rows, own);
  const { copies } = shape(parts);
  // With fewer words there may be more tables, of fewer rows each, but never fewer.
  const each = Math.ceil(rows / copies);
  const kept = parts.map((part): Part => {
    if (part.kind !== "integers" || part.limbs !== 2) return part;
    const range = rangeOf(store, part.of);
    const most = range ? Math.max(Math.abs(range[0]), Math.abs(range[1])) : 2 ** 32;
    return most * each < 2 ** 31 ? { ...part, single: true } : part;
  });
  return { shape: shape(kept), kept };
}

/** The groups that have rows, of all for which there are slots. */
function presentGroups(
  store: ColumnStore,
  query: GroupQuery,
  { digits, size }: DenseSlots & { by: "direct" },
  { parts, words }: { parts: readonly Part[]; words: Uint32Array },
): Groups {
  const counts = offsetsOf(parts)[parts.findIndex(isCount)]! * size;
  const present: number[] = [];
  for (let slot = 0; slot < size; slot++) if (words[counts + slot] !== 0) present.push(slot);
  const width = offsetsOf(query.parts).at(-1)!;
  const kept = new Uint32Array(width * present.length);
  for (let word = 0; word < width; word++)
    for (let i = 0; i < present.length; i++)
      kept[word * present.length + i] = words[word * size + present[i]!]!;
  const by = keysOf(query);
  const keys: { column: KeyColumn; chunk: HostChunk }[] = [];
  let after = size;
  for (const [k, { name, at }] of query.keys.entries()) {
    const digit = digits[k]!;
    after /= digit.size + 1;
    const codes = Uint32Array.from(present, (slot) => Math.floor(slot / after) % (digit.size + 1));
    const chunk = valuesOf(at, digit, codes, textsOf(store, at, by[k]!));
    const source = at.column === undefined ? undefined : store.column(at.column);
    const column: KeyColumn = {
      name,
      type: at.type,
      nulls: chunk.layout.validity >= 0,
      chunks: [chunk],
      ...(source?.field ? { field: source.field } : {}),
      ...(source?.dictionary ? { dictionary: source.dictionary } : {}),
    };
    keys.push({ column, chunk });
  }
  return {
    chunks: [{ groups: present.length, words: kept, keys: keys.map(({ chunk }) => chunk.bytes) }],
    keys: keys.map(({ column }) => column),
    // Codes of a dictionary are in the order in which it has its values.
    ordered: query.keys.every(({ at }) => at.type.kind !== "code"),
  };
}

/** The texts that codes stand for, as Latin-1 of their bytes. */
function textsOf(store: ColumnStore, at: Typed, by: Typed): readonly string[] | undefined {
  return at === by || by.type.kind !== "code"
    ? undefined
    : (store.column(by.column!).dictionary as readonly string[]);
}

/** Digits as the values of a key; the last one is null. */
function valuesOf(
  { type }: Typed,
  { low, size }: Digit,
  codes: Uint32Array,
  texts: readonly string[] | undefined,
): HostChunk {
  const rows = codes.length;
  const valid = new Uint8Array(Math.ceil(rows / 32) * 4);
  codes.forEach((code, i) => {
    if (code < size) valid[i >> 3]! |= 1 << (i & 7);
  });
  if (texts) return textChunk(type, codes, texts, valid);
  if (type.bits === 1) {
    const bits = new Uint8Array(valid.length);
    codes.forEach((code, i) => {
      if (code === 1) bits[i >> 3]! |= 1 << (i & 7);
    });
    return hostChunk(type, bits, rows, valid);
  }
  const Values = arrayOf(type) as unknown as {
    from(values: Iterable<number | bigint>): ArrayBufferView;
  };
  const numbers = Array.from(codes, (code) => (code < size ? low + code : 0));
  const wide = type.kind === "i64" || type.kind === "u64";
  return hostChunk(type, Values.from(wide ? numbers.map(BigInt) : numbers), rows, valid);
}

function textChunk(
  type: Typed["type"],
  codes: Uint32Array,
  texts: readonly string[],
  valid: Uint8Array,
): HostChunk {
  const rows = codes.length;
  const nulls = codes.some((code) => code >= texts.length);
  const total = codes.reduce((sum, code) => sum + (texts[code]?.length ?? 0), 0);
  const layout = layoutOf(type, rows, nulls, total);
  const bytes = new Uint8Array(layout.total);
  const offsets = new Uint32Array(bytes.buffer, 0, rows + 1);
  const text = Buffer.from(bytes.buffer, layout.bytes, total);
  let at = 0;
  codes.forEach((code, i) => {
    at += text.write(texts[code] ?? "", at, "latin1");
    offsets[i + 1] = at;
  });
  if (nulls) bytes.set(valid, layout.validity);
  return { bytes, layout, rows };
}
