// The note that follows the pointer or the keyboard's cursor over a picture. Moves by keyboard are read
// aloud; moves of the pointer are not.
import { el } from "./dom.ts";

export class Readout {
  readonly node = el("div", { class: "cenote-readout", attrs: { "aria-hidden": "true" } });
  readonly spoken = el("div", {
    class: "cenote-unseen",
    attrs: { role: "status", "aria-live": "polite" },
  });

  constructor() {
    this.node.hidden = true;
  }

  /** Shows lines of text beside a point of `over`; `speak` also says them. The first line is the title. */
  show(over: HTMLElement, x: number, y: number, lines: readonly string[], speak: boolean): void {
    this.node.replaceChildren(
      ...lines.map((text, i) => el("div", { text, class: i === 0 ? "cenote-readout-title" : "" })),
    );
    this.node.hidden = false;
    const box = over.getBoundingClientRect();
    const size = this.node.getBoundingClientRect();
    const margin = 8;
    let left = box.left + x + 12;
    if (left + size.width > window.innerWidth - margin) left = box.left + x - size.width - 12;
    let top = box.top + y + 14;
    if (top + size.height > window.innerHeight - margin) top = box.top + y - size.height - 10;
    this.node.style.left = `${Math.max(margin, left)}px`;
    this.node.style.top = `${Math.max(margin, top)}px`;
    if (speak) this.spoken.textContent = lines.join(", ");
  }

  hide(): void {
    this.node.hidden = true;
  }
}
