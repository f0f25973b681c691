// The sidebar's panel of shared tables: a card for each name, kept in place while listings come.
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Message } from "@lumino/messaging";
import { PanelLayout, Widget } from "@lumino/widgets";
import type { SharedObject } from "../../../kernel/src/base/browse-protocol.ts";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { KernelFollower } from "../follow.ts";
import { el, exact, setText } from "../widgets/dom.ts";
import { NameCard } from "./card.ts";
import { sharedIcon } from "./icon.ts";
import { ExchangeLink } from "./link.ts";

/** From so many names on there is a filter. */
const FILTER_FROM = 6;

export class ExchangePanel extends Widget {
  readonly #trans: TranslationBundle;
  readonly #follower: KernelFollower;
  readonly #cards = new Map<string, NameCard>();
  readonly #list = new Widget({ node: el("div", { class: "cenote-names" }) });
  readonly #listLayout = new PanelLayout();
  readonly #title = el("div", { class: "cenote-exchange-title" });
  readonly #message = el("div", { class: "cenote-message", attrs: { role: "status" } });
  readonly #filter = el("input", { class: "cenote-filter", attrs: { type: "search" } });
  #link: ExchangeLink | undefined;
  #kernel: unknown;

  constructor(shell: JupyterFrontEnd.IShell, trans: TranslationBundle) {
    super();
    this.#trans = trans;
    this.id = "cenote-exchange";
    this.title.icon = sharedIcon;
    this.title.caption = trans.__("Shared tables (Cenote)");
    this.addClass("cenote-panel");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", trans.__("Shared tables"));
    this.#filter.placeholder = trans.__("filter names");
    this.#filter.setAttribute("aria-label", trans.__("Filter names"));
    this.#filter.addEventListener("input", () => this.#show());
    const layout = new PanelLayout();
    this.layout = layout;
    const head = el(
      "div",
      { class: "cenote-header" },
      el("h2", { text: trans.__("Shared tables") }),
      this.#title,
      this.#filter,
    );
    layout.addWidget(new Widget({ node: head }));
    this.#list.layout = this.#listLayout;
    const scroll = new Widget({ node: el("div", { class: "cenote-scroll" }, this.#message) });
    const scrollLayout = new PanelLayout();
    scroll.layout = scrollLayout;
    scrollLayout.addWidget(this.#list);
    layout.addWidget(scroll);
    this.#follower = new KernelFollower(shell);
    this.#follower.changed.connect(this.#follow, this);
    this.#follow();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#follower.dispose();
    this.#link?.dispose();
    super.dispose();
  }

  protected override onAfterShow(_message: Message): void {
    this.#link?.want(true);
    this.#show();
  }

  protected override onAfterHide(_message: Message): void {
    this.#link?.want(false);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) this.onAfterShow(message);
  }

  #follow(): void {
    const { kernel } = this.#follower;
    if (kernel !== this.#kernel) {
      this.#kernel = kernel;
      this.#link?.dispose();
      this.#clear();
      this.#link = kernel && new ExchangeLink(kernel);
      this.#link?.changed.connect(this.#show, this);
      this.#link?.want(this.isVisible);
    }
    this.#show();
  }

  #clear(): void {
    for (const card of this.#cards.values()) card.dispose();
    this.#cards.clear();
  }

  #show(): void {
    const link = this.#link;
    const objects = link?.objects ?? [];
    const byName = Map.groupBy(objects, ({ name }) => name);
    const sizes = objects.reduce((sum, { bytes }) => sum + bytes, 0);
    const known = link?.state === "live" || objects.length > 0;
    setText(
      this.#title,
      known
        ? this.#trans._n(
            "%2 name, %3",
            "%2 names, %3",
            byName.size,
            exact(byName.size),
            formatBytes(sizes),
          )
        : "",
    );
    this.#filter.hidden = byName.size < FILTER_FROM && this.#filter.value === "";
    this.#say(known, byName.size);
    this.#list.node.classList.toggle("cenote-stale", link?.state !== "live");
    for (const [name, card] of this.#cards) {
      if (byName.has(name)) continue;
      card.dispose();
      this.#cards.delete(name);
    }
    if (link) for (const [name, versions] of byName) this.#showName(link, name, versions);
  }

  #showName(link: ExchangeLink, name: string, versions: readonly SharedObject[]): void {
    let card = this.#cards.get(name);
    if (!card) {
      card = new NameCard(name, link, this.#trans);
      this.#cards.set(name, card);
      // In the order of the names.
      const place = [...this.#cards.keys()].sort().indexOf(name);
      this.#listLayout.insertWidget(place, card);
    }
    card.setVersions(versions);
    const wanted = name.toLowerCase().includes(this.#filter.value.toLowerCase());
    card.setHidden(!wanted);
  }

  #say(known: boolean, names: number): void {
    const words = known && names > 0 ? undefined : this.#words();
    this.#message.hidden = words === undefined;
    if (!words) return;
    const [title, text, code] = words;
    if (this.#message.dataset["said"] === words.join()) return;
    this.#message.dataset["said"] = words.join();
    this.#message.replaceChildren(
      el("h3", { text: title }),
      el("p", { text: text ?? "" }),
      ...(code ? [el("pre", { text: code })] : []),
    );
  }

  /** Title, text and code of the message that stands where there is nothing to list. */
  #words(): [string, string?, string?] {
    const trans = this.#trans;
    switch (this.#link?.state) {
      case undefined:
        return [trans.__("No kernel"), trans.__("Open a notebook to see what is shared.")];
      case "live":
        return [
          trans.__("Nothing is shared"),
          trans.__("Share a table from any notebook, in Python or TypeScript:"),
          `import { put } from "cenote";\nawait put("flights", table);\n\nimport cenote\ncenote.put("flights", table)`,
        ];
      case "foreign":
        return [
          trans.__("This kernel can't tell"),
          trans.__("Open a notebook for TypeScript (Cenote) or Python."),
        ];
      case "unloaded":
        return [
          trans.__("Cenote is not loaded"),
          trans.__("Run this in the notebook, to share tables and to see them here:"),
          "import cenote",
        ];
      case "mismatch":
        return [
          trans.__("Other version"),
          trans.__(
            "The kernel and this page are of different versions of Cenote. Install the same for both, and reload.",
          ),
        ];
      case "lost":
        return [trans.__("Not connected"), trans.__("Waiting for the kernel.")];
      default:
        return this.#link?.busy
          ? [
              trans.__("Connecting"),
              trans.__("A Python kernel answers when its running cell has ended."),
            ]
          : [trans.__("Connecting"), ""];
    }
  }
}
