// One shared name: how large it is, who shares it, who reads it, its columns, its first rows, and what can be
// done with it.
import { Clipboard, Dialog, showDialog } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import { type Message, MessageLoop } from "@lumino/messaging";
import { PanelLayout, Widget } from "@lumino/widgets";
import type { Process, SharedObject } from "../../../kernel/src/base/browse-protocol.ts";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import { clock, el, exact, exactBytes, setText, setTitle } from "../widgets/dom.ts";
import type { ExchangeLink } from "./link.ts";

/** Rows of a preview. */
const ROWS = 100;

export class NameCard extends Widget {
  readonly #name: string;
  readonly #link: ExchangeLink;
  readonly #trans: TranslationBundle;
  readonly #layout = new PanelLayout();
  readonly #size = el("span", { class: "cenote-name-size" });
  readonly #copies = el("span", { class: "cenote-chip" });
  readonly #facts = el("dl", { class: "cenote-name-facts" });
  readonly #columns = el("table", { class: "cenote-name-columns" });
  readonly #columnsTitle = el("summary");
  readonly #said = el("div", { class: "cenote-faint", attrs: { role: "status" } });
  readonly #previewButton = el("button", { class: "cenote-button" });
  #preview: Widget | undefined;
  #shown = "";

  constructor(name: string, link: ExchangeLink, trans: TranslationBundle) {
    super();
    this.#name = name;
    this.#link = link;
    this.#trans = trans;
    this.layout = this.#layout;
    this.addClass("cenote-name");
    this.node.dataset["name"] = name;
    const head = el(
      "div",
      { class: "cenote-name-head" },
      el("h3", { text: name, title: name }),
      this.#copies,
    );
    const details = el("details", {}, this.#columnsTitle, this.#columns);
    const top = new Widget({
      node: el("div", {}, head, this.#size, this.#facts, details, this.#buttons(), this.#said),
    });
    this.#layout.addWidget(top);
  }

  /** `versions`: of this name, the newest first; some may not be current any more. */
  setVersions(versions: readonly SharedObject[]): void {
    const text = JSON.stringify(versions);
    if (text === this.#shown) return;
    this.#shown = text;
    const newest = versions[0]!;
    const trans = this.#trans;
    const rows = trans._n("%2 row", "%2 rows", newest.rows, exact(newest.rows));
    const columns = trans._n(
      "%2 column",
      "%2 columns",
      newest.columnCount,
      exact(newest.columnCount),
    );
    setText(this.#size, `${rows} × ${columns} · ${formatBytes(newest.bytes)}`);
    setTitle(this.#size, exactBytes(newest.bytes));
    this.#size.dataset["bytes"] = String(newest.bytes);
    setText(this.#copies, newest.mapped ? trans.__("no copies") : trans.__("copied"));
    this.#copies.classList.toggle("cenote-chip-warn", !newest.mapped);
    setTitle(
      this.#copies,
      newest.mapped
        ? trans.__("Readers map the owner's memory: nothing is copied")
        : trans.__("The owner has no shared memory: each reader gets a copy"),
    );
    this.#facts.replaceChildren(...this.#lines(versions));
    this.#fillColumns(newest);
  }

  #lines(versions: readonly SharedObject[]): Node[] {
    const trans = this.#trans;
    const line = (term: string, text: string, key: string) => [
      el("dt", { text: term }),
      el("dd", { text, attrs: { "data-cenote": key } }),
    ];
    const [newest, ...older] = versions as [SharedObject, ...SharedObject[]];
    const current = newest.current
      ? trans.__("version %1, since %2", newest.version, clock(newest.created))
      : trans.__("taken back; version %1 is still read", newest.version);
    return [
      ...line(trans.__("shared by"), this.#process(newest.owner), "owner"),
      ...line(trans.__("version"), current, "version"),
      ...line(trans.__("read by"), this.#readers(newest), "readers"),
      ...older.flatMap((one) =>
        line(
          trans.__("older"),
          one.current
            ? trans.__("version %1 of %2", one.version, this.#process(one.owner))
            : trans.__(
                "version %1, %2, read by %3",
                one.version,
                formatBytes(one.bytes),
                this.#readers(one),
              ),
          "older",
        ),
      ),
    ];
  }

  #process({ pid, language, own }: Process): string {
    const names: Record<string, string> = { typescript: "TypeScript", python: "Python" };
    const name = names[language] ?? (language || this.#trans.__("process"));
    const who = pid === 0 ? "" : `${name} ${pid}`;
    if (own) return this.#trans.__("this kernel (%1)", who);
    return who || this.#trans.__("a process that can't be told");
  }

  #readers({ readers }: SharedObject): string {
    if (!readers) return this.#trans.__("not told by its owner");
    if (readers.length === 0) return this.#trans.__("nobody");
    return readers
      .map((reader) => {
        const who = this.#process(reader);
        return reader.leases > 1 ? this.#trans.__("%1 (%2 leases)", who, reader.leases) : who;
      })
      .join(", ");
  }

  #fillColumns({ columns, columnCount }: SharedObject): void {
    setText(this.#columnsTitle, this.#trans.__("Columns"));
    const rows = columns.map(([name, type]) =>
      el("tr", {}, el("th", { text: name, attrs: { scope: "row" } }), el("td", { text: type })),
    );
    const rest = columnCount - columns.length;
    if (rest > 0) {
      const more = this.#trans._n("… and %1 more", "… and %1 more", rest);
      rows.push(el("tr", {}, el("td", { text: more, attrs: { colspan: "2" } })));
    }
    this.#columns.replaceChildren(...rows);
  }

  #buttons(): HTMLElement {
    const trans = this.#trans;
    const button = (text: string, title: string, click: () => void) => {
      const node = el("button", { class: "cenote-button", text, title });
      node.addEventListener("click", click);
      return node;
    };
    this.#previewButton.textContent = trans.__("Preview");
    this.#previewButton.setAttribute("aria-expanded", "false");
    this.#previewButton.addEventListener("click", () => void this.#toggle());
    return el(
      "div",
      { class: "cenote-name-buttons" },
      this.#previewButton,
      button(trans.__("Copy TypeScript"), typescriptLine(this.#name), () =>
        this.#copy(typescriptLine(this.#name)),
      ),
      button(trans.__("Copy Python"), pythonLine(this.#name), () =>
        this.#copy(pythonLine(this.#name)),
      ),
      button(
        trans.__("Take back…"),
        trans.__("Ends the sharing of this name; who has got it keeps it"),
        () => void this.#remove(),
      ),
    );
  }

  #copy(line: string): void {
    Clipboard.copyToSystem(line);
    this.#say(this.#trans.__("Copied: %1", line.split("\n").at(-1)));
  }

  async #toggle(): Promise<void> {
    const wanted = !this.#preview;
    this.#preview?.dispose();
    this.#preview = undefined;
    this.#previewButton.setAttribute("aria-expanded", String(wanted));
    this.#say("");
    if (!wanted) return;
    this.#say(this.#trans.__("asking for the first rows…"));
    try {
      const [{ bytes }, { TableWidget }] = await Promise.all([
        this.#link.ask({ kind: "preview", name: this.#name, rows: ROWS }),
        import("../arrow/table-widget.ts"),
      ]);
      if (this.isDisposed) return;
      this.#preview = new TableWidget({
        ...{ bytes, rows: undefined, view: undefined, trans: this.#trans },
        kernel: () => undefined,
        note: this.#trans.__("the first rows"),
      });
      this.#layout.addWidget(this.#preview);
      this.#say("");
    } catch (error) {
      this.#previewButton.setAttribute("aria-expanded", "false");
      this.#say((error as Error).message);
    }
  }

  async #remove(): Promise<void> {
    const trans = this.#trans;
    const { button } = await showDialog({
      title: trans.__("Take back “%1”?", this.#name),
      body: trans.__("Nobody can get it any more. Who has got it keeps it."),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__("Take back") })],
    });
    if (!button.accept) return;
    try {
      await this.#link.ask({ kind: "remove", name: this.#name });
    } catch (error) {
      this.#say((error as Error).message);
    }
  }

  #say(text: string): void {
    if (!this.isDisposed) setText(this.#said, text);
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    if (this.#preview) MessageLoop.sendMessage(this.#preview, message as Message);
  }
}

/** A name for a variable: what is left of the shared name, or "table". */
function variable(name: string): string {
  const found = name.replace(/\W+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(found) ? found : "table";
}

const typescriptLine = (name: string) =>
  `import { get } from "cenote";\nconst ${variable(name)} = await get(${JSON.stringify(name)});`;
const pythonLine = (name: string) =>
  `import cenote\n${variable(name)} = cenote.get(${JSON.stringify(name)})`;
