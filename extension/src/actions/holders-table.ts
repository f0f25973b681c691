// Groups of blocks as a table in a dialog.
import type { TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import type { ActionHolder } from "../../../kernel/src/base/actions-protocol.ts";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { el, exact, exactBytes } from "../widgets/dom.ts";

export function holdersWidget(
  intro: string,
  heading: string,
  holders: readonly ActionHolder[],
  trans: TranslationBundle,
): Widget {
  const title = el("h3", { text: heading });
  const node = el("div", { class: "cenote-dialog" }, el("p", { text: intro }), title);
  node.append(table(holders, trans));
  return new Widget({ node });
}

function table(holders: readonly ActionHolder[], trans: TranslationBundle): HTMLElement {
  const titles = [trans.__("tag"), trans.__("where"), trans.__("blocks"), trans.__("bytes")];
  const head = el("tr", {}, ...titles.map((text) => el("th", { text, attrs: { scope: "col" } })));
  const rows = holders.map(({ tag, cell, line, blocks, bytes }) => {
    const place =
      cell === 0 ? trans.__("outside cells") : trans.__("cell [%1] line %2", cell, line);
    return el(
      "tr",
      {},
      el("td", { text: tag || trans.__("(no tag)") }),
      el("td", { text: place }),
      el("td", { text: exact(blocks) }),
      el("td", {
        text: formatBytes(bytes),
        title: exactBytes(bytes),
        attrs: { "data-bytes": String(bytes) },
      }),
    );
  });
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
}
