// Tables of groups: what those with a slot for each possible group (dense.ts) and hashed ones (hashed.ts) have in
// common, and how rows are added to them.

import type { Column, ColumnFacts, ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import type { Typed } from "../typed.ts";
import { groupKernel, type Slots } from "../wgsl/group.ts";
import { offsetsOf, type Part } from "../wgsl/parts.ts";
import { launch } from "./scratch.ts";
import { fittingSlots, type Shape } from "./shape.ts";
import { slotsFor } from "./slots.ts";

export interface GroupQuery {
  readonly where?: Typed;
  readonly keys: readonly { name: string; at: Typed }[];
  /** What tells the groups apart in place of the keys: codes of theirs. */
  readonly by?: readonly Typed[];
  readonly parts: readonly Part[];
}

export const keysOf = ({ by, keys }: GroupQuery) => by ?? keys.map(({ at }) => at);

/** The groups of one chunk: word w of group g is words[w × groups + g]; row g of `keys` are its keys. */
export interface ChunkGroups {
  readonly groups: number;
  readonly words: Uint32Array;
  /** The block of each key column, as bytes. */
  readonly keys: readonly Uint8Array[];
}

/** A key column with its layouts; chunk i belongs to chunk i of the groups. */
export interface KeyColumn extends ColumnFacts {
  readonly chunks: readonly Pick<Column["chunks"][number], "layout">[];
}

export interface Groups {
  readonly chunks: readonly ChunkGroups[];
  readonly keys: readonly KeyColumn[];
  /** Whether there is one chunk, whose groups are in the order of their keys. */
  readonly ordered?: boolean;
}

/** Rows [from, to) of a chunk. */
export interface Window {
  readonly chunk: number;
  readonly from: number;
  readonly to: number;
}

/** Bytes that tables of a device may have at once: they lie beside the columns that fill them. */
export function tableLimit({ gpu }: ColumnStore): number {
  return Math.min(gpu.maxBinding, gpu.pool.budget / 2);
}

const COUNT: Part = { kind: "count" };
export const isCount = (part: Part) => part.kind === "count" && !part.of;

/** What a slot for a group that may not be there keeps: its parts, and how many rows it has. */
export const slotParts = (parts: readonly Part[]): readonly Part[] =>
  parts.some(isCount) ? parts : [...parts, COUNT];

/** How a query's rows find their groups. */
export function querySlots(store: ColumnStore, query: GroupQuery): Slots {
  const width = offsetsOf(slotParts(query.parts)).at(-1)!;
  return fittingSlots(slotsFor(store, keysOf(query)), width, tableLimit(store));
}

/** The rows of a store in windows that may be halved; the last one is the first. */
export const windowsOf = ({ chunkRows }: ColumnStore): Window[] =>
  chunkRows.map((rows, chunk): Window => ({ chunk, from: 0, to: rows })).reverse();

export function halves(window: Window): [Window, Window] {
  const middle = Math.floor((window.from + window.to) / 2);
  return [
    { ...window, from: middle },
    { ...window, to: middle },
  ];
}

/** Adds the rows of a window to tables; of hashes `blocks` are the tables, who has which slot, and the state. */
export async function addRows(
  store: ColumnStore,
  query: GroupQuery,
  slots: Slots,
  shape: Shape,
  { chunk, from, to }: Window,
  blocks: readonly Block[],
): Promise<void> {
  const { form, invocations } = shape;
  // Neighbouring rows to one invocation on a processor, to neighbouring invocations on a GPU.
  const own = store.gpu.adapter.software
    ? [to, Math.ceil((to - from) / invocations), 1, from]
    : hardwareShare(to, from, invocations);
  const sizes = [shape.accBytes, shape.capacity * 4, 16];
  const extras = blocks.map((block, i) => ({ block, bytes: Math.max(4, sizes[i]!) }));
  const wide = query.parts.some((part) => part.kind === "extreme" && part.wide);
  for (const lowWords of form === "shared" && wide ? [false, true] : [false]) {
    const text = groupKernel(store, {
      ...(query.where ? { where: query.where } : {}),
      keys: keysOf(query),
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
