// What a cell did to the pool, in a line under its code: the most that was live while it ran, and how much
// more is live since. A click opens the panel on the cell.
import type { TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { CellFigures } from "../../../kernel/src/base/monitor-protocol.ts";
import { poolIcon } from "../icon.ts";
import { el, exactBytes, signedBytes } from "../widgets/dom.ts";

/** The figures in a metadata value; undefined where it holds none. */
export function notedIn(value: unknown): CellFigures | undefined {
  const { cell, peak, net } = (value ?? {}) as Partial<CellFigures>;
  return [cell, peak, net].every((number) => Number.isFinite(number))
    ? { cell: cell!, peak: peak!, net: net! }
    : undefined;
}

export class Badge extends Widget {
  readonly noted: CellFigures;

  /** `open` shows the panel on the cell. */
  constructor(trans: TranslationBundle, noted: CellFigures, open: () => void) {
    super();
    this.noted = noted;
    this.addClass("cenote-cell-badge");
    const { peak, net } = noted;
    const change = net === 0 ? trans.__("±0") : signedBytes(net);
    const icon = el("span", { class: "cenote-cell-badge-icon" });
    poolIcon.element({ container: icon, width: "12px", height: "12px" });
    const text = trans.__("peak %1 · %2", formatBytes(peak), change);
    const title = trans.__(
      "GPU memory: at most %1 were live while this cell ran; it left %2. Click to show it.",
      exactBytes(peak),
      left(trans, net),
    );
    const button = el(
      "button",
      { title, attrs: { type: "button", "data-peak": String(peak), "data-net": String(net) } },
      icon,
      el("span", { text }),
    );
    button.addEventListener("click", open);
    this.node.append(button);
  }
}

/** "3,000 bytes more", "3,000 bytes less", "as much as before". */
function left(trans: TranslationBundle, net: number): string {
  if (net === 0) return trans.__("as much as before");
  const bytes = exactBytes(Math.abs(net));
  return net > 0 ? trans.__("%1 more", bytes) : trans.__("%1 less", bytes);
}
