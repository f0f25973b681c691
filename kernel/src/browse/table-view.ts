// One page's view of a table: rows from anywhere in it, in the order of a column, and facts of columns.
import type * as Arrow from "apache-arrow";
import { CenoteError, type ColumnStatistics, isSortable } from "../base/index.ts";
import { type RunningTask, startColumnTask } from "./column-task.ts";
import { encodeRows } from "./encode.ts";

/** Rows of one message. */
const MOST_ROWS = 2000;

export class TableView {
  readonly #table: Arrow.Table;
  #order: Uint32Array | undefined;
  #sorting: RunningTask<Uint32Array> | undefined;
  readonly #counting = new Set<RunningTask<ColumnStatistics>>();

  constructor(table: Arrow.Table) {
    this.#table = table;
  }

  /** A stream of the rows from `from` on, `count` of them or as many as go into one message. Throws BAD_ROWS. */
  rows(from: number, count: number): { bytes: Uint8Array; rows: number } {
    const { numRows } = this.#table;
    if (!Number.isInteger(from) || !Number.isInteger(count) || from < 0 || count < 0) {
      throw new CenoteError("BAD_ROWS", `wanted whole numbers of rows, found ${from} and ${count}`);
    }
    const most = Math.max(0, Math.min(count, MOST_ROWS, numRows - from));
    return encodeRows(most, (rows) => this.#pick(from, rows));
  }

  #pick(from: number, count: number): Arrow.Table {
    const table = this.#table;
    if (!this.#order) return table.slice(from, from + count);
    const batches: Arrow.RecordBatch[] = [];
    for (const row of this.#order.subarray(from, from + count)) {
      batches.push(...table.slice(row, row + 1).batches);
    }
    // Of the same copy of apache-arrow as the table.
    return new (table.constructor as typeof Arrow.Table)(table.schema, batches);
  }

  /** From the end of the promise on, rows come in this order; null: as they are. Rejects with CANCELLED. */
  async sort(column: number | null, descending: boolean): Promise<void> {
    this.#sorting?.cancel();
    this.#sorting = undefined;
    if (column === null) {
      this.#order = undefined;
      return;
    }
    const { type, name } = this.#field(column);
    if (!isSortable(type)) {
      throw new CenoteError("NOT_SORTABLE", `column ${name}: values of ${type} have no order here`);
    }
    const task = { kind: "order", descending } as const;
    const sorting = startColumnTask<Uint32Array>(this.#table, column, task);
    this.#sorting = sorting;
    const order = await sorting.result;
    if (this.#sorting === sorting) this.#order = order;
    else throw new CenoteError("CANCELLED", "another order was asked for");
  }

  async statistics(column: number): Promise<ColumnStatistics> {
    this.#field(column);
    const task = { kind: "statistics" } as const;
    const counting = startColumnTask<ColumnStatistics>(this.#table, column, task);
    this.#counting.add(counting);
    try {
      return await counting.result;
    } finally {
      this.#counting.delete(counting);
    }
  }

  /** Ends what is still worked on. */
  close(): void {
    this.#sorting?.cancel();
    for (const counting of this.#counting) counting.cancel();
  }

  #field(column: number): Arrow.Field {
    const { fields } = this.#table.schema;
    const field = Number.isInteger(column) ? fields[column] : undefined;
    if (field) return field;
    throw new CenoteError(
      "BAD_COLUMN",
      `wanted a column from 0 to ${fields.length - 1}, found ${column}`,
    );
  }
}
