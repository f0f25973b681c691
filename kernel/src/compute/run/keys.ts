// Keys of rows as packed words (wgsl/order.ts): which fields they have, how wide those must be in all of
// the tables that are compared, and the packing of a run of rows.

import { CenoteError } from "../../base/index.ts";
import type { ColumnStore } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import type { Typed } from "../typed.ts";
import { boundsKernel, directionOf, fieldCount, type KeySpec, packKernel } from "../wgsl/order.ts";
import type { KernelText } from "../wgsl/program.ts";
import { launch, type Scratch } from "./scratch.ts";

/** The keys of one table; tables that are compared have the same number and kinds of keys. */
export interface Keyed {
  readonly store: ColumnStore;
  readonly keys: readonly KeySpec[];
}

/** How keys are packed: the same for all tables that are compared. */
export interface Packing {
  readonly nullable: readonly boolean[];
  /** Of each key, for each field its least value (low and high word), its bits, and where they go. */
  readonly plans: readonly Uint32Array<ArrayBuffer>[];
  readonly bits: number;
  /** Words of a packed key, at least 1. */
  readonly words: number;
}

/** Rows of a chunk that are sorted at once. */
export interface Run {
  readonly chunk: number;
  readonly from: number;
  readonly rows: number;
  /** Number of its first row in the table. */
  readonly base: number;
}

/** Reads the keys of all tables once. */
export async function packingOf(tables: readonly Keyed[], scratch: Scratch): Promise<Packing> {
  const nullable: boolean[] = [];
  const found: Bounds[] = [];
  for (const [k, key] of tables[0]!.keys.entries()) {
    const nulls = tables.some(({ store, keys }) => mayBeNull(store, keys[k]!.at));
    const bounds = new Bounds(fieldCount(key, nulls));
    for (const { store, keys } of tables) {
      const text = boundsKernel(store, keys[k]!, nulls);
      await bounds.find(store, text, directionOf(keys[k]!), scratch);
    }
    nullable.push(nulls);
    found.push(bounds);
  }
  const { plans, bits } = placed(found);
  return { nullable, plans, bits, words: Math.max(1, Math.ceil(bits / 32)) };
}

// The last field of the last key takes the lowest bits.
function placed(found: readonly Bounds[]): { plans: Uint32Array<ArrayBuffer>[]; bits: number } {
  let bits = 0;
  const plans = found.map(({ low }) => new Uint32Array(low.length * 4));
  for (let k = found.length - 1; k >= 0; k--) {
    const { low, high } = found[k]!;
    for (let i = low.length - 1; i >= 0; i--) {
      const width = high[i]! > low[i]! ? (high[i]! - low[i]!).toString(2).length : 0;
      const words = [Number(low[i]! & 0xffff_ffffn), Number(low[i]! >> 32n), width, bits];
      plans[k]!.set(words, i * 4);
      bits += width;
    }
  }
  return { plans, bits };
}

function mayBeNull(store: ColumnStore, at: Typed): boolean {
  if (at.op === "column") return store.along(at.column!).some((column) => column.nulls);
  return at.op !== "literal" || at.value === null;
}

/** The least and the greatest of fields, over all that was searched. */
export class Bounds {
  readonly low: BigUint64Array;
  readonly high: BigUint64Array;

  constructor(fields: number) {
    this.low = new BigUint64Array(fields).fill(2n ** 64n - 1n);
    this.high = new BigUint64Array(fields);
  }

  /** Runs a kernel of bounds over all chunks of a table, with one read-back. */
  async find(
    store: ColumnStore,
    text: KernelText,
    direction: number,
    scratch: Scratch,
  ): Promise<void> {
    const { length } = this.low;
    const most = store.gpu.adapter.software ? 256 : 4096;
    const outs: { block: Block; bytes: number }[] = [];
    for (const [chunk, rows] of store.chunkRows.entries()) {
      if (rows === 0) continue;
      const each = Math.max(1, Math.ceil(rows / most));
      const invocations = Math.ceil(rows / each);
      const bytes = invocations * length * 16;
      const block = await scratch.block(bytes, "key bounds");
      const own = [rows, each, 0, direction];
      await launch(store, text, { chunk, own, extras: [{ block }], invocations });
      outs.push({ block, bytes });
    }
    const found = outs.length > 0 ? await store.gpu.read(outs) : [];
    scratch.free(...outs.map(({ block }) => block));
    for (const bytes of found) this.#take(new BigUint64Array(bytes.buffer, bytes.byteOffset));
  }

  #take(pairs: BigUint64Array): void {
    const { low, high } = this;
    for (let i = 0; i < pairs.length; i += 2) {
      const field = (i >> 1) % low.length;
      if (pairs[i]! < low[field]!) low[field] = pairs[i]!;
      if (pairs[i + 1]! > high[field]!) high[field] = pairs[i + 1]!;
    }
  }
}

/** The table's rows, in runs whose packed keys fit one binding. Throws TOO_MANY_ROWS from 2^32 − 1 on. */
export function runsOf(store: ColumnStore, words: number): Run[] {
  if (store.rows >= 2 ** 32 - 1) {
    throw new CenoteError(
      "TOO_MANY_ROWS",
      `wanted at most ${2 ** 32 - 2} rows to put in order, found ${store.rows}`,
      { mend: "Filter the table first, or order parts of it." },
    );
  }
  // A pass of the sort holds 16 B of each row, and the keys lie beside it: they must fit the device.
  const { maxBinding, pool } = store.gpu;
  const rowsOf = (bytes: number, each: number) => Math.max(64, Math.floor(bytes / each / 64) * 64);
  const most = Math.min(rowsOf(maxBinding, 4 * words), rowsOf(pool.budget, 32 + 16 * words));
  const runs: Run[] = [];
  let base = 0;
  for (const [chunk, rows] of store.chunkRows.entries()) {
    for (let from = 0; from < rows; from += most) {
      runs.push({ chunk, from, rows: Math.min(most, rows - from), base: base + from });
    }
    base += rows;
  }
  return runs;
}

/** The packed keys of a run: word j of row i is at j × rows + i. */
export async function packRun(
  { store, keys }: Keyed,
  { nullable, plans, words }: Packing,
  { chunk, from, rows }: Run,
  scratch: Scratch,
): Promise<Block> {
  const out = await scratch.block(rows * words * 4, "keys", true);
  for (const [k, key] of keys.entries()) {
    const plan = await scratch.block(plans[k]!.byteLength, "key plan");
    await store.gpu.upload([{ block: plan, data: plans[k]! }]);
    await launch(store, packKernel(store, key, nullable[k]!), {
      chunk,
      own: [rows, 0, from, directionOf(key)],
      extras: [{ block: plan }, { block: out }],
      invocations: Math.min(rows, 1 << 20),
    });
    scratch.free(plan);
  }
  return out;
}
