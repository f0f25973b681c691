// Where a grid's rows come from: the rows that were saved with the output, or the kernel that has the table.
import type { Kernel } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import { type Table, tableFromIPC } from "apache-arrow";
import {
  BROWSE_VERSION,
  type ColumnStatistics,
  TABLE_TARGET,
  type TableAnswer,
  type TableRequest,
} from "../../../kernel/src/base/browse-protocol.ts";
import { columnOrder, isSortable } from "../../../kernel/src/base/column-order.ts";
import { columnStatistics } from "../../../kernel/src/base/column-statistics.ts";
import { bytesOf, KernelComm } from "../kernel-comm.ts";

/** A part of the table. */
export interface Rows {
  /** Of them, only those from `from` on, `count` many. */
  table: Table;
  at: (row: number) => number;
  from: number;
  count: number;
  /** Of the last message that came for it. */
  bytes: number;
}

export interface RowSource {
  rows(from: number, count: number): Promise<Rows>;
  /** Rows come in this order when the promise has resolved. */
  sort(column: number | null, descending: boolean): Promise<void>;
  statistics(column: number): Promise<ColumnStatistics>;
}

/** A table, or the part of one, that is here. */
export class LocalSource implements RowSource {
  readonly #table: Table;
  #order: Uint32Array | undefined;

  constructor(table: Table) {
    this.#table = table;
  }

  async rows(from: number, count: number): Promise<Rows> {
    const order = this.#order;
    const at = (row: number) => order?.[from + row] ?? from + row;
    const found = Math.max(0, Math.min(count, this.#table.numRows - from));
    return { table: this.#table, at, from, count: found, bytes: 0 };
  }

  async sort(column: number | null, descending: boolean): Promise<void> {
    if (column === null) this.#order = undefined;
    else {
      const vector = this.#table.getChildAt(column)!;
      if (!isSortable(vector.type)) throw new Error(`${vector.type} has no order`);
      this.#order = columnOrder(vector, descending);
    }
  }

  async statistics(column: number): Promise<ColumnStatistics> {
    return columnStatistics(this.#table.getChildAt(column)!);
  }
}

type Body<R> = R extends { id: number } ? Omit<R, "id"> : never;

interface Waiting {
  resolve: (answer: { answer: TableAnswer; bytes: Uint8Array }) => void;
  reject: (error: Error) => void;
}

/** A table in the kernel. */
export class KernelSource implements RowSource, IDisposable {
  readonly #comm: KernelComm;
  readonly #waiting = new Map<number, Waiting>();
  readonly #changed: (state: "ready" | "gone") => void;
  #last = 0;

  /** `changed`: "ready" when the kernel has the table; "gone" when it has not, or not any more. */
  constructor(
    kernel: Kernel.IKernelConnection,
    view: string,
    changed: (state: "ready" | "gone") => void,
  ) {
    this.#changed = changed;
    this.#comm = new KernelComm(kernel, TABLE_TARGET, {
      message: (data, buffers) => this.#take(data as unknown as TableAnswer, bytesOf(buffers[0])),
      closed: () => this.#lost(),
    });
    this.#comm.open({ v: BROWSE_VERSION, view });
  }

  get isDisposed(): boolean {
    return this.#comm.isDisposed;
  }

  dispose(): void {
    this.#comm.dispose();
    this.#refuse();
  }

  async rows(from: number, count: number): Promise<Rows> {
    const { answer, bytes } = await this.#ask({ kind: "rows", from, count });
    const found = answer.kind === "rows" ? answer.count : 0;
    const table = tableFromIPC(bytes);
    return { table, at: (row) => row, from, count: found, bytes: bytes.length };
  }

  async sort(column: number | null, descending: boolean): Promise<void> {
    await this.#ask({ kind: "sort", column, descending });
  }

  async statistics(column: number): Promise<ColumnStatistics> {
    const { answer } = await this.#ask({ kind: "statistics", column });
    if (answer.kind === "statistics") return answer.statistics;
    throw new Error(`wanted statistics, found ${answer.kind}`);
  }

  #ask(request: Body<TableRequest>): Promise<{ answer: TableAnswer; bytes: Uint8Array }> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (!this.#comm.isOpen) return reject(new Error("the kernel does not have this table"));
      this.#waiting.set(id, { resolve, reject });
      this.#comm.send({ ...request, id } as unknown as JSONObject);
    });
  }

  #take(answer: TableAnswer, bytes: Uint8Array): void {
    if (answer.kind === "ready") {
      if (answer.v === BROWSE_VERSION) this.#changed("ready");
      else this.#lost();
    } else if (answer.kind === "gone") this.#lost();
    else {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.kind === "failed") waiting?.reject(new Error(answer.message));
      else waiting?.resolve({ answer, bytes });
    }
  }

  #lost(): void {
    this.#refuse();
    this.#changed("gone");
  }

  #refuse(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error("the kernel is gone"));
    this.#waiting.clear();
  }
}
