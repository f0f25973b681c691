// What the grid draws: names and types of columns, and the cells of the pages of rows that are here. It asks
// for a page when a cell of it is drawn.
import { DataModel } from "@lumino/datagrid";
import { type ISignal, Signal } from "@lumino/signaling";
import type { Field } from "apache-arrow";
import { valueText } from "../../../kernel/src/base/arrow-text.ts";
import type { RowSource, Rows } from "./sources.ts";

/** Rows of a page; fewer where there are many columns. */
const PAGE_ROWS = 256;
const PAGE_CELLS = 4096;
const LEAST_ROWS = 16;
/** Pages that are kept; the oldest goes. */
const PAGES_KEPT = 64;
const PAGES_WANTED = 8;
/**
 * Bytes a second that are asked for at most: Jupyter's server drops messages beyond 1 MB a second, a cell's
 * output too.
 */
const MOST_RATE = 500_000;
/** Characters of a cell that are drawn. */
const CELL_CHARACTERS = 300;

export interface Sorting {
  column: number;
  descending: boolean;
}

/** What a cell shows: text, null, or undefined while its page is on the way. */
export type CellValue = string | null | undefined;

export class GridModel extends DataModel {
  readonly fields: readonly Field[];
  sorting: Sorting | undefined;
  readonly #rows: number;
  readonly #pageRows: number;
  #source: RowSource;
  readonly #pages = new Map<number, Rows>();
  /** Numbers of pages to be asked for, the last drawn last: it is asked for first. */
  readonly #wanted = new Set<number>();
  #asking = false;
  /** Raised when what was asked for before is void. */
  #edition = 0;
  readonly #failed = new Signal<this, Error>(this);
  readonly #waiting = new Signal<this, boolean>(this);

  constructor(fields: readonly Field[], rows: number, source: RowSource) {
    super();
    this.fields = fields;
    this.#rows = rows;
    this.#source = source;
    const rowsThatFit = Math.floor(PAGE_CELLS / Math.max(1, fields.length));
    this.#pageRows = Math.max(LEAST_ROWS, Math.min(PAGE_ROWS, rowsThatFit));
  }

  /** A page could not be had. */
  get failed(): ISignal<this, Error> {
    return this.#failed;
  }

  /** Rows have been asked for (emitted for each message of them), or none are on their way any more. */
  get waiting(): ISignal<this, boolean> {
    return this.#waiting;
  }

  set source(source: RowSource) {
    this.#source = source;
    this.refresh();
  }

  /** Forgets the rows that are here, and has them drawn anew. */
  refresh(): void {
    this.#edition++;
    this.#pages.clear();
    this.#wanted.clear();
    this.#drawn(0, this.#rows);
    this.emitChanged({
      type: "cells-changed",
      ...{ region: "column-header", row: 0, column: 0, rowSpan: 2, columnSpan: this.fields.length },
    });
  }

  override rowCount(region: DataModel.RowRegion): number {
    return region === "body" ? this.#rows : 2;
  }

  override columnCount(region: DataModel.ColumnRegion): number {
    return region === "body" ? this.fields.length : 1;
  }

  override data(region: DataModel.CellRegion, row: number, column: number): unknown {
    switch (region) {
      case "body":
        return this.cell(row, column);
      case "column-header":
        return row === 0 ? this.#heading(column) : String(this.fields[column]!.type);
      case "row-header":
        return row.toLocaleString("en");
      default:
        return "";
    }
  }

  /** The cell's text, if it is here; asks for it otherwise. */
  cell(row: number, column: number): CellValue {
    const number = Math.floor(row / this.#pageRows);
    const page = this.#pages.get(number);
    if (page === undefined) {
      this.#want(number);
      return undefined;
    }
    const at = row - page.from;
    if (at >= page.count) return undefined;
    const text = valueText(page.table.getChildAt(column)!, page.at(at));
    return text === null || text.length <= CELL_CHARACTERS
      ? text
      : `${text.slice(0, CELL_CHARACTERS - 1)}…`;
  }

  #heading(column: number): string {
    const { name } = this.fields[column]!;
    if (this.sorting?.column !== column) return name;
    return `${name} ${this.sorting.descending ? "▼" : "▲"}`;
  }

  #want(number: number): void {
    this.#wanted.delete(number);
    this.#wanted.add(number);
    // Of pages that were scrolled past only the latest are still of interest.
    for (const old of this.#wanted) {
      if (this.#wanted.size <= PAGES_WANTED) break;
      this.#wanted.delete(old);
    }
    if (!this.#asking) void this.#askOn();
  }

  /** One page after the other, no faster than the server takes them. */
  async #askOn(): Promise<void> {
    this.#asking = true;
    await Promise.resolve(); // all cells of this drawing
    for (let number: number | undefined; (number = [...this.#wanted].at(-1)) !== undefined; ) {
      this.#wanted.delete(number);
      this.#waiting.emit(true);
      const bytes = await this.#ask(number);
      await pause(bytes);
    }
    this.#asking = false;
    this.#waiting.emit(false);
  }

  /** Gives the bytes that came. */
  async #ask(number: number): Promise<number> {
    const edition = this.#edition;
    const from = number * this.#pageRows;
    try {
      const page = await this.#whole(from, Math.min(this.#pageRows, this.#rows - from));
      if (edition !== this.#edition) return page.bytes;
      this.#pages.set(number, page);
      for (const old of this.#pages.keys()) {
        if (this.#pages.size <= PAGES_KEPT) break;
        this.#pages.delete(old);
      }
      this.#drawn(from, page.count);
      return page.bytes;
    } catch (error) {
      if (edition === this.#edition) this.#failed.emit(error as Error);
      return 0;
    }
  }

  /** Rows that are large may come in several messages: the first tells how many come at once. */
  async #whole(from: number, count: number): Promise<Rows> {
    const first = await this.#source.rows(from, count);
    if (first.count >= count || first.count === 0) return first;
    let { table, count: got, bytes } = first;
    while (got < count) {
      await pause(bytes);
      const more = await this.#source.rows(from + got, count - got);
      if (more.count === 0) break;
      table = table.concat(more.table);
      got += more.count;
      bytes = more.bytes;
    }
    return { table, at: (row) => row, from, count: got, bytes };
  }

  #drawn(row: number, rowSpan: number): void {
    const columnSpan = this.fields.length;
    if (rowSpan === 0 || columnSpan === 0) return;
    this.emitChanged({
      type: "cells-changed",
      region: "body",
      row,
      column: 0,
      rowSpan,
      columnSpan,
    });
  }
}

/** Waits for as long as that many bytes may take. */
async function pause(bytes: number): Promise<void> {
  if (bytes === 0) return;
  await new Promise((resolve) => setTimeout(resolve, (1000 * bytes) / MOST_RATE));
}
