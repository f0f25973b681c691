// The largest holders: live blocks by tag, cell and line, as a table with the bytes as bars. Pointing at a
// row lights its blocks in the slab map.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { type Holder, holders } from "../model/holders.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { el, exact, exactBytes, setText } from "./dom.ts";
import { place } from "./slab-view.ts";
import { cellVariable } from "./theme.ts";

const MOST_ROWS = 8;

export class HoldersView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #trans: TranslationBundle;
  readonly #body = el("tbody");
  readonly #note = el("span", { class: "cenote-note" });
  readonly #light: (lit: ((id: number) => boolean) | undefined) => void;
  #shown = "";

  /** `light` lights the blocks of the holder that is pointed at. */
  constructor(
    model: PoolModel,
    trans: TranslationBundle,
    light: (lit: ((id: number) => boolean) | undefined) => void,
  ) {
    this.#model = model;
    this.#trans = trans;
    this.#light = light;
    const head = el(
      "thead",
      { class: "cenote-unseen" },
      el(
        "tr",
        {},
        ...[trans.__("Holder"), trans.__("Bytes")].map((text) =>
          el("th", { text, attrs: { scope: "col" } }),
        ),
      ),
    );
    this.node = el(
      "section",
      { class: "cenote-section" },
      el("header", {}, el("h3", { text: trans.__("Largest holders") }), this.#note),
      el(
        "table",
        { class: "cenote-holders", attrs: { "aria-label": trans.__("Largest holders") } },
        head,
        this.#body,
      ),
    );
  }

  update(): void {
    const all = holders(this.#model.blocks);
    const top = all.slice(0, MOST_ROWS);
    const shown = JSON.stringify(top.map((h) => [h, this.#model.tagText(h.tag)]));
    const rest = all.slice(MOST_ROWS).reduce((sum, { bytes }) => sum + bytes, 0);
    setText(
      this.#note,
      rest > 0
        ? this.#trans.__("%1 more hold %2", exact(all.length - MOST_ROWS), formatBytes(rest))
        : "",
    );
    if (shown === this.#shown) return;
    this.#shown = shown;
    const most = top[0]?.bytes ?? 1;
    this.#body.replaceChildren(
      ...(top.length > 0 ? top.map((holder) => this.#row(holder, most)) : [this.#nobody()]),
    );
  }

  #row(holder: Holder, most: number): HTMLElement {
    const tag = this.#model.tagText(holder.tag);
    const swatch = el("i", { class: "cenote-swatch" });
    swatch.style.background = cellVariable(holder.cell);
    const name = el("div", { class: "cenote-tag" }, swatch);
    name.append(tag ?? this.#trans.__("(no tag)"));
    if (tag !== undefined) name.title = tag;
    const where = [
      place(this.#trans, holder.cell, holder.line),
      holder.blocks === 1
        ? this.#trans.__("1 block")
        : this.#trans.__("%1 blocks", exact(holder.blocks)),
    ];
    const who = el("td", {}, name, el("div", { class: "cenote-place", text: where.join(" · ") }));
    const bytes = el("td", {
      class: "cenote-bytes",
      text: formatBytes(holder.bytes),
      title: this.#trans.__(
        "%1, of which %2 were asked for",
        exactBytes(holder.bytes),
        exactBytes(holder.requested),
      ),
      attrs: { "data-bytes": String(holder.bytes) },
    });
    const row = el("tr", { attrs: { tabindex: "0" } }, who, bytes);
    row.style.setProperty("--cenote-share", `${(holder.bytes / most) * 100}%`);
    row.style.setProperty("--cenote-row", cellVariable(holder.cell));
    this.#lighten(row, holder);
    return row;
  }

  #lighten(row: HTMLElement, { tag, cell, line }: Holder): void {
    const { blocks } = this.#model;
    const on = () =>
      this.#light(
        (id) => blocks.tag[id] === tag && blocks.cell[id] === cell && blocks.line[id] === line,
      );
    const off = () => this.#light(undefined);
    row.addEventListener("pointerenter", on);
    row.addEventListener("pointerleave", off);
    row.addEventListener("focus", on);
    row.addEventListener("blur", off);
  }

  #nobody(): HTMLElement {
    return el(
      "tr",
      { class: "cenote-nobody" },
      el("td", { text: this.#trans.__("No live blocks."), attrs: { colspan: "2" } }),
    );
  }
}
