// The panel's head: whose pool it is, whether data flow, and which adapter holds the memory.
import type { TranslationBundle } from "@jupyterlab/translation";
import type { IPoolWatch } from "../watch.ts";
import { el, setText, setTitle } from "./dom.ts";
import { badge } from "./words.ts";

export class Header {
  readonly node: HTMLElement;
  readonly #trans: TranslationBundle;
  readonly #name = el("span", { class: "cenote-whose-name" });
  readonly #badge = el("span", { class: "cenote-badge", attrs: { role: "status" } });
  readonly #adapter = el("span", { class: "cenote-adapter", attrs: { "data-cenote": "adapter" } });
  readonly #software: HTMLElement;
  readonly #line: HTMLElement;

  constructor(trans: TranslationBundle) {
    this.#trans = trans;
    this.#software = el("span", {
      class: "cenote-software",
      text: trans.__("software"),
      title: trans.__(
        "No GPU: the processor does this adapter's work, in the machine's own memory. Times are not a GPU's.",
      ),
    });
    this.#line = el("div", { class: "cenote-adapter-line" }, this.#adapter, this.#software);
    this.node = el(
      "header",
      { class: "cenote-header" },
      el("h2", { text: trans.__("GPU memory pool") }),
      el("div", { class: "cenote-whose" }, this.#name, this.#badge),
      this.#line,
    );
  }

  update({ model, state, name }: IPoolWatch): void {
    setText(this.#name, name);
    setTitle(this.#name, name);
    setText(this.#badge, badge(this.#trans, state));
    this.#badge.dataset["state"] = state;
    this.#badge.hidden = state === "nobody";
    this.#line.hidden = !model.known;
    this.#software.hidden = model.adapter?.software !== true;
    setText(this.#adapter, model.adapter?.name ?? this.#trans.__("no adapter used yet"));
    setTitle(this.#adapter, model.adapter ? `${model.adapter.name} (${model.adapter.vendor})` : "");
  }
}
