// The cells that ran and the one that runs, as far as records and the books tell.
import { type Books, type CellSpan, CONTROL } from "../base/index.ts";

const MAX_CELLS = 512;

export class CellSpans {
  readonly #books: Books;
  readonly #spans = new Map<number, CellSpan>();
  /** The notebook's names of cells, by number. */
  readonly #ids = new Map<number, string>();

  constructor(books: Books) {
    this.#books = books;
  }

  get known(): ReadonlyMap<number, CellSpan> {
    return this.#spans;
  }

  all(): CellSpan[] {
    return this.named(this.#spans);
  }

  /** The spans, with the notebook's names of their cells. */
  named(spans: ReadonlyMap<number, CellSpan>): CellSpan[] {
    return [...spans.values()].map((span) => {
      const id = this.#ids.get(span.cell);
      return id === undefined ? span : { ...span, id };
    });
  }

  /** The cell that runs under a number has this name in the notebook; the latest MAX_CELLS are kept. */
  name(cell: number, id: string | undefined): void {
    this.#ids.delete(cell);
    if (id !== undefined) this.#ids.set(cell, id);
    if (this.#ids.size > MAX_CELLS) this.#ids.delete(this.#ids.keys().next().value!);
  }

  /** Takes spans that records told of; the latest MAX_CELLS stay. */
  keep(cells: ReadonlyMap<number, CellSpan>): void {
    for (const [cell, span] of cells) {
      this.#spans.delete(cell);
      this.#spans.set(cell, span);
    }
    for (const cell of this.#spans.keys()) {
      if (this.#spans.size <= MAX_CELLS) break;
      this.#spans.delete(cell);
    }
  }

  /**
   * Cells whose end, or begin, was among records that were left out: adds what the books say to `found`.
   * Such an end is `now`, such a begin `since`; milliseconds since the epoch.
   */
  mend(found: Map<number, CellSpan>, since: number, now: number): void {
    const running = this.#books.control[CONTROL.cell]!;
    for (const [cell, span] of this.#spans) {
      const open = span.end === undefined && !found.has(cell);
      if (open && cell !== running) found.set(cell, { ...span, end: now });
    }
    if (running !== 0 && !this.#spans.has(running) && !found.has(running)) {
      found.set(running, { cell: running, begin: since });
    }
  }

  /** The running cell began before the oldest record in the ring. */
  keepRunning(oldest: number): void {
    const cell = this.#books.control[CONTROL.cell]!;
    if (cell !== 0 && !this.#spans.has(cell)) this.#spans.set(cell, { cell, begin: oldest });
  }
}
