// The groups that a pivot puts in places, in the pool and on the host: which of them have equal keys, and columns
// of them in other rows.
import {
  type Column,
  type ColumnFacts,
  type ColumnStore,
  type HostChunk,
  hostBatches,
  readTable,
} from "../../columns/index.ts";
import { differ, orderOf, takenRows } from "../host/order.ts";
import type { HostRows } from "../host/side.ts";
import { HostSource } from "../host/source.ts";
import { type Plan, wholeOf } from "../plan.ts";
import { NO_ROW, takeRows } from "../run/across.ts";
import { orderedKeys } from "../run/order.ts";
import { Scratch } from "../run/scratch.ts";
import { shownColumn } from "../show.ts";
import { keptStore } from "../sort/hidden.ts";
import { materialise, StoreSource } from "../sources.ts";

/** Numbers of distinct keys by row, in their order, and the first row of each. */
export interface Classes {
  readonly of: Uint32Array;
  readonly firsts: readonly number[];
}

/** A column of the result: one of the groups' in rows of these numbers; NO_ROW is null. */
export interface PivotColumn {
  readonly name: string;
  readonly from: string;
  readonly rows: Uint32Array;
}

export interface GroupedRows extends Disposable {
  classes(names: readonly string[]): Promise<Classes>;
  /** The values of a column in some rows, as people read them. */
  headings(name: string, rows: Uint32Array): Promise<string[]>;
  /** These columns, all of as many rows. */
  table(columns: readonly PivotColumn[]): Promise<Plan>;
}

const ascending = (column: string) => ({ column, descending: false, nullsFirst: false });

function classesOf(rows: Uint32Array, differs: (i: number, j: number) => boolean): Classes {
  const of = new Uint32Array(rows.length);
  const firsts: number[] = [];
  rows.forEach((row, i) => {
    if (i === 0 || differs(i, i - 1)) firsts.push(row);
    of[row] = firsts.length - 1;
  });
  return { of, firsts };
}

export async function groupedInPool(groups: Plan): Promise<GroupedRows> {
  const scratch = new Scratch(groups.source.gpu);
  const store = await materialise(groups);
  const taken = async (columns: readonly PivotColumn[]): Promise<ColumnStore> => {
    const parts = columns.map(({ from, rows: host }) => {
      const rows = { count: host.length, host };
      return { store, names: [from], rows, missing: host.includes(NO_ROW) };
    });
    const found = await takeRows(parts, scratch);
    const named = found.columns.map((column, i): Column => {
      return { ...column, name: columns[i]!.name };
    });
    return keptStore(store, { columns: named, chunkRows: found.chunkRows }, scratch);
  };
  return {
    async classes(names) {
      const { rows, words } = await orderedKeys(store, names.map(ascending), scratch);
      return classesOf(rows, (i, j) => words.some((word) => word[i] !== word[j]));
    },
    async headings(name, rows) {
      using found = await taken([{ name, from: name, rows }]);
      const { type } = store.columns.get(name)!;
      return shownColumn((await readTable(found)).getChildAt(0)!, type.name);
    },
    table: async (columns) => wholeOf(new StoreSource(await taken(columns))),
    [Symbol.dispose]() {
      store.dispose();
      scratch[Symbol.dispose]();
    },
  };
}

export async function groupedOnHost(groups: Plan): Promise<GroupedRows> {
  const names = [...groups.columns.keys()];
  const all: HostRows = await groups.source.host.rows(names);
  const taken = (columns: readonly PivotColumn[]) => {
    const made = columns.map(({ name, from, rows }): [ColumnFacts, HostChunk[]] => {
      const found = takenRows(all, [from], rows, rows.includes(NO_ROW));
      const chunks = found.chunks.map((part) => part.columns.get(from)!);
      return [{ ...found.columns.get(from)!, name }, chunks];
    });
    const [first] = columns;
    const rows = first && first.rows.length > 0 ? [first.rows.length] : [];
    return hostBatches(
      made.map(([column, chunks]) => ({ column, chunks })),
      rows,
    );
  };
  return {
    async classes(keys) {
      const { rows, ranks } = orderOf(all, keys.map(ascending));
      return classesOf(rows, (i, j) => differ(ranks, ranks.length, rows[i]!, rows[j]!));
    },
    async headings(name, rows) {
      const column = (await taken([{ name, from: name, rows }])).getChildAt(0)!;
      return shownColumn(column, all.columns.get(name)!.type.name);
    },
    table: async (columns) => wholeOf(new HostSource(await taken(columns))),
    [Symbol.dispose]() {
      // The rows are the garbage collector's.
    },
  };
}
