// The rows of a table in the order of its keys.
import { CenoteError } from "../../base/index.ts";
import { type ColumnStore, type ColumnType, isText } from "../../columns/index.ts";
import type { Block } from "../../pool/index.ts";
import { node, type Typed, typeText } from "../typed.ts";
import { type KeySpec, lengthsKernel } from "../wgsl/order.ts";
import { Bounds, type Keyed, type Packing, packingOf, packRun, runsOf } from "./keys.ts";
import { mergeRuns, readRun, type Sorted, sortRun } from "./radix.ts";
import { rankColumns, withColumns } from "./ranks.ts";
import type { Scratch } from "./scratch.ts";

/** A column that rows are ordered by. */
export interface OrderKey {
  readonly column: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Texts of at most this many bytes are compared in words; longer ones by rank. */
const WORD_TEXT = 15;

/** Rows by their numbers: on the device, or on the host. */
export type Rows =
  | { readonly count: number; readonly block: Block }
  | { readonly count: number; readonly host: Uint32Array };

/**
 * The row numbers of the store in the order of its keys; rows of equal keys keep their order. Nulls last
 * (or first), NaN above all numbers, −0 as 0, text by its bytes, codes by their values.
 */
export async function orderRows(
  store: ColumnStore,
  keys: readonly OrderKey[],
  scratch: Scratch,
): Promise<Rows> {
  const prepared = await prepare([{ store, keys }], scratch);
  try {
    const [table] = prepared.tables;
    const runs = runsOf(store, prepared.packing.words);
    if (runs.length !== 1) {
      const { rows } = await sortedRows(table!, prepared.packing, scratch);
      return { count: rows.length, host: rows };
    }
    const words = await packRun(table!, prepared.packing, runs[0]!, scratch);
    const block = await sortRun(store, words, store.rows, prepared.packing.bits, scratch);
    scratch.free(words);
    return { count: store.rows, block };
  } finally {
    prepared.dispose();
  }
}

/** The same on the host, with the packed keys in order: equal words are equal keys. */
export async function orderedKeys(
  store: ColumnStore,
  keys: readonly OrderKey[],
  scratch: Scratch,
): Promise<Sorted & { readonly packing: Packing }> {
  const prepared = await prepare([{ store, keys }], scratch);
  try {
    const found = await sortedRows(prepared.tables[0]!, prepared.packing, scratch);
    return { ...found, packing: prepared.packing };
  } finally {
    prepared.dispose();
  }
}

/** The rows of a table on the host, run by run, merged. */
export async function sortedRows(
  table: Keyed,
  packing: Packing,
  scratch: Scratch,
): Promise<Sorted> {
  const { store } = table;
  const { words, bits } = packing;
  const found: Sorted[] = [];
  for (const run of runsOf(store, words)) {
    const keys = await packRun(table, packing, run, scratch);
    const order = await sortRun(store, keys, run.rows, bits, scratch);
    found.push(await readRun(store, keys, order, run, words, scratch));
    scratch.free(keys, order);
  }
  return mergeRuns(found, words);
}

export interface Prepared {
  readonly tables: readonly Keyed[];
  readonly packing: Packing;
  /** Gives back the columns of ranks. */
  dispose(): void;
}

/** Keys of tables that are to be compared, as they are packed. Key k of each table has the same type. */
export async function prepare(
  tables: readonly { readonly store: ColumnStore; readonly keys: readonly OrderKey[] }[],
  scratch: Scratch,
): Promise<Prepared> {
  const stores = tables.map(({ store }) => store);
  const specs: KeySpec[][] = tables.map(() => []);
  const added: ColumnStore[] = [];
  const count = tables[0]!.keys.length;
  for (let k = 0; k < count; k++) {
    const columns = tables.map(({ keys }, t) => columnOf(stores[t]!, keys[k]!.column));
    const textWords = await wordsFor(stores, columns, scratch);
    const ranks =
      textWords === undefined && columns.some(isTextual)
        ? await rankColumns(
            columns.map((at, t) => ({ store: stores[t]!, name: at.column! })),
            scratch,
          )
        : undefined;
    tables.forEach(({ keys }, t) => {
      let at = columns[t]!;
      if (ranks) {
        const name = `\u0001rank ${k}`;
        stores[t] = withColumns(stores[t]!, [{ ...ranks[t]!, name }]);
        scratch.keep(ranks[t]!.chunks.map(({ block }) => block));
        added.push(stores[t]!);
        at = columnOf(stores[t]!, name);
      }
      const { descending, nullsFirst } = keys[k]!;
      specs[t]!.push({ at, descending, nullsFirst, ...(textWords ? { textWords } : {}) });
    });
  }
  const dispose = () => {
    for (const store of added) store.dispose();
  };
  try {
    const keyed = specs.map((keys, t) => ({ store: stores[t]!, keys }));
    return { tables: keyed, packing: await packingOf(keyed, scratch), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

const columnOf = (store: ColumnStore, name: string): Typed =>
  node("column", store.column(name).type, [], { column: name });

const isTextual = ({ type }: Typed) => isText(type) || type.kind === "code";

// Words for texts of all tables, where all are short.
async function wordsFor(
  stores: readonly ColumnStore[],
  columns: readonly Typed[],
  scratch: Scratch,
): Promise<number | undefined> {
  if (!columns.every(({ type }) => isText(type))) return undefined;
  const lengths = new Bounds(1);
  for (const [t, store] of stores.entries())
    await lengths.find(store, lengthsKernel(store, columns[t]!), 0, scratch);
  const longest = Number(lengths.high[0]);
  return longest <= WORD_TEXT ? Math.ceil((longest + 1) / 4) : undefined;
}

const ORDERED = new Set([
  "i32",
  "u32",
  "i64",
  "u64",
  "f32",
  "f64",
  "bool",
  "decimal",
  "text",
  "code",
]);

/** What rows can be ordered, joined and grouped by, in words. */
export const ORDERED_TYPES = "a number, bool, decimal, date, time, text or dictionary";

/** Whether rows can be ordered, joined and grouped by columns of this type. */
export const isOrdered = ({ kind }: ColumnType): boolean => ORDERED.has(kind);

/** Throws NO_ORDER for columns that rows cannot be ordered or joined by. */
export function checkOrdered(at: Typed, where: string): void {
  if (isOrdered(at.type)) return;
  throw new CenoteError("NO_ORDER", `${where}: ${typeText(at)}; wanted ${ORDERED_TYPES}`, {
    mend: "Such columns are carried, but not compared.",
  });
}
