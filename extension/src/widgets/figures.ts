// The numbers at the top of the panel: how full the pool is, as a bar against the budget, and live,
// reserved, peak and budget. Each number's hover text and `data-bytes` tell it to the byte.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { el, exactBytes, percent, setText, setTitle } from "./dom.ts";

type FigureName = "live" | "reserved" | "peak" | "budget";

interface Figure {
  value: HTMLElement;
  describe: (bytes: string) => string;
}

export class Figures {
  readonly node: HTMLElement;
  readonly #trans: TranslationBundle;
  readonly #figures: Record<FigureName, Figure>;
  readonly #bar = el("div", {
    class: "cenote-bar",
    attrs: { role: "meter", "aria-valuemin": "0" },
  });
  readonly #live = el("div", { class: "cenote-bar-live" });
  readonly #reserved = el("div", { class: "cenote-bar-reserved" });
  readonly #peak = el("div", { class: "cenote-bar-peak" });
  readonly #share = el("div", { class: "cenote-share" });
  readonly #list = el("dl", { class: "cenote-figures" });

  constructor(trans: TranslationBundle) {
    this.#trans = trans;
    this.#figures = {
      live: this.#figure("live", trans.__("Live"), (b) => trans.__("%1 in live blocks", b)),
      reserved: this.#figure("reserved", trans.__("Reserved"), (b) =>
        trans.__("%1 in slabs, taken from the device", b),
      ),
      peak: this.#figure("peak", trans.__("Peak"), (b) => trans.__("%1 live at most so far", b)),
      budget: this.#figure("budget", trans.__("Budget"), (b) =>
        trans.__("%1 that the pool may reserve", b),
      ),
    };
    this.#bar.setAttribute("aria-label", trans.__("Live bytes of the budget"));
    this.#bar.append(this.#reserved, this.#live, this.#peak);
    this.node = el("section", { class: "cenote-overview" }, this.#list, this.#bar, this.#share);
  }

  update(model: PoolModel): void {
    const n = model.numbers;
    if (!n) return;
    this.#set("live", n.live);
    this.#set("reserved", n.reserved);
    this.#set("peak", n.peakLive);
    this.#set("budget", n.budget);
    const full = n.budget > 0 ? n.budget : Math.max(n.peakReserved, 1);
    const width = (bytes: number) => `${Math.min(100, (bytes / full) * 100)}%`;
    this.#live.style.width = width(n.live);
    this.#reserved.style.width = width(n.reserved);
    this.#peak.style.left = width(n.peakLive);
    this.#bar.setAttribute("aria-valuemax", String(full));
    this.#bar.setAttribute("aria-valuenow", String(Math.min(n.live, full)));
    const used = this.#trans.__("%1 of the budget live", percent(n.live / full));
    this.#bar.setAttribute("aria-valuetext", used);
    setText(
      this.#share,
      n.reserved > n.live
        ? this.#trans.__("%1 · %2 free in slabs", used, formatBytes(n.reserved - n.live))
        : used,
    );
  }

  #set(name: FigureName, bytes: number): void {
    const figure = this.#figures[name];
    setText(figure.value, formatBytes(bytes));
    setTitle(figure.value, figure.describe(exactBytes(bytes)));
    figure.value.dataset["bytes"] = String(bytes);
  }

  #figure(name: FigureName, label: string, describe: Figure["describe"]): Figure {
    const value = el("dd", { attrs: { "data-cenote": name } });
    this.#list.append(
      el("div", { class: `cenote-figure cenote-figure-${name}` }, el("dt", { text: label }), value),
    );
    return { value, describe };
  }
}
