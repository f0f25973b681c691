// The numbers at the top of the panel: live, reserved, peak and budget. Each number's hover text and
// `data-bytes` tell it to the byte.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { el, exactBytes, setText, setTitle } from "./dom.ts";

type FigureName = "live" | "reserved" | "peak" | "budget";

interface Figure {
  value: HTMLElement;
  describe: (bytes: string) => string;
}

export class Figures {
  readonly node = el("dl", { class: "cenote-figures" });
  readonly #figures: Record<FigureName, Figure>;

  constructor(trans: TranslationBundle) {
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
  }

  update(model: PoolModel): void {
    const n = model.numbers;
    if (!n) return;
    this.#set("live", n.live);
    this.#set("reserved", n.reserved);
    this.#set("peak", n.peakLive);
    this.#set("budget", n.budget);
  }

  #set(name: FigureName, bytes: number): void {
    const figure = this.#figures[name];
    setText(figure.value, formatBytes(bytes));
    setTitle(figure.value, figure.describe(exactBytes(bytes)));
    figure.value.dataset["bytes"] = String(bytes);
  }

  #figure(name: FigureName, label: string, describe: Figure["describe"]): Figure {
    const value = el("dd", { attrs: { "data-cenote": name } });
    this.node.append(
      el("div", { class: `cenote-figure cenote-figure-${name}` }, el("dt", { text: label }), value),
    );
    return { value, describe };
  }
}
