// The tables that outputs of this kernel show, and the pages that look into them. A table is kept alive for as
// long as a page has it open, and for a moment after it was shown, in which a page asks for it.
import { randomUUID } from "node:crypto";
import type * as Arrow from "apache-arrow";
import {
  ARROW_MIME,
  type ArrowMetadata,
  type Comm,
  type CommService,
  type MimeBundle,
  TABLE_TARGET,
  type TableAnswer,
} from "../base/index.ts";

/** Milliseconds that a shown table is kept for a page to ask for it. */
const KEPT_MS = 10_000;

export interface ShownTable {
  data: MimeBundle;
  metadata: { [ARROW_MIME]?: ArrowMetadata };
}

let code: typeof import("./serve-table.ts") | undefined;

export class ShownTables {
  readonly #tables = new Map<string, WeakRef<Arrow.Table>>();
  readonly #forgotten = new FinalizationRegistry<string>((view) => this.#tables.delete(view));

  /** Serves the pages that look into tables. */
  serve(comms: CommService): void {
    comms.serve(TABLE_TARGET, (comm, data) => this.#open(comm, data));
  }

  /**
   * The table's first rows for an output, and the name by which a page may ask for more. It is a promise the
   * first time, while apache-arrow is loaded. `rows`: of the whole, where the table is only the head of something else.
   */
  show(value: object, rows?: number): ShownTable | Promise<ShownTable> {
    if (code) return this.#show(code, value, rows);
    return import("./serve-table.ts").then((loaded) => {
      code = loaded;
      return this.#show(loaded, value, rows);
    });
  }

  #show(
    { asTable, encodePreview }: NonNullable<typeof code>,
    value: object,
    rows: number | undefined,
  ): ShownTable {
    const table = asTable(value);
    const bytes = encodePreview(table);
    if (!bytes) return { data: {}, metadata: {} };
    const metadata: ArrowMetadata = { rows: rows ?? table.numRows };
    if (rows === undefined) metadata.view = this.#keep(table);
    const data = { [ARROW_MIME]: Buffer.from(bytes).toString("base64") };
    return { data, metadata: { [ARROW_MIME]: metadata } };
  }

  #keep(table: Arrow.Table): string {
    const view = randomUUID();
    this.#tables.set(view, new WeakRef(table));
    this.#forgotten.register(table, view);
    setTimeout((kept) => void kept, KEPT_MS, table).unref();
    return view;
  }

  #open(comm: Comm, data: unknown): void {
    const { view } = (data ?? {}) as { view?: unknown };
    const table = this.#tables.get(String(view))?.deref();
    if (!table || !code) {
      comm.send({ kind: "gone" } satisfies TableAnswer);
      return;
    }
    code.serveTable(comm, table);
  }
}
