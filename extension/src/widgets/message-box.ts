// What stands in place of the pictures where there is nothing to see: why, and what to do about it.
import { poolIcon } from "../icon.ts";
import { el } from "./dom.ts";
import type { Message } from "./words.ts";

export class MessageBox {
  readonly node = el("div", { class: "cenote-message", attrs: { role: "status" } });
  #said = "";

  /** Says it, unless it stands there already; nothing is said where there is nothing to say. */
  say(words: Message | undefined): void {
    const said = words ? JSON.stringify(words) : "";
    this.node.hidden = words === undefined;
    if (said === this.#said) return;
    this.#said = said;
    if (!words) return;
    const icon = el("div", { class: "cenote-message-icon" });
    poolIcon.element({ container: icon, width: "44px", height: "44px" });
    this.node.replaceChildren(
      icon,
      el("h3", { text: words.title }),
      el("p", { text: words.text }),
      ...(words.code ? [el("pre", { text: words.code })] : []),
    );
  }
}
