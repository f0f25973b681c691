// The timeline with its heading: which window is shown, and what the pointer or the arrow keys point at.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { clock, duration, el, setText } from "./dom.ts";
import { Picture } from "./picture.ts";
import type { Readout } from "./readout.ts";
import { drawTimeline, type Window } from "./timeline-draw.ts";

/** The least that is shown at once, in milliseconds, so that a first sample doesn't fill the picture. */
const LEAST_MS = 2000;

export class TimelineView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #trans: TranslationBundle;
  readonly #readout: Readout;
  readonly #picture: Picture;
  readonly #range: HTMLSelectElement;
  /** Share of the window's width where the cursor is. */
  #cursor: number | undefined;

  constructor(model: PoolModel, trans: TranslationBundle, readout: Readout) {
    this.#model = model;
    this.#trans = trans;
    this.#readout = readout;
    this.#picture = new Picture(
      "cenote-timeline",
      trans.__("Live and reserved bytes over time"),
      (context, width, height, theme) => {
        const end = model.end();
        drawTimeline(context, width, height, theme, model, this.#window(end), end);
      },
    );
    this.#range = this.#rangeChoice();
    this.node = el(
      "section",
      { class: "cenote-section" },
      el("header", {}, el("h3", { text: trans.__("Timeline") }), this.#legend(), this.#range),
      this.#picture.canvas,
      this.#picture.description,
    );
    this.#listen();
  }

  update(): void {
    this.#picture.invalidate();
  }

  /** Puts what the picture shows into words, for those who can't see it. */
  describe(): void {
    const { numbers, cells, running } = this.#model;
    if (!numbers) return;
    const end = this.#model.end();
    const { from, to } = this.#window(end);
    const parts = [
      this.#trans.__(
        "Live %1, reserved %2, peak %3; %4 shown.",
        formatBytes(numbers.live),
        formatBytes(numbers.reserved),
        formatBytes(numbers.peakLive),
        duration(to - from),
      ),
      running
        ? this.#trans.__("Cell %1 is running.", running.cell)
        : this.#trans._n("%1 cell has run.", "%1 cells have run.", cells.length),
    ];
    setText(this.#picture.description, parts.join(" "));
  }

  dispose(): void {
    this.#picture.dispose();
  }

  #window(end: number): Window {
    const line = this.#model.timeline;
    const to = line.placeOf(end);
    const begin = line.length > 0 ? Math.min(line.place[0]!, this.#firstCell()) : to;
    const range = Number(this.#range.value) || Number.POSITIVE_INFINITY;
    const span = Math.max(LEAST_MS, Math.min(range, to - begin));
    const from = to - span;
    return {
      from,
      to,
      cursor: this.#cursor === undefined ? undefined : from + this.#cursor * span,
    };
  }

  #firstCell(): number {
    const first = this.#model.cells[0];
    return first ? this.#model.timeline.placeOf(first.begin) : Number.POSITIVE_INFINITY;
  }

  #rangeChoice(): HTMLSelectElement {
    const choices: [string, string][] = [
      ["10000", this.#trans.__("10 s")],
      ["60000", this.#trans.__("1 min")],
      ["600000", this.#trans.__("10 min")],
      ["0", this.#trans.__("All")],
    ];
    const select = el(
      "select",
      { class: "cenote-range", attrs: { "aria-label": this.#trans.__("Time shown") } },
      ...choices.map(([value, text]) => el("option", { text, attrs: { value } })),
    );
    select.value = "60000";
    select.addEventListener("change", () => {
      this.#picture.invalidate();
      this.describe();
    });
    return select;
  }

  #legend(): HTMLElement {
    const key = (name: string, text: string) =>
      el("span", {}, el("i", { class: `cenote-key cenote-key-${name}` }), new Text(text));
    return el(
      "span",
      { class: "cenote-legend" },
      key("live", this.#trans.__("live")),
      key("reserved", this.#trans.__("reserved")),
    );
  }

  #listen(): void {
    const { canvas } = this.#picture;
    canvas.addEventListener("pointermove", (event) => {
      this.#point(event.offsetX / canvas.clientWidth, event.offsetY, false);
    });
    canvas.addEventListener("pointerleave", () => this.#unpoint());
    canvas.addEventListener("blur", () => this.#unpoint());
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
      if (event.key === "Escape") return this.#unpoint();
      if (step === undefined) return;
      event.preventDefault();
      this.#point(Math.min(1, Math.max(0, (this.#cursor ?? 1) + step)), 20, true);
    });
  }

  #point(share: number, y: number, speak: boolean): void {
    this.#cursor = share;
    this.#picture.invalidate();
    const line = this.#model.timeline;
    const place = this.#window(this.#model.end()).cursor!;
    const time = line.timeOf(place);
    const sample = line.at(time);
    if (!sample) {
      this.#readout.hide();
      return;
    }
    const span = this.#model.cells.findLast(
      ({ begin, end }) => begin <= time && (end === undefined || end >= time),
    );
    const lines = [
      this.#trans.__("live %1", formatBytes(sample.live)),
      this.#trans.__("reserved %1", formatBytes(sample.reserved)),
      clock(time, 3),
    ];
    if (span) lines.push(this.#trans.__("cell [%1]", span.cell));
    const { canvas } = this.#picture;
    this.#readout.show(canvas, share * canvas.clientWidth, y, lines, speak);
  }

  #unpoint(): void {
    this.#cursor = undefined;
    this.#readout.hide();
    this.#picture.invalidate();
  }
}
