// Columns in the pool: for each column its chunks, one block a chunk, laid out as layout.ts says.
// A store may share blocks with another one (a selection of columns copies nothing): the last of them
// to be disposed frees them.
import type { Field } from "apache-arrow";
import { CenoteError, currentCell, lineWord } from "../base/index.ts";
import type { Gpu } from "../gpu/index.ts";
import type { Block } from "../pool/index.ts";
import type { Known } from "./bounds.ts";
import type { Layout } from "./layout.ts";
import type { ColumnType } from "./types.ts";

export interface ColumnChunk {
  readonly rows: number;
  readonly layout: Layout;
  readonly block: Block;
}

export interface Column extends Known {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether any chunk may have nulls; then all have a validity section. */
  readonly nulls: boolean;
  /** The Arrow field it came from; absent for computed columns, whose Arrow type follows from `type`. */
  readonly field?: Field;
  /** Values by code, for kind "code". */
  readonly dictionary?: readonly unknown[];
  /** The items of a list, or the fields of a struct; chunk i of each belongs to chunk i here. */
  readonly children?: readonly Column[];
  readonly chunks: readonly ColumnChunk[];
}

/** A column without its chunks. */
export interface ColumnFacts extends Omit<Column, "chunks" | "children"> {
  readonly children?: readonly ColumnFacts[];
}

/** A column and those in it, each before what it holds. */
export function withChildren(column: Column): Column[] {
  return [column, ...(column.children ?? []).flatMap(withChildren)];
}

const STEP = "\0";

/** Where a field of a struct, or the items of a list, are found: a path for ColumnStore.column(). */
export function pathTo(parent: string, child: string): string {
  return parent + STEP + child;
}

/** The names along a path. */
export function stepsOf(path: string): string[] {
  return path.split(STEP);
}

/** How many stores hold a block. */
const holders = new WeakMap<Block, number>();

export class ColumnStore {
  readonly gpu: Gpu;
  readonly columns: ReadonlyMap<string, Column>;
  /** Rows of each chunk, the same for all columns. */
  readonly chunkRows: readonly number[];
  /** Metadata of the Arrow schema. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The cell and line that made it, for errors; "" outside cells. */
  readonly #made: string;
  #disposed = false;
  readonly #held: Block[] = [];

  constructor(
    gpu: Gpu,
    columns: readonly Column[],
    chunkRows: readonly number[],
    metadata: ReadonlyMap<string, string> = new Map(),
    made: string = placeNow(),
  ) {
    this.#made = made;
    this.gpu = gpu;
    this.columns = new Map(columns.map((column) => [column.name, column]));
    this.chunkRows = chunkRows;
    this.metadata = metadata;
    for (const block of this.blocks()) holders.set(block, (holders.get(block) ?? 0) + 1);
  }

  /** The column of this name, or of this path into lists and structs. */
  column(path: string): Column {
    return this.along(path).at(-1)!;
  }

  /** The columns along a path: that of its first name, and what is in it. */
  along(path: string): Column[] {
    const [name, ...steps] = stepsOf(path);
    const found = [this.columns.get(name!)!];
    for (const step of steps)
      found.push(found.at(-1)!.children!.find((child) => child.name === step)!);
    return found;
  }

  get rows(): number {
    return this.chunkRows.reduce((sum, rows) => sum + rows, 0);
  }

  /** Bytes asked of the pool for these columns. */
  get bytes(): number {
    return this.blocks().reduce((sum, block) => sum + block.bytes, 0);
  }

  /** All blocks in use, each once, those shared with other stores included. */
  blocks(): Block[] {
    const all = new Set<Block>();
    for (const column of [...this.columns.values()].flatMap(withChildren))
      for (const chunk of column.chunks) all.add(chunk.block);
    return [...all];
  }

  /** Throws DISPOSED when the store, or a block of a column, has been given back, TABLE_LOST when its device was lost. */
  check(names: Iterable<string> = this.columns.keys()): void {
    for (const path of names) {
      const column = this.column(path);
      const gone = withChildren(column).some((one) =>
        one.chunks.some(({ block }) => block.disposed),
      );
      const what = `column "${stepsOf(path).join(".")}"${this.#made}`;
      if (this.#disposed) throw disposed(`${what} was disposed`);
      if (gone && this.gpu.pool.closed) throw lost(what);
      if (gone) throw disposed(`${what} was disposed with its scope`);
    }
    if (this.#disposed) throw disposed(`the table${this.#made} was disposed`);
  }

  /** Holds the blocks of a column that is none of its own for as long as it lives. Throws DISPOSED. */
  hold(column: Column): void {
    this.check([]);
    for (const { block } of column.chunks) {
      this.#held.push(block);
      holders.set(block, (holders.get(block) ?? 0) + 1);
    }
  }

  /** Gives the blocks back that no other store holds. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const block of [...this.blocks(), ...this.#held.splice(0)]) {
      const left = holders.get(block)! - 1;
      holders.set(block, left);
      if (left === 0) block.dispose();
    }
  }

  /** Disposes it; returns what is left to tell of it, which holds none of its blocks. */
  emptied(): ColumnStore {
    this.dispose();
    const columns = [...this.columns.values()].map((column) => ({ ...column, chunks: [] }));
    const rest = new ColumnStore(this.gpu, columns, this.chunkRows, this.metadata, this.#made);
    rest.dispose();
    return rest;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function placeNow(): string {
  const cell = currentCell();
  return cell > 0 ? ` (cell [${cell}] line ${lineWord[0]})` : "";
}

function lost(what: string): CenoteError {
  return new CenoteError("TABLE_LOST", `${what} was on a GPU device that was lost, and is gone`, {
    mend: "Upload the table anew: await gpu(table) opens another device.",
  });
}

function disposed(what: string): CenoteError {
  return new CenoteError("DISPOSED", `${what}: its GPU memory is back in the pool`, {
    mend: "Upload the table again with gpu(table), or dispose it later.",
  });
}
