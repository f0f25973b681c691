// An Arrow table on the host as a source of rows: queries run there, without a GPU; what only the GPU computes
// uploads it for as long as it runs.
import type { Table } from "apache-arrow";
import { CenoteError } from "../../base/index.ts";
import { checkTable, uploadTable } from "../../columns/index.ts";
import { type Gpu, openGpu } from "../../gpu/index.ts";
import type { Block } from "../../pool/index.ts";
import type { OpenSource, Source } from "../plan.ts";
import { rowsFrom } from "./run.ts";
import type { HostRows, HostSide } from "./side.ts";

export class HostSource implements Source {
  readonly store = undefined;
  readonly host: HostSide;
  readonly rows: number;
  readonly columns: Source["columns"];
  readonly #table: Table;
  #gpu: Gpu | undefined;

  /** Throws NOT_ARROW, SAME_NAME and UNKNOWN_TYPE. */
  constructor(table: Table) {
    checkTable(table);
    const all: HostRows = rowsFrom(table);
    this.#table = table;
    this.rows = table.numRows;
    this.columns = [...all.columns.values()];
    this.host = {
      there: true,
      count: table.numRows,
      rows: async () => all,
    };
  }

  get gpu(): Gpu {
    if (this.#gpu) return this.#gpu;
    throw new CenoteError("ON_HOST", "the rows are on the host; no GPU was opened for them", {
      mend: "Upload them with gpu(table) where a GPU is wanted.",
    });
  }

  async open(): Promise<OpenSource> {
    this.#gpu = await openGpu();
    const store = await uploadTable(this.#gpu, this.#table);
    return { store, [Symbol.dispose]: () => store.dispose() };
  }
  explain(): string[] {
    return [];
  }
  blocks(): Iterable<Block> {
    return [];
  }
  dispose(): void {
    // The table is the garbage collector's.
  }
}
