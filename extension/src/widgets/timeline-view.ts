// The timeline with its heading: which window is shown, and what the pointer or the keys do in it. A drag
// chooses a stretch, which is then shown and listed in the tables; a click takes the slab map to a moment.
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { Focus, Stretch } from "../model/focus.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { clock, duration, el, exact, setText } from "./dom.ts";
import { button, choice } from "./menu.ts";
import { Picture } from "./picture.ts";
import type { Readout } from "./readout.ts";
import { keysOf, type Shown, shownOf } from "./saved-picture.ts";
import type { Window } from "./timeline-axis.ts";
import { drawPointers, drawTimeline } from "./timeline-draw.ts";
import { type Extent, extentOf, stretchBetween, zoomed } from "./timeline-window.ts";

/** A drag of so many pixels is no click. */
const DRAG_PIXELS = 4;
/** A mark is told when the pointer is this near, as a share of the width. */
const NEAR = 0.015;
const STEP = 0.02;

export class TimelineView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #focus: Focus;
  readonly #trans: TranslationBundle;
  readonly #readout: Readout;
  readonly #picture: Picture;
  readonly #range: HTMLSelectElement;
  readonly #follow: HTMLButtonElement;
  readonly #note = el("div", { class: "cenote-under", attrs: { "data-cenote": "hidden-changes" } });
  readonly #legend = el("div", { class: "cenote-under cenote-legend" });
  readonly #spilled: HTMLElement;
  /** Share of the window's width where the cursor is, and where a drag began. */
  #cursor: number | undefined;
  #brush: number | undefined;
  /** The newest moment that was drawn, and the stretch that was chosen. */
  #end = 0;
  #stretch: Stretch | undefined;

  constructor(model: PoolModel, focus: Focus, trans: TranslationBundle, readout: Readout) {
    this.#model = model;
    this.#focus = focus;
    this.#trans = trans;
    this.#readout = readout;
    this.#picture = new Picture(
      "cenote-timeline",
      trans.__("Live, reserved and spilled bytes over time"),
      {
        base: (pen, width, height, theme) => {
          this.#end = model.end();
          const window = this.#window(this.#end);
          const shape = drawTimeline(pen, width, height, theme, model, window, this.#end);
          this.#tellHidden(shape.hidden, shape.changes);
        },
        over: (pen, width, height, theme) =>
          drawPointers(pen, width, height, theme, this.#window(this.#end)),
      },
    );
    this.#range = this.#rangeChoice();
    this.#follow = button("", "", () => this.#toggleFollow());
    this.#spilled = this.#key("spilled", trans.__("spilled"));
    this.#legend.append(
      this.#key("live", trans.__("live")),
      this.#key("reserved", trans.__("reserved")),
      this.#spilled,
    );
    const title = el("h3", { text: trans.__("Timeline") });
    this.node = el(
      "section",
      { class: "cenote-section" },
      el("header", {}, title, el("span", { class: "cenote-note" }), this.#follow, this.#range),
      this.#picture.canvas,
      this.#picture.description,
      this.#legend,
      this.#note,
    );
    this.#listen();
    focus.changed.connect(this.#onFocus, this);
    this.#onFocus();
  }

  update(): void {
    this.#spilled.hidden = !this.#model.numbers || spilledBytes(this.#model) === 0;
    this.#picture.invalidate();
  }

  /** Puts what the picture shows into words, for those who can't see it. */
  describe(): void {
    const { numbers, cells, running, marks } = this.#model;
    if (!numbers) return;
    const { from, to } = this.#extent(this.#model.end());
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
    const names = marks.slice(-5).map(({ name }) => name);
    if (names.length > 0) parts.push(this.#trans.__("Marks: %1.", names.join(", ")));
    setText(this.#picture.description, parts.join(" "));
  }

  /** What is on the screen, to be saved. */
  shown(): Shown {
    const lines = [this.#trans.__("Timeline"), this.#note.textContent ?? ""];
    return shownOf(this.#picture, lines, keysOf(this.#legend));
  }

  /** Draws in the colours that hold now. */
  restyle(): void {
    this.#picture.restyle();
  }

  dispose(): void {
    this.#focus.changed.disconnect(this.#onFocus, this);
    this.#picture.dispose();
  }

  #extent(end: number): Extent {
    const range = Number(this.#range.value) || Number.POSITIVE_INFINITY;
    return extentOf(this.#model, this.#focus, range, end);
  }

  #window(end: number): Window {
    const { from, to } = this.#extent(end);
    const { log, timeline } = this.#model;
    const at = (share: number | undefined) =>
      share === undefined ? undefined : from + share * (to - from);
    const moment = this.#focus.moment;
    return {
      ...{ from, to, cursor: at(this.#cursor), brush: at(this.#brush) },
      moment: moment === undefined ? undefined : timeline.placeOf(log.timeOf(moment)),
    };
  }

  #tellHidden(hidden: number, changes: number): void {
    const text =
      hidden > 0
        ? this.#trans.__(
            "%1 of %2 allocations and frees lie closer together than this picture can show",
            exact(hidden),
            exact(changes),
          )
        : "";
    setText(this.#note, text);
  }

  #onFocus(): void {
    const { stretch } = this.#focus;
    const paused = stretch !== undefined;
    setText(this.#follow, paused ? this.#trans.__("Follow") : this.#trans.__("Pause"));
    this.#follow.title = paused
      ? this.#trans.__("Show what happens now again")
      : this.#trans.__("Keep this stretch of time in view");
    this.#follow.setAttribute("aria-pressed", String(paused));
    if (stretch === this.#stretch) this.#picture.invalidateOver();
    else this.#picture.invalidate();
    this.#stretch = stretch;
  }

  #toggleFollow(): void {
    const { from, to } = this.#extent(this.#model.end());
    this.#focus.stretch = this.#focus.stretch ? undefined : stretchBetween(this.#model, from, to);
  }

  #rangeChoice(): HTMLSelectElement {
    const choices: [string, string][] = [
      ["10000", this.#trans.__("10 s")],
      ["60000", this.#trans.__("1 min")],
      ["600000", this.#trans.__("10 min")],
      ["0", this.#trans.__("All")],
    ];
    const select = choice(this.#trans.__("Time shown"), choices, () => {
      this.#focus.stretch = undefined;
      this.#picture.invalidate();
      this.describe();
    });
    select.value = "60000";
    return select;
  }

  #key(name: string, text: string): HTMLElement {
    return el("span", {}, el("i", { class: `cenote-key cenote-key-${name}` }), new Text(text));
  }

  #listen(): void {
    const { canvas } = this.#picture;
    const shareOf = (event: PointerEvent) =>
      Math.min(1, Math.max(0, event.offsetX / canvas.clientWidth));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#brush = shareOf(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      this.#point(shareOf(event), event.offsetY, false);
    });
    canvas.addEventListener("pointerup", (event) => this.#release(shareOf(event)));
    canvas.addEventListener("pointercancel", () => this.#unpoint());
    canvas.addEventListener("pointerleave", () => {
      if (this.#brush === undefined) this.#unpoint();
    });
    canvas.addEventListener("blur", () => this.#unpoint());
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** The pointer's button is released: the end of a drag, or of a click. */
  #release(share: number): void {
    const began = this.#brush;
    this.#brush = undefined;
    if (began === undefined) return;
    const { from, to } = this.#extent(this.#model.end());
    const place = (at: number) => from + at * (to - from);
    const dragged = Math.abs(share - began) * this.#picture.canvas.clientWidth >= DRAG_PIXELS;
    if (dragged) {
      this.#focus.stretch = stretchBetween(this.#model, place(began), place(share));
    } else this.#goTo(place(share));
  }

  /** Takes the slab map to a place on the axis. */
  #goTo(place: number): void {
    const { log, timeline } = this.#model;
    const index = log.indexAfter(timeline.timeOf(place));
    this.#focus.moment = index >= log.end ? undefined : index;
  }

  #onKey(event: KeyboardEvent): void {
    const extent = this.#extent(this.#model.end());
    const at = this.#cursor ?? 1;
    const step = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -1, End: 1 }[event.key];
    if (step !== undefined) this.#point(Math.min(1, Math.max(0, at + step)), 20, true);
    else if (event.key === "+" || event.key === "-") {
      this.#focus.stretch = zoomed(this.#model, extent, at, event.key === "+" ? 1 / 2 : 2);
    } else if (event.key === "Enter") this.#goTo(extent.from + at * (extent.to - extent.from));
    else if (event.key === "Escape") {
      if (this.#cursor === undefined) this.#focus.clear();
      else this.#unpoint();
    } else return;
    event.preventDefault();
  }

  #point(share: number, y: number, speak: boolean): void {
    this.#cursor = share;
    this.#picture.invalidateOver();
    const { from, to } = this.#extent(this.#model.end());
    const place = from + share * (to - from);
    const time = this.#model.timeline.timeOf(place);
    const lines = this.#words(time, (to - from) * NEAR);
    const { canvas } = this.#picture;
    if (lines.length === 0) this.#readout.hide();
    else this.#readout.show(canvas, share * canvas.clientWidth, y, lines, speak);
  }

  /** What there was at a time; marks within `near` milliseconds of the axis are told too. */
  #words(time: number, near: number): string[] {
    const { timeline, cells, marks } = this.#model;
    const sample = timeline.at(time);
    if (!sample) return [];
    const span = cells.findLast(
      ({ begin, end }) => begin <= time && (end === undefined || end >= time),
    );
    const place = timeline.placeOf(time);
    const mark = marks.findLast((one) => Math.abs(timeline.placeOf(one.time) - place) <= near);
    return [
      this.#trans.__("live %1", formatBytes(sample.live)),
      this.#trans.__("reserved %1", formatBytes(sample.reserved)),
      sample.spilled > 0 ? this.#trans.__("spilled %1", formatBytes(sample.spilled)) : "",
      clock(time, 3),
      span ? this.#cellWords(span.cell, span.end === undefined) : "",
      mark ? this.#trans.__("mark “%1”", mark.name) : "",
    ].filter((line) => line !== "");
  }

  #cellWords(cell: number, running: boolean): string {
    return running ? this.#trans.__("cell [%1], running", cell) : this.#trans.__("cell [%1]", cell);
  }

  #unpoint(): void {
    this.#cursor = this.#brush = undefined;
    this.#readout.hide();
    this.#picture.invalidateOver();
  }
}

function spilledBytes({ numbers, timeline }: PoolModel): number {
  const now = (numbers?.spilledBytes ?? 0) + (numbers?.diskBytes ?? 0);
  return now > 0 ? now : (timeline.at(Number.MAX_SAFE_INTEGER)?.spilled ?? 0);
}
