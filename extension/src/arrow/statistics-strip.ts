// A card for each column: how many nulls, the range or the most frequent values, and a small histogram. Asked
// for one after the other, and only while the strip is shown.
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Field } from "apache-arrow";
import type { ColumnStatistics } from "../../../kernel/src/base/browse-protocol.ts";
import { el, exact, percent } from "../widgets/dom.ts";

/** Columns that have a card. */
const MOST_CARDS = 64;
const SVG = "http://www.w3.org/2000/svg";

export class StatisticsStrip {
  readonly node = el("div", { class: "cenote-statistics" });
  readonly #fields: readonly Field[];
  readonly #ask: (column: number) => Promise<ColumnStatistics>;
  readonly #trans: TranslationBundle;
  #edition = 0;

  constructor(
    fields: readonly Field[],
    ask: (column: number) => Promise<ColumnStatistics>,
    trans: TranslationBundle,
  ) {
    this.#fields = fields;
    this.#ask = ask;
    this.#trans = trans;
    this.node.hidden = true;
    this.node.setAttribute("role", "list");
    this.node.setAttribute("aria-label", trans.__("Column statistics"));
    this.node.tabIndex = 0;
  }

  hide(): void {
    this.#edition++;
    this.node.hidden = true;
  }

  /** Shows the cards, and fills them as the answers come. */
  async show(): Promise<void> {
    const edition = ++this.#edition;
    this.node.hidden = false;
    const fields = this.#fields.slice(0, MOST_CARDS);
    const cards = fields.map((field) => this.#card(field));
    this.node.replaceChildren(...cards.map(({ node }) => node));
    for (const [column, { body }] of cards.entries()) {
      try {
        const facts = await this.#ask(column);
        if (edition !== this.#edition) return;
        body.replaceChildren(...this.#facts(facts));
      } catch (error) {
        if (edition !== this.#edition) return;
        body.replaceChildren(el("div", { class: "cenote-faint", text: (error as Error).message }));
      }
    }
  }

  #card(field: Field): { node: HTMLElement; body: HTMLElement } {
    const body = el(
      "div",
      {},
      el("div", { class: "cenote-faint", text: this.#trans.__("counting…") }),
    );
    const node = el(
      "div",
      { class: "cenote-card", attrs: { role: "listitem" } },
      el("div", { class: "cenote-card-name", text: field.name, title: field.name }),
      el("div", { class: "cenote-faint", text: String(field.type) }),
      body,
    );
    return { node, body };
  }

  #facts(facts: ColumnStatistics): Node[] {
    const trans = this.#trans;
    const share = facts.rows === 0 ? 0 : facts.nulls / facts.rows;
    const line = (name: string, text: string) =>
      el(
        "div",
        { class: "cenote-fact", title: text },
        el("span", { text: name }),
        el("b", { text }),
      );
    const found: Node[] = [];
    if (facts.histogram) found.push(histogram(facts.histogram, trans));
    if (facts.top) found.push(...facts.top.map((one) => bar(one.value, one.count, facts.rows)));
    if (facts.least !== undefined) found.push(line(trans.__("least"), separated(facts.least)));
    if (facts.greatest !== undefined)
      found.push(line(trans.__("greatest"), separated(facts.greatest)));
    if (facts.mean !== undefined) {
      const mean = String(Number(facts.mean.toPrecision(6)));
      found.push(line(trans.__("mean"), separated(mean)));
    }
    if (facts.distinct !== undefined) {
      found.push(line(trans.__("different"), `${facts.more ? "≥ " : ""}${exact(facts.distinct)}`));
    }
    found.push(
      line(
        trans.__("null"),
        facts.nulls === 0 ? trans.__("none") : `${exact(facts.nulls)} (${percent(share)})`,
      ),
    );
    if (facts.nans) found.push(line(trans.__("NaN"), exact(facts.nans)));
    return found;
  }
}

/** Numbers of five digits and more before the point with commas, exact; all other text as it is. */
function separated(text: string): string {
  const [, sign, whole, rest] = /^(-?)(\d{5,})(\.\d+)?$/.exec(text) ?? [];
  return whole === undefined
    ? text
    : `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${rest ?? ""}`;
}

function histogram(bins: readonly number[], trans: TranslationBundle): SVGElement {
  const most = Math.max(...bins, 1);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${bins.length * 5} 30`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "cenote-histogram");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", trans.__("Histogram: %1", bins.map(exact).join(", ")));
  for (const [i, count] of bins.entries()) {
    const height = count === 0 ? 0 : Math.max(1, (28 * count) / most);
    const rect = document.createElementNS(SVG, "rect");
    const box = { x: i * 5, y: 30 - height, width: 4, height };
    for (const [name, value] of Object.entries(box)) rect.setAttribute(name, String(value));
    const title = document.createElementNS(SVG, "title");
    title.textContent = exact(count);
    rect.append(title);
    svg.append(rect);
  }
  return svg;
}

function bar(value: string, count: number, rows: number): HTMLElement {
  const share = rows === 0 ? 0 : count / rows;
  const filled = el("div", { class: "cenote-frequency-filled" });
  filled.style.width = `${Math.max(1, 100 * share)}%`;
  const label = el("span", { text: value === "" ? "“”" : value });
  const title = `${value}: ${exact(count)}`;
  return el(
    "div",
    { class: "cenote-frequency", title },
    filled,
    label,
    el("b", { text: percent(share) }),
  );
}
