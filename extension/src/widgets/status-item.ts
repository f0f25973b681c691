// The status bar's item: the pool's live bytes; a click opens the panel. Shown for Cenote's kernels only.
import type { TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { poolIcon } from "../icon.ts";
import type { LinkState } from "../model/link-state.ts";
import type { IPoolWatch } from "../watch.ts";
import { el, exactBytes, setText, setTitle } from "./dom.ts";

const SHOWN: ReadonlySet<LinkState> = new Set(["connecting", "live", "paused", "reconnecting"]);

export class StatusItem extends Widget {
  readonly #watch: IPoolWatch;
  readonly #trans: TranslationBundle;
  readonly #button: HTMLButtonElement;
  readonly #text = el("span", { attrs: { "data-cenote": "status" } });

  /** `open` shows the panel. */
  constructor(watch: IPoolWatch, trans: TranslationBundle, open: () => void) {
    super();
    this.#watch = watch;
    this.#trans = trans;
    this.addClass("cenote-status");
    const icon = el("span", { class: "cenote-status-icon" });
    poolIcon.element({ container: icon, stylesheet: "statusBar" });
    this.#button = el("button", { attrs: { type: "button" } }, icon, this.#text);
    this.#button.addEventListener("click", open);
    // An editor that loses the focus takes its own items off the bar, and this one away from under the pointer.
    this.#button.addEventListener("mousedown", (event) => event.preventDefault());
    this.node.append(this.#button);
    watch.changed.connect(this.#update, this);
    this.#update();
  }

  /** True while there is a Cenote kernel to tell of. */
  get isActive(): boolean {
    return SHOWN.has(this.#watch.state);
  }

  override dispose(): void {
    this.#watch.changed.disconnect(this.#update, this);
    super.dispose();
  }

  #update(): void {
    const numbers = this.#watch.model.numbers;
    setText(this.#text, numbers ? formatBytes(numbers.live) : "…");
    if (numbers) this.#text.dataset["bytes"] = String(numbers.live);
    setTitle(
      this.#button,
      numbers
        ? this.#trans.__("GPU memory pool: %1 live. Click to show it.", exactBytes(numbers.live))
        : this.#trans.__("GPU memory pool. Click to show it."),
    );
  }
}
