// The tables: what they are about (live blocks, the peak, since a mark, a stretch of time, a change), how it
// is summed up, and a filter. Pointing at a row lights its blocks in the slab map; taking one goes to its cell.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { cellIndex } from "../model/colours.ts";
import type { Focus } from "../model/focus.ts";
import { belongs, type Group, type Grouping } from "../model/groups.ts";
import type { PoolModel } from "../model/pool-model.ts";
import type { Lit } from "../model/slab-map.ts";
import { Sources } from "../model/sources.ts";
import { el, exact, exactBytes, setText, setTitle, signedBytes, signedCount } from "./dom.ts";
import { Grid, twoLines } from "./grid.ts";
import { BAR_PITCH, drawHolders, type HolderBar } from "./holders-draw.ts";
import { button, choice } from "./menu.ts";
import { RowWords, total } from "./row-words.ts";
import type { Shown } from "./saved-picture.ts";
import { SubjectChoice } from "./subject-choice.ts";
import { cellVariable } from "./theme.ts";

/** Rows of a saved picture. */
const MOST_BARS = 40;

export class TablesView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #focus: Focus;
  readonly #trans: TranslationBundle;
  readonly #sources: Sources;
  readonly #words: RowWords;
  readonly #subject: SubjectChoice;
  readonly #by: HTMLSelectElement;
  readonly #filter: HTMLInputElement;
  readonly #grid: Grid<Group>;
  readonly #sum = el("div", { class: "cenote-under", attrs: { "data-cenote": "table-sum" } });
  /** A snapshot is to be taken. */
  #wanted = false;
  #sort = { column: "bytes", descending: true };
  #most = 1;
  #rows: readonly Group[] = [];
  #drawn = "";

  /** `light` lights the blocks of the row that is pointed at; `goTo` shows a cell of the notebook. */
  constructor(
    model: PoolModel,
    focus: Focus,
    trans: TranslationBundle,
    light: (lit: Lit | undefined) => void,
    goTo: (cell: number, line: number) => void,
  ) {
    this.#model = model;
    this.#focus = focus;
    this.#trans = trans;
    this.#sources = new Sources(model);
    this.#words = new RowWords(model, this.#sources, trans);
    const redo = () => this.update();
    this.#subject = new SubjectChoice(trans, redo);
    this.#by = choice(
      trans.__("What the rows are"),
      [
        ["line", trans.__("by line")],
        ["cell", trans.__("by cell")],
        ["tag", trans.__("by tag")],
        ["block", trans.__("by block")],
      ],
      redo,
    );
    this.#filter = el("input", {
      class: "cenote-filter",
      attrs: {
        type: "search",
        placeholder: trans.__("Filter"),
        "aria-label": trans.__("Filter by tag, cell or line"),
      },
    });
    this.#filter.addEventListener("input", redo);
    const columns = [
      { name: "holder", text: trans.__("Holder"), title: trans.__("Sort by name, cell and line") },
      { name: "blocks", text: trans.__("Blocks"), title: trans.__("Sort by number of blocks") },
      { name: "bytes", text: trans.__("Bytes"), title: trans.__("Sort by bytes") },
    ];
    this.#grid = new Grid(trans.__("Holders of memory"), columns, this.#sort, {
      cells: (row) => this.#cells(row),
      pointed: (row) => light(row && this.#litBy(row)),
      taken: (row) => row.cell !== undefined && goTo(row.cell, row.line ?? 0),
      sorted: (column, descending) => {
        this.#sort = { column, descending };
        this.update();
      },
    });
    const snapshot = button(
      trans.__("Snapshot"),
      trans.__("Keep the blocks of this moment, to compare later ones with them"),
      () => this.snapshot(),
    );
    this.node = el(
      "section",
      { class: "cenote-section cenote-tables" },
      el(
        "header",
        {},
        el("h3", { text: trans.__("Holders") }),
        el("span", { class: "cenote-note" }),
        snapshot,
      ),
      el("div", { class: "cenote-tools" }, this.#subject.node, this.#by),
      el("div", { class: "cenote-tools" }, this.#filter),
      this.#grid.node,
      this.#sum,
    );
    focus.changed.connect(this.#onFocus, this);
  }

  /** What is kept belongs to one kernel's life. */
  clear(): void {
    this.#sources.clear();
    this.#wanted = false;
    this.#subject.subject = { kind: "live" };
  }

  /** Keeps the blocks of this moment, or of the next at which all of them are known, and shows what changes. */
  snapshot(): void {
    this.#wanted = true;
    this.takeWanted();
  }

  /** Takes the snapshot that was asked for, if all blocks are known by now. */
  takeWanted(): void {
    if (!this.#wanted || !this.#model.current || this.#model.hidden > 0) return;
    this.#wanted = false;
    this.#showChange(this.#sources.keep().number);
  }

  /** Shows what changed since the last snapshot; false where there is none. */
  compare(): boolean {
    const last = this.#sources.kept.at(-1);
    if (last) this.#showChange(last.number);
    return last !== undefined;
  }

  #showChange(from: number): void {
    this.#offer();
    this.#subject.subject = { kind: "change", from, to: undefined };
    this.update();
  }

  update(): void {
    this.#offer();
    const by = this.#grouping;
    const all = this.#sources.groups(this.#subject.subject, this.#focus.stretch, by);
    const words = this.#filter.value.trim().toLowerCase();
    const found =
      words === "" ? all : all.filter((row) => this.#words.text(row, by).includes(words));
    const rows = found.filter(({ blocks, bytes }) => blocks !== 0 || bytes !== 0);
    rows.sort(this.#order());
    this.#rows = rows;
    this.#tellSum(rows, words !== "");
    const drawn = JSON.stringify([
      rows.slice(0, 200),
      rows.length,
      checksum(rows),
      this.#model.tags.size,
      this.#sort,
    ]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#most = rows.reduce((most, { bytes }) => Math.max(most, Math.abs(bytes)), 1);
    const active = this.#grid.active?.key;
    this.#grid.show(rows, active === undefined ? undefined : ({ key }) => key === active);
  }

  /** The first rows as bars, for a picture as wide, and with the colours, of another. */
  shown({ width, theme }: Shown): Shown {
    const bars = this.#rows.slice(0, MOST_BARS).map((row): HolderBar => {
      const [name, place] = [
        this.#words.name(row, this.#grouping),
        this.#words.place(row, this.#grouping),
      ];
      const share = Math.abs(row.bytes) / this.#most;
      const colour = theme.cells[cellIndex(row.cell ?? 0)]!;
      return { name, place, share, colour, figures: this.#bytes(row) };
    });
    const title = [this.#subject.node, this.#by].map((one) => one.selectedOptions[0]?.text ?? "");
    const rest = this.#rows.length - bars.length;
    const more =
      rest > 0
        ? this.#trans._n("%2 row is not drawn", "%2 rows are not drawn", rest, exact(rest))
        : "";
    return {
      drawing: {
        base: (pen, w, _height, colours) => drawHolders(pen, w, colours, bars),
        over() {},
      },
      ...{ width, height: Math.max(1, bars.length * BAR_PITCH), theme, keys: [] },
      lines: [title.join(", "), this.#sum.textContent ?? "", more].filter((line) => line !== ""),
    };
  }

  dispose(): void {
    this.#focus.changed.disconnect(this.#onFocus, this);
  }

  /** A stretch that was chosen is what the reader wants to know about. */
  #onFocus(): void {
    const { stretch } = this.#focus;
    this.#offer();
    const { kind } = this.#subject.subject;
    if (stretch && kind === "live") this.#subject.subject = { kind: "stretch" };
    if (!stretch && kind === "stretch") this.#subject.subject = { kind: "live" };
    this.update();
  }

  #offer(): void {
    this.#subject.offer(this.#model, this.#sources.kept, this.#focus.stretch !== undefined);
  }

  #order(): (a: Group, b: Group) => number {
    const sign = this.#sort.descending ? -1 : 1;
    const name = (row: Group) => this.#words.name(row, this.#grouping);
    const by = {
      bytes: (a: Group, b: Group) => a.bytes - b.bytes,
      blocks: (a: Group, b: Group) => a.blocks - b.blocks,
      holder: (a: Group, b: Group) => name(a).localeCompare(name(b)),
    }[this.#sort.column]!;
    return (a, b) =>
      sign * by(a, b) || (a.cell ?? 0) - (b.cell ?? 0) || (a.line ?? 0) - (b.line ?? 0);
  }

  #cells(row: Group): HTMLElement[] {
    const swatch = el("i", { class: "cenote-swatch" });
    swatch.style.background = cellVariable(row.cell ?? 0);
    const name = this.#words.name(row, this.#grouping);
    const place = this.#words.place(row, this.#grouping);
    const holder = twoLines(el("span", {}, swatch, new Text(name)), place);
    setTitle(holder, name);
    holder.style.setProperty("--cenote-share", `${(Math.abs(row.bytes) / this.#most) * 100}%`);
    holder.style.setProperty("--cenote-row", cellVariable(row.cell ?? 0));
    const bytes = el("span", {
      text: this.#bytes(row),
      title: this.#trans.__(
        "%1, of which %2 were asked for",
        exactBytes(row.bytes),
        exactBytes(row.requested),
      ),
      attrs: { "data-bytes": String(row.bytes) },
    });
    return [
      holder,
      el("span", { text: this.#isChange ? signedCount(row.blocks) : exact(row.blocks) }),
      bytes,
    ];
  }

  get #isChange(): boolean {
    return this.#subject.subject.kind === "change";
  }

  get #grouping(): Grouping {
    return this.#by.value as Grouping;
  }

  #bytes({ bytes }: Group): string {
    return this.#isChange ? signedBytes(bytes) : formatBytes(bytes);
  }

  #litBy(row: Group): Lit {
    const by = this.#grouping;
    return (blocks, id) => belongs(row, by, blocks, id);
  }

  #tellSum(rows: readonly Group[], filtered: boolean): void {
    const { subject } = this.#subject;
    const bytes = total(rows, "bytes");
    const parts = [
      this.#words.sum(rows, subject, filtered),
      this.#words.caveat(subject, this.#focus.stretch),
    ];
    setText(this.#sum, parts.filter((part) => part !== "").join(". "));
    setTitle(this.#sum, exactBytes(bytes));
    this.#sum.dataset["bytes"] = String(bytes);
    this.#sum.dataset["blocks"] = String(total(rows, "blocks"));
  }
}

/** Tells of changes in rows far down, which are too many to be compared one by one. */
const checksum = (rows: readonly Group[]) =>
  rows.reduce((sum, { blocks, bytes }) => (Math.imul(sum, 31) + blocks + bytes) | 0, 0);
