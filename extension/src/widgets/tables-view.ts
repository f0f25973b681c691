// The tables: what they are about (live blocks, the peak, since a mark, a stretch of time, a change), how it
// is summed up, and a filter. Pointing at a row lights its blocks in the slab map; taking one goes to its cell.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { BlockTable } from "../model/blocks.ts";
import type { Focus } from "../model/focus.ts";
import { belongs, type Group, type Grouping } from "../model/groups.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { Sources } from "../model/sources.ts";
import {
  clock,
  el,
  exact,
  exactBytes,
  setText,
  setTitle,
  signedBytes,
  signedCount,
} from "./dom.ts";
import { Grid, twoLines } from "./grid.ts";
import { button, choice } from "./menu.ts";
import { SubjectChoice } from "./subject-choice.ts";
import { cellVariable } from "./theme.ts";
import { place } from "./words.ts";

/** Says which blocks of a table are to be lit. */
export type Lit = (blocks: BlockTable, id: number) => boolean;

export class TablesView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #focus: Focus;
  readonly #trans: TranslationBundle;
  readonly #sources: Sources;
  readonly #subject: SubjectChoice;
  readonly #by: HTMLSelectElement;
  readonly #filter: HTMLInputElement;
  readonly #grid: Grid<Group>;
  readonly #sum = el("div", { class: "cenote-under", attrs: { "data-cenote": "table-sum" } });
  /** A snapshot is to be taken. */
  #wanted = false;
  #sort = { column: "bytes", descending: true };
  #most = 1;
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
    const by = this.#by.value as Grouping;
    const all = this.#sources.groups(this.#subject.subject, this.#focus.stretch, by);
    const words = this.#filter.value.trim().toLowerCase();
    const found = words === "" ? all : all.filter((row) => this.#text(row).includes(words));
    const rows = found.filter(({ blocks, bytes }) => blocks !== 0 || bytes !== 0);
    rows.sort(this.#order());
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
    const by = {
      bytes: (a: Group, b: Group) => a.bytes - b.bytes,
      blocks: (a: Group, b: Group) => a.blocks - b.blocks,
      holder: (a: Group, b: Group) => this.#name(a).localeCompare(this.#name(b)),
    }[this.#sort.column]!;
    return (a, b) =>
      sign * by(a, b) || (a.cell ?? 0) - (b.cell ?? 0) || (a.line ?? 0) - (b.line ?? 0);
  }

  #name({ tag, cell, block }: Group): string {
    const what = block === undefined ? undefined : this.#model.whatText(this.#model.blocks, block);
    if (what !== undefined) return what;
    if (this.#by.value === "cell") return place(this.#trans, cell ?? 0, 0);
    if (tag === undefined) return this.#trans.__("(several tags)");
    return this.#model.tagText(tag) ?? this.#trans.__("(no tag)");
  }

  #place({ cell, line, tag, block }: Group): string {
    if (this.#by.value === "cell") {
      return tag === undefined ? this.#trans.__("several tags") : this.#tag(tag);
    }
    const where =
      cell === undefined ? this.#trans.__("several cells") : place(this.#trans, cell, line ?? 0);
    return block === undefined ? where : this.#trans.__("%1 · block %2", where, block);
  }

  #tag(tag: number): string {
    return this.#model.tagText(tag) ?? this.#trans.__("(no tag)");
  }

  #text(row: Group): string {
    return `${this.#name(row)} ${this.#place(row)}`.toLowerCase();
  }

  #cells(row: Group): HTMLElement[] {
    const swatch = el("i", { class: "cenote-swatch" });
    swatch.style.background = cellVariable(row.cell ?? 0);
    const name = el("span", {}, swatch, new Text(this.#name(row)));
    const holder = twoLines(name, this.#place(row));
    setTitle(holder, this.#name(row));
    holder.style.setProperty("--cenote-share", `${(Math.abs(row.bytes) / this.#most) * 100}%`);
    holder.style.setProperty("--cenote-row", cellVariable(row.cell ?? 0));
    const isChange = this.#subject.subject.kind === "change";
    const bytes = el("span", {
      text: isChange ? signedBytes(row.bytes) : formatBytes(row.bytes),
      title: this.#trans.__(
        "%1, of which %2 were asked for",
        exactBytes(row.bytes),
        exactBytes(row.requested),
      ),
      attrs: { "data-bytes": String(row.bytes) },
    });
    return [
      holder,
      el("span", { text: isChange ? signedCount(row.blocks) : exact(row.blocks) }),
      bytes,
    ];
  }

  #litBy(row: Group): Lit {
    const by = this.#by.value as Grouping;
    return (blocks, id) => belongs(row, by, blocks, id);
  }

  #tellSum(rows: readonly Group[], filtered: boolean): void {
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    const blocks = rows.reduce((sum, row) => sum + row.blocks, 0);
    const isChange = this.#subject.subject.kind === "change";
    const sum =
      rows.length === 0
        ? this.#nothing(filtered)
        : this.#trans.__(
            "%1 in %2 blocks, %3 rows",
            isChange ? signedBytes(bytes) : formatBytes(bytes),
            exact(blocks),
            exact(rows.length),
          );
    setText(this.#sum, [sum, this.#caveat()].filter((part) => part !== "").join(". "));
    setTitle(this.#sum, exactBytes(bytes));
    this.#sum.dataset["bytes"] = String(bytes);
    this.#sum.dataset["blocks"] = String(blocks);
  }

  #nothing(filtered: boolean): string {
    if (filtered) return this.#trans.__("No row matches the filter");
    const { kind } = this.#subject.subject;
    if (kind === "change") return this.#trans.__("Nothing has come or gone");
    if (kind === "live") return this.#trans.__("Nothing is live");
    return this.#trans.__("Nothing");
  }

  /** What the table can't know: what happened before the page had records. */
  #caveat(): string {
    const { log, numbers } = this.#model;
    const chosen = this.#subject.subject;
    if (chosen.kind === "peak") {
      const { bytes, time } = this.#sources.peak();
      if (bytes === numbers?.peakLive) return this.#trans.__("Peak at %1", clock(time, 3));
      const from = clock(log.timeOf(log.begin));
      return this.#trans.__(
        "The highest level since %1; the peak of %2 was before",
        from,
        formatBytes(numbers?.peakLive ?? 0),
      );
    }
    const { stretch } = this.#focus;
    if (chosen.kind !== "stretch" || !stretch || log.begin === 0) return "";
    const begin = log.timeOf(log.begin);
    if (begin <= stretch.from) return "";
    return this.#trans.__("Known since %1", clock(begin));
  }
}

/** Tells of changes in rows far down, which are too many to be compared one by one. */
const checksum = (rows: readonly Group[]) =>
  rows.reduce((sum, { blocks, bytes }) => (Math.imul(sum, 31) + blocks + bytes) | 0, 0);
