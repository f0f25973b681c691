// An Arrow table in an output: a line of facts and controls, the columns' statistics, and the grid.
import type { Kernel } from "@jupyterlab/services";
import type { TranslationBundle } from "@jupyterlab/translation";
import {
  BasicKeyHandler,
  BasicMouseHandler,
  BasicSelectionModel,
  DataGrid,
} from "@lumino/datagrid";
import { type Message, MessageLoop } from "@lumino/messaging";
import { PanelLayout, Widget } from "@lumino/widgets";
import { type Table, tableFromIPC } from "apache-arrow";
import { el, exact, setText } from "../widgets/dom.ts";
import { GridModel, type Sorting } from "./grid-model.ts";
import { dress, fitColumns, HEADER_HEIGHT, ROW_HEIGHT } from "./grid-style.ts";
import { KernelSource, LocalSource, type RowSource } from "./sources.ts";
import { StatisticsStrip } from "./statistics-strip.ts";
import { Wait } from "./wait.ts";

/** Rows that are seen without scrolling. */
const ROWS_SEEN = 12;
/** Pixels beside a column's edge that are for resizing it. */
const EDGE = 6;

export interface TableOptions {
  /** An Arrow stream of the first rows. */
  bytes: Uint8Array;
  /** Of the whole table; those of the stream where it is not known. */
  rows: number | undefined;
  /** Names the table to the kernel. */
  view: string | undefined;
  kernel: () => Kernel.IKernelConnection | undefined;
  trans: TranslationBundle;
  /** Said of the rows where there is nothing else to say. */
  note?: string;
}

export class TableWidget extends Widget {
  readonly #options: TableOptions;
  readonly #trans: TranslationBundle;
  /** The rows that were saved with the output. */
  readonly #table: Table;
  readonly #saved: LocalSource;
  readonly #savedRows: number;
  readonly #rows: number;
  readonly #model: GridModel;
  readonly #grid: DataGrid;
  readonly #strip: StatisticsStrip;
  readonly #note = el("span", { class: "cenote-faint", attrs: { role: "status" } });
  readonly #spoken = el("span", { class: "cenote-unseen", attrs: { role: "status" } });
  readonly #sortBy = el("select", { class: "cenote-select" });
  readonly #direction = el("button", { class: "cenote-button", text: "▲" });
  readonly #facts = el("button", { class: "cenote-button" });
  readonly #themes = new MutationObserver(() => this.#dress());
  #source: RowSource;
  #kernel: KernelSource | undefined;
  #fitted = false;
  #gone = false;
  #sorts = 0;
  /** For rows: the kernel serves them between cells. */
  readonly #wait = new Wait((late) => (late ? this.#tellLate() : this.#settle()));
  readonly #resizes = new ResizeObserver(() => {
    MessageLoop.sendMessage(this.#grid, Widget.ResizeMessage.UnknownSize);
  });

  constructor(options: TableOptions) {
    super();
    this.#options = options;
    const { trans } = options;
    this.#trans = trans;
    const table = tableFromIPC(options.bytes);
    this.#table = table;
    this.#saved = new LocalSource(table);
    this.#source = this.#saved;
    this.#savedRows = table.numRows;
    this.#rows = Math.max(options.rows ?? 0, table.numRows);
    const { fields } = table.schema;
    this.#model = new GridModel(fields, this.#rows, this.#saved);
    this.#model.failed.connect((_, error) => {
      // First, or the end of the wait would take the message away.
      this.#wait.end();
      this.#say(error.message);
    });
    this.#model.waiting.connect((_, waiting) => {
      if (waiting) this.#wait.begin();
      else this.#wait.end();
    });
    this.#strip = new StatisticsStrip(fields, (column) => this.#source.statistics(column), trans);
    this.#grid = this.#makeGrid();
    this.addClass("cenote-table");
    // Keys in the grid are the grid's: in a notebook they would cut and join cells.
    this.node.setAttribute("data-lm-suppress-shortcuts", "true");
    this.#arrange();
    this.#control(fields.map(({ name }) => name));
    this.#settle();
  }

  /** Asks the kernel for the rows that are not here, if it has them. */
  connect(): void {
    const { view, kernel } = this.#options;
    const connection = kernel();
    if (!this.#whole && view !== undefined && connection) {
      this.#kernel ??= new KernelSource(connection, view, (state) => this.#onKernel(state));
    }
    this.#settle();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#themes.disconnect();
    this.#resizes.disconnect();
    this.#kernel?.dispose();
    this.#wait.end();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.#resizes.observe(this.node);
    this.#themes.observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
    this.#dress();
    if (!this.#fitted) fitColumns(this.#grid, this.#table, this.#rows, this.node);
    this.#fitted = true;
    this.connect();
  }

  protected override onBeforeDetach(message: Message): void {
    this.#themes.disconnect();
    this.#resizes.disconnect();
    super.onBeforeDetach(message);
  }

  /** All rows are in the output itself. */
  get #whole(): boolean {
    return this.#savedRows === this.#rows;
  }

  #makeGrid(): DataGrid {
    const grid = new DataGrid({
      defaultSizes: {
        rowHeight: ROW_HEIGHT,
        columnWidth: 100,
        rowHeaderWidth: 48,
        columnHeaderHeight: HEADER_HEIGHT,
      },
      stretchLastColumn: false,
    });
    grid.dataModel = this.#model;
    grid.keyHandler = new BasicKeyHandler();
    grid.mouseHandler = new BasicMouseHandler();
    grid.selectionModel = new BasicSelectionModel({ dataModel: this.#model });
    grid.copyConfig = { ...grid.copyConfig, warningThreshold: 1e6 };
    grid.node.setAttribute("role", "application");
    grid.node.setAttribute(
      "aria-label",
      this.#trans.__("Table: the arrow keys move from cell to cell"),
    );
    grid.selectionModel.changed.connect(this.#speak, this);
    this.#model.changed.connect(this.#speak, this);
    grid.node.addEventListener("click", (event) => this.#onClick(event));
    return grid;
  }

  #arrange(): void {
    const layout = new PanelLayout();
    this.layout = layout;
    const trans = this.#trans;
    this.#direction.setAttribute("aria-label", trans.__("Descending"));
    this.#direction.title = trans.__("Ascending or descending");
    const bar = el(
      "div",
      { class: "cenote-table-bar" },
      el("b", { text: this.#sizeText() }),
      this.#note,
      this.#spoken,
      el("span", { class: "cenote-space" }),
      el("label", { class: "cenote-faint", text: trans.__("sort by ") }, this.#sortBy),
      this.#direction,
      this.#facts,
    );
    layout.addWidget(new Widget({ node: bar }));
    layout.addWidget(new Widget({ node: this.#strip.node }));
    const seen = Math.min(this.#rows, ROWS_SEEN) + 0.5;
    const scrollbar = 18;
    this.#grid.node.style.height = `${seen * ROW_HEIGHT + 2 * HEADER_HEIGHT + scrollbar}px`;
    layout.addWidget(this.#grid);
  }

  #sizeText(): string {
    const { length } = this.#model.fields;
    const rows = this.#trans._n("%2 row", "%2 rows", this.#rows, exact(this.#rows));
    const columns = this.#trans._n("%2 column", "%2 columns", length, exact(length));
    return `${rows} × ${columns}`;
  }

  #control(names: readonly string[]): void {
    const none = el("option", { text: this.#trans.__("(as it is)"), attrs: { value: "" } });
    const options = names.map((name, i) =>
      el("option", { text: name, attrs: { value: String(i) } }),
    );
    this.#sortBy.replaceChildren(none, ...options);
    this.#facts.textContent = this.#trans.__("Statistics");
    this.#facts.setAttribute("aria-expanded", "false");
    this.#sortBy.addEventListener("change", () => {
      const { value } = this.#sortBy;
      const descending = this.#model.sorting?.descending ?? false;
      void this.#sort(value === "" ? undefined : { column: Number(value), descending });
    });
    this.#direction.addEventListener("click", () => {
      const { sorting } = this.#model;
      if (sorting) void this.#sort({ ...sorting, descending: !sorting.descending });
    });
    this.#facts.addEventListener("click", () => {
      const shown = this.#strip.node.hidden;
      this.#facts.setAttribute("aria-expanded", String(shown));
      if (shown) void this.#strip.show();
      else this.#strip.hide();
    });
  }

  /** A click on a column's head sorts by it: ascending, descending, not any more. */
  #onClick(event: MouseEvent): void {
    const hit = this.#grid.hitTest(event.clientX, event.clientY);
    if (hit.region !== "column-header" || hit.x < EDGE || hit.width - hit.x < EDGE) return;
    const { sorting } = this.#model;
    const same = sorting?.column === hit.column;
    if (!same) void this.#sort({ column: hit.column, descending: false });
    else if (!sorting.descending) void this.#sort({ column: hit.column, descending: true });
    else void this.#sort(undefined);
  }

  async #sort(sorting: Sorting | undefined): Promise<void> {
    if (this.#sortBy.disabled) return;
    const serial = ++this.#sorts;
    this.#say(sorting ? this.#trans.__("sorting…") : "");
    try {
      await this.#source.sort(sorting?.column ?? null, sorting?.descending ?? false);
    } catch (error) {
      if (serial === this.#sorts) this.#say((error as Error).message);
      return;
    }
    if (serial !== this.#sorts) return;
    this.#model.sorting = sorting;
    this.#sortBy.value = sorting ? String(sorting.column) : "";
    this.#direction.textContent = sorting?.descending ? "▼" : "▲";
    this.#direction.setAttribute("aria-pressed", String(sorting?.descending ?? false));
    this.#model.refresh();
    this.#settle();
  }

  #onKernel(state: "ready" | "gone"): void {
    if (state === "ready" && this.#kernel) {
      this.#source = this.#kernel;
      this.#model.source = this.#kernel;
    } else {
      this.#kernel?.dispose();
      this.#kernel = undefined;
      this.#gone = true;
      this.#source = this.#saved;
      this.#model.sorting = undefined;
      this.#model.source = this.#saved;
    }
    this.#settle();
  }

  #tellLate(): void {
    const isBusy = this.#options.kernel()?.status === "busy";
    if (!isBusy || this.#source !== this.#kernel) return;
    this.#say(this.#trans.__("these rows come when the running cell has ended"));
  }

  /** Says where the rows come from, and lets controls be used that can be. */
  #settle(): void {
    const trans = this.#trans;
    const live = this.#whole || this.#source !== this.#saved;
    for (const control of [this.#sortBy, this.#direction, this.#facts]) control.disabled = !live;
    const saved = exact(this.#savedRows);
    if (live) this.#say(this.#options.note ?? "");
    else if (this.#gone || this.#options.view === undefined) {
      this.#say(trans.__("the first %1 are saved here; run the cell again for all", saved));
    } else if (this.#kernel) this.#say(trans.__("the first %1; waiting for the kernel…", saved));
    else this.#say(trans.__("the first %1 are saved here; no kernel", saved));
  }

  #say(text: string): void {
    setText(this.#note, text);
  }

  /** The cell that the keys are at, for those who don't see the canvas. */
  #speak(): void {
    const selection = this.#grid.selectionModel?.currentSelection();
    if (!selection) return;
    const { r1: row, c1: column } = selection;
    const name = this.#model.fields[column]?.name ?? "";
    const value = this.#model.cell(row, column);
    const text = value === undefined ? this.#trans.__("loading…") : (value ?? "null");
    setText(this.#spoken, this.#trans.__("row %1, %2: %3", exact(row), name, text));
  }

  #dress(): void {
    dress(this.#grid, this.#model, this.node);
  }
}
