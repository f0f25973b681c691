// A table of many rows of which only those in view are elements. Headings sort; the arrow keys, Page Up and
// Down, Home and End move through the rows, Enter takes one. What it shows is the owner's business.
import { el } from "./dom.ts";

export interface Column {
  /** Names the column to the owner. */
  name: string;
  text: string;
  title: string;
}

export interface GridOwner<R> {
  /** The content of a row's cells, one a column. Called for rows in view only. */
  cells(row: R): HTMLElement[];
  /** A row is pointed at or has the keyboard; undefined when none is. */
  pointed(row: R | undefined): void;
  /** A row was clicked or taken by Enter. */
  taken(row: R): void;
  /** The user wants another order. */
  sorted(column: string, descending: boolean): void;
}

/** Pixels; as in the style sheet. */
const ROW_HEIGHT = 40;
const MOST_IN_VIEW = 8;
/** Rows beyond the edges that are drawn too, so that scrolling shows no gaps. */
const SPARE = 4;

let ids = 0;

export class Grid<R> {
  readonly node: HTMLElement;
  readonly #owner: GridOwner<R>;
  readonly #columns: readonly Column[];
  readonly #heads = new Map<string, HTMLElement>();
  readonly #body = el("div", { class: "cenote-grid-body", attrs: { role: "rowgroup" } });
  readonly #space = el("div", { class: "cenote-grid-space", attrs: { role: "presentation" } });
  readonly #id = `cenote-grid-${++ids}`;
  #rows: readonly R[] = [];
  #active = -1;
  #sort: { column: string; descending: boolean };

  /** `sort`: the order that the owner begins with. */
  constructor(
    label: string,
    columns: readonly Column[],
    sort: { column: string; descending: boolean },
    owner: GridOwner<R>,
  ) {
    this.#owner = owner;
    this.#columns = columns;
    this.#sort = sort;
    const head = el("div", { class: "cenote-grid-head", attrs: { role: "row" } });
    head.append(...columns.map((column) => this.#heading(column)));
    this.#body.append(this.#space);
    this.node = el(
      "div",
      {
        class: "cenote-grid",
        attrs: { role: "grid", tabindex: "0", "aria-label": label, "aria-readonly": "true" },
      },
      el("div", { attrs: { role: "rowgroup" } }, head),
      this.#body,
    );
    this.node.setAttribute("aria-colcount", String(columns.length));
    this.#listen();
    this.#showSort();
  }

  /** Shows rows in this order; `keep`: the one that has the keyboard, in place of the same position. */
  show(rows: readonly R[], keep?: (row: R) => boolean): void {
    this.#rows = rows;
    this.#active = keep ? rows.findIndex(keep) : -1;
    this.node.setAttribute("aria-rowcount", String(rows.length + 1));
    this.#body.style.height = `${Math.min(rows.length, MOST_IN_VIEW) * ROW_HEIGHT}px`;
    this.#space.style.height = `${rows.length * ROW_HEIGHT}px`;
    this.#draw();
  }

  /** The row that has the keyboard. */
  get active(): R | undefined {
    return this.#rows[this.#active];
  }

  #heading({ name, text, title }: Column): HTMLElement {
    const head = el(
      "span",
      { class: `cenote-grid-${name}`, attrs: { role: "columnheader" } },
      el("button", { text, title, attrs: { type: "button", tabindex: "-1" } }),
    );
    head.addEventListener("click", () => this.#sortBy(name));
    this.#heads.set(name, head);
    return head;
  }

  #sortBy(column: string): void {
    const again = this.#sort.column === column;
    this.#sort = { column, descending: again ? !this.#sort.descending : column !== "holder" };
    this.#showSort();
    this.#owner.sorted(column, this.#sort.descending);
  }

  #showSort(): void {
    for (const [name, head] of this.#heads) {
      const order = this.#sort.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", name === this.#sort.column ? order : "none");
    }
  }

  #draw(): void {
    const top = this.#body.scrollTop;
    const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - SPARE);
    const last = Math.min(this.#rows.length, first + MOST_IN_VIEW + 2 * SPARE + 1);
    const shown = [];
    for (let i = first; i < last; i++) shown.push(this.#row(i));
    this.#space.replaceChildren(...shown);
    const active = this.#active >= first && this.#active < last;
    if (active) this.node.setAttribute("aria-activedescendant", `${this.#id}-${this.#active}`);
    else this.node.removeAttribute("aria-activedescendant");
  }

  #row(index: number): HTMLElement {
    const row = this.#rows[index]!;
    const cells = this.#owner.cells(row);
    cells.forEach((cell, i) => {
      cell.setAttribute("role", "gridcell");
      cell.classList.add(`cenote-grid-${this.#columns[i]!.name}`);
    });
    const node = el("div", { class: "cenote-grid-row", attrs: { role: "row" } }, ...cells);
    node.id = `${this.#id}-${index}`;
    node.dataset["index"] = String(index);
    node.setAttribute("aria-rowindex", String(index + 2));
    if (index === this.#active) node.setAttribute("aria-selected", "true");
    node.style.top = `${index * ROW_HEIGHT}px`;
    return node;
  }

  #listen(): void {
    this.#body.addEventListener("scroll", () => this.#draw());
    this.#body.addEventListener("pointerover", ({ target }) => {
      this.#owner.pointed(this.#rows[indexOf(target)]);
    });
    this.#body.addEventListener("pointerleave", () => this.#owner.pointed(undefined));
    this.#body.addEventListener("click", ({ target }) => {
      const index = indexOf(target);
      const row = this.#rows[index];
      if (row === undefined) return;
      this.#activate(index);
      this.#owner.taken(row);
    });
    this.node.addEventListener("blur", () => this.#owner.pointed(undefined));
    this.node.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#rows.length - 1;
    const to = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + MOST_IN_VIEW,
      PageUp: this.#active - MOST_IN_VIEW,
      Home: 0,
      End: last,
    }[event.key];
    const row = this.#rows[this.#active];
    if (to !== undefined && last >= 0) this.#activate(Math.min(last, Math.max(0, to)));
    else if (event.key === "Enter" && row !== undefined) this.#owner.taken(row);
    else if (event.key === "Escape") this.#activate(-1);
    else {
      const column = this.#columns[Number(event.key) - 1];
      if (!column || event.ctrlKey || event.altKey || event.metaKey) return;
      this.#sortBy(column.name);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #activate(index: number): void {
    this.#active = index;
    const top = index * ROW_HEIGHT;
    const body = this.#body;
    if (index >= 0 && top < body.scrollTop) body.scrollTop = top;
    else if (index >= 0 && top + ROW_HEIGHT > body.scrollTop + body.clientHeight) {
      body.scrollTop = top + ROW_HEIGHT - body.clientHeight;
    }
    this.#draw();
    this.#owner.pointed(this.#rows[index]);
  }
}

function indexOf(target: EventTarget | null): number {
  const row = (target as Element | null)?.closest<HTMLElement>(".cenote-grid-row");
  return Number(row?.dataset["index"] ?? -1);
}

/** A cell with a second, fainter line. */
export function twoLines(first: Node, second: string): HTMLElement {
  const lines = el("span", {}, el("span", { class: "cenote-tag" }, first));
  lines.append(el("span", { class: "cenote-place", text: second }));
  return lines;
}
