// Runs an aggregate: fills the tables of each chunk, starts again with larger ones where the groups are
// more than they hold, and brings the groups' words and keys to the host with one read-back.

import type { Column, ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import type { Typed } from "../typed.ts";
import { listKernel, mergeKernel } from "../wgsl/collect.ts";
import { groupKernel, type Slots } from "../wgsl/group.ts";
import { offsetsOf, type Part } from "../wgsl/parts.ts";
import { gather } from "./gather.ts";
import { launch, type Scratch } from "./scratch.ts";
import type { Selection } from "./select.ts";
import {
  firstCapacity,
  fittingSlots,
  largerTable,
  OWN_BYTES,
  type Shape,
  shapeFor,
  tooWide,
} from "./shape.ts";
import { slotsFor } from "./slots.ts";

export interface GroupQuery {
  readonly where?: Typed;
  readonly keys: readonly { name: string; at: Typed }[];
  /** What tells the groups apart in place of the keys: codes of theirs. */
  readonly by?: readonly Typed[];
  readonly parts: readonly Part[];
}

const keysOf = ({ by, keys }: GroupQuery) => by ?? keys.map(({ at }) => at);

/** The groups of one chunk: word w of group g is words[w × groups + g]; row g of `keys` are its keys. */
export interface ChunkGroups {
  readonly groups: number;
  readonly words: Uint32Array;
  /** The block of each key column, as bytes. */
  readonly keys: readonly Uint8Array[];
}

export interface Groups {
  readonly chunks: readonly ChunkGroups[];
  /** Key columns with their layouts; chunk i belongs to chunks[i]. */
  readonly keys: readonly Column[];
}

interface Filled {
  readonly groups: number;
  readonly slots: Block;
  readonly rows: Block | undefined;
  readonly shape: Shape;
  readonly acc: Block;
}

/** Rows [from, to) of a chunk. */
interface Window {
  readonly chunk: number;
  readonly from: number;
  readonly to: number;
}

interface Found {
  readonly groups: number;
  readonly out: Block;
  readonly selection: Selection;
}

/**
 * Groups and their words, not merged over chunks. A chunk whose groups' table would be larger than a
 * binding is done in windows of rows. Throws OutOfPoolMemory.
 */
export async function group(
  store: ColumnStore,
  query: GroupQuery,
  scratch: Scratch,
): Promise<Groups> {
  const width = offsetsOf(query.parts).at(-1)!;
  const found: Found[] = [];
  const windows = store.chunkRows
    .map((rows, chunk): Window => ({ chunk, from: 0, to: rows }))
    .reverse();
  for (let window = windows.pop(); window; window = windows.pop()) {
    const filled = await fill(store, query, window, scratch);
    if (!filled) {
      if (window.to - window.from <= 1) throw tooWide(width);
      const middle = Math.floor((window.from + window.to) / 2);
      windows.push({ ...window, from: middle }, { ...window, to: middle });
      continue;
    }
    const { groups } = filled;
    const out = await scratch.block(groups * width * 4, "groups");
    if (groups > 0 && width > 0) await mergeCopies(store, query, filled, out);
    scratch.free(filled.acc);
    const index = filled.rows ?? filled.slots;
    if (groups > 0)
      found.push({ groups, out, selection: { chunk: window.chunk, rows: groups, index } });
  }
  const keys = await gather(
    store,
    found.map(({ selection }) => selection),
    query.keys,
    scratch,
  );
  return { chunks: await read(store, found, keys, query.parts), keys };
}

async function read(
  store: ColumnStore,
  found: readonly Found[],
  keys: readonly Column[],
  parts: readonly Part[],
): Promise<ChunkGroups[]> {
  const width = offsetsOf(parts).at(-1)!;
  const ranges = found.flatMap(({ groups, out }, i) => [
    { block: out, bytes: Math.max(4, groups * width * 4) },
    ...keys.map(({ chunks }) => ({ block: chunks[i]!.block, bytes: chunks[i]!.layout.total })),
  ]);
  const contents = ranges.length > 0 ? await store.gpu.read(ranges) : [];
  return found.map(({ groups, selection }, i) => {
    const [bytes, ...rest] = contents.slice(i * (keys.length + 1), (i + 1) * (keys.length + 1));
    const words = new Uint32Array(bytes!.buffer, bytes!.byteOffset, groups * width);
    const base = store.chunkRows.slice(0, selection.chunk).reduce((sum, rows) => sum + rows, 0);
    if (base > 0) movePlaces(parts, words, groups, base);
    return { groups, words, keys: rest };
  });
}

// Rows are numbered in their chunk until here, from here on in the table.
function movePlaces(
  parts: readonly Part[],
  words: Uint32Array,
  groups: number,
  base: number,
): void {
  const offsets = offsetsOf(parts);
  parts.forEach((part, i) => {
    if (part.kind !== "place") return;
    const step = part.best === "max" ? base : -base;
    for (let at = offsets[i]! * groups; at < (offsets[i]! + 1) * groups; at++)
      if (words[at] !== 0) words[at]! += step;
  });
}

/** Fills tables for the rows of a window; undefined when the table would be larger than a binding. */
async function fill(
  store: ColumnStore,
  query: GroupQuery,
  window: Window,
  scratch: Scratch,
): Promise<Filled | undefined> {
  const width = offsetsOf(query.parts).at(-1)!;
  const { adapter, maxBinding, pool } = store.gpu;
  const rows = window.to - window.from;
  // Tables lie beside the columns that fill them: of a small device they take a part.
  const limit = Math.min(maxBinding, pool.budget / 2);
  const keys = keysOf(query);
  const slots = fittingSlots(slotsFor(store, keys), limit / Math.max(4, width * 4));
  let capacity = firstCapacity(slots, limit / Math.max(4, width * 4));
  for (;;) {
    const own = Math.min(OWN_BYTES, pool.budget / 8);
    const shape = shapeFor(adapter.software, slots, capacity, width, rows, own);
    if (Math.max(shape.accBytes, capacity * 4) > limit) return undefined;
    const acc = await scratch.block(shape.accBytes, "group figures", true);
    if (slots.by === "one") {
      await run(store, query, slots, shape, window, [acc]);
      return {
        groups: 1,
        slots: await scratch.block(4, "group list", true),
        rows: undefined,
        shape,
        acc,
      };
    }
    const reps = await scratch.block(capacity * 4, "group table", true);
    const state = await scratch.block(16, "group state", true);
    const tables = [acc, reps, ...(slots.by === "hash" ? [state] : [])];
    await run(store, query, slots, shape, window, tables);
    const list = await scratch.block(capacity * 4, "group list");
    const repRows = await scratch.block(capacity * 4, "group rows");
    await listSlots(store, capacity, [reps, state, list, repRows]);
    const [bytes] = await store.gpu.read([{ block: state, bytes: 12 }]);
    const [, overflow, groups] = new Uint32Array(bytes!.buffer, bytes!.byteOffset, 3);
    scratch.free(reps, state);
    if (overflow === 0) return { groups: groups!, slots: list, rows: repRows, shape, acc };
    scratch.free(acc, list, repRows);
    capacity = largerTable(capacity, rows);
  }
}

async function run(
  store: ColumnStore,
  query: GroupQuery,
  slots: Slots,
  shape: Shape,
  { chunk, from, to }: Window,
  blocks: readonly Block[],
): Promise<void> {
  const { form, invocations } = shape;
  const keys = keysOf(query);
  // Neighbouring rows to one invocation on a processor, to neighbouring invocations on a GPU.
  const each = Math.ceil((to - from) / invocations);
  const own = store.gpu.adapter.software
    ? [to, each, 1, from]
    : hardwareShare(to, from, invocations);
  const sizes = [shape.accBytes, shape.capacity * 4, 16];
  const extras = blocks.map((block, i) => ({ block, bytes: Math.max(4, sizes[i]!) }));
  const wide = query.parts.some((part) => part.kind === "extreme" && part.wide);
  for (const lowWords of form === "shared" && wide ? [false, true] : [false]) {
    const text = groupKernel(store, {
      ...(query.where ? { where: query.where } : {}),
      keys,
      parts: query.parts,
      slots,
      form,
      lowWords,
    });
    await launch(store, text, { chunk, own, extras, invocations });
  }
}

function hardwareShare(to: number, from: number, invocations: number): number[] {
  // A step of 1 means rows that lie together: so does a single invocation's.
  return invocations === 1 ? [to, to - from, 1, from] : [to, 1, invocations, from];
}

function listSlots(store: ColumnStore, capacity: number, blocks: readonly Block[]): Promise<void> {
  const each = Math.max(1, Math.ceil(capacity / 16_384));
  const extras = blocks.map((block, i) => ({ block, bytes: i === 1 ? 16 : capacity * 4 }));
  return launch(store, listKernel(), {
    chunk: 0,
    own: [capacity, each],
    extras,
    invocations: Math.ceil(capacity / each),
  });
}

function mergeCopies(
  store: ColumnStore,
  query: GroupQuery,
  filled: Filled,
  out: Block,
): Promise<void> {
  const { shape, acc, slots, groups } = filled;
  return launch(store, mergeKernel(query.parts), {
    chunk: 0,
    own: [groups, shape.copies, shape.capacity],
    extras: [{ block: acc }, { block: slots }, { block: out }],
    invocations: groups,
  });
}
