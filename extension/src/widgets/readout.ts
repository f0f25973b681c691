// The note that follows the pointer or the keyboard's cursor over a picture. Moves by keyboard are read
// aloud; moves of the pointer are not.
import { el, setText } from "./dom.ts";

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
    this.#tell(lines);
    this.node.hidden = false;
    const box = over.getBoundingClientRect();
    const size = this.node.getBoundingClientRect();
    const margin = 8;
    let left = box.left + x + 12;
    if (left + size.width > window.innerWidth - margin) left = box.left + x - size.width - 12;
    let top = box.top + y + 14;
    if (top + size.height > window.innerHeight - margin) top = box.top + y - size.height - 10;
    // Moved, not laid out anew.
    const at = [left, top].map((pixels) => `${Math.round(Math.max(margin, pixels))}px`);
    this.node.style.transform = `translate(${at.join(", ")})`;
    if (speak) this.spoken.textContent = lines.join(", ");
  }

  /** The lines' elements are kept: most of the time only a figure changes. */
  #tell(lines: readonly string[]): void {
    while (this.node.childElementCount > lines.length) this.node.lastElementChild!.remove();
    for (const [i, text] of lines.entries()) {
      const line = this.node.children[i] as HTMLElement | undefined;
      if (line) setText(line, text);
      else this.node.append(el("div", { text, class: i === 0 ? "cenote-readout-title" : "" }));
    }
  }

  hide(): void {
    this.node.hidden = true;
  }
}
