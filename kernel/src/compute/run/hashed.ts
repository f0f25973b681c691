// Hashed groups: fills the tables of each chunk, starts again with larger ones where the groups are more than they
// hold, and brings the groups' words and keys to the host with one read-back.
import type { Column, ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import { listKernel, mergeKernel } from "../wgsl/collect.ts";
import { offsetsOf, type Part } from "../wgsl/parts.ts";
import { gather } from "./gather.ts";
import { launch, type Scratch } from "./scratch.ts";
import type { Selection } from "./select.ts";
import { firstCapacity, largerTable, OWN_BYTES, type Shape, shapeFor, tooWide } from "./shape.ts";
import {
  addRows,
  type ChunkGroups,
  type GroupQuery,
  type Groups,
  halves,
  tableLimit,
  type Window,
  windowsOf,
} from "./tables.ts";

const SLOTS = { by: "hash" } as const;

interface Filled {
  readonly groups: number;
  readonly slots: Block;
  readonly rows: Block;
  readonly shape: Shape;
  readonly acc: Block;
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
export async function hashedGroups(
  store: ColumnStore,
  query: GroupQuery,
  scratch: Scratch,
): Promise<Groups> {
  const width = offsetsOf(query.parts).at(-1)!;
  const found: Found[] = [];
  const windows = windowsOf(store);
  for (let window = windows.pop(); window; window = windows.pop()) {
    const filled = await fill(store, query, window, scratch);
    if (!filled) {
      if (window.to - window.from <= 1) throw tooWide(width);
      windows.push(...halves(window));
      continue;
    }
    const { groups, rows: index } = filled;
    const out = await scratch.block(groups * width * 4, "groups");
    if (groups > 0 && width > 0) await mergeCopies(store, query, filled, out);
    scratch.free(filled.acc);
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
  const { adapter, pool } = store.gpu;
  const rows = window.to - window.from;
  const limit = tableLimit(store);
  let capacity = firstCapacity(limit / Math.max(4, width * 4));
  for (;;) {
    const own = Math.min(OWN_BYTES, pool.budget / 8);
    const shape = shapeFor(adapter.software, SLOTS, capacity, width, rows, own);
    if (Math.max(shape.accBytes, capacity * 4) > limit) return undefined;
    const acc = await scratch.block(shape.accBytes, "group figures", true);
    const reps = await scratch.block(capacity * 4, "group table", true);
    const state = await scratch.block(16, "group state", true);
    await addRows(store, query, SLOTS, shape, window, [acc, reps, state]);
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
