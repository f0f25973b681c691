// The sidebar panel: puts the head, the overview, timeline, slab map, tables and counters together, draws them
// when the watched pool has changed, and says why when there is nothing to draw.
import type { TranslationBundle } from "@jupyterlab/translation";
import type { IDisposable } from "@lumino/disposable";
import type { Message as LuminoMessage } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { poolIcon } from "./icon.ts";
import { CELL_COLOURS } from "./model/colours.ts";
import { Focus } from "./model/focus.ts";
import { goToCell, type RanCell } from "./notebook-cells.ts";
import { tell } from "./notices.ts";
import type { IPoolWatch } from "./watch.ts";
import { Counters } from "./widgets/counters.ts";
import { el } from "./widgets/dom.ts";
import { Figures } from "./widgets/figures.ts";
import { Header } from "./widgets/header.ts";
import { MessageBox } from "./widgets/message-box.ts";
import { Pace, SlowPace } from "./widgets/pace.ts";
import { type PictureName, PictureSaver } from "./widgets/picture-saver.ts";
import { Places } from "./widgets/places.ts";
import { Readout } from "./widgets/readout.ts";
import type { Format } from "./widgets/saved-picture.ts";
import { SlabView } from "./widgets/slab-view.ts";
import { TablesView } from "./widgets/tables-view.ts";
import { TimelineView } from "./widgets/timeline-view.ts";
import { Vitals } from "./widgets/vitals.ts";
import { message, unused } from "./widgets/words.ts";

/** What also changes colours, beside JupyterLab's theme. */
const COLOUR_QUERIES = ["(forced-colors: active)", "(prefers-contrast: more)"];

export class PoolPanel extends Widget {
  readonly #watch: IPoolWatch;
  readonly #trans: TranslationBundle;
  readonly #header: Header;
  readonly #focus = new Focus();
  readonly #figures: Figures;
  readonly #places: Places;
  readonly #vitals: Vitals;
  readonly #timeline: TimelineView;
  readonly #slabs: SlabView;
  readonly #tables: TablesView;
  readonly #counters: Counters;
  readonly #pictures: PictureSaver;
  readonly #readout = new Readout();
  readonly #message = new MessageBox();
  readonly #views: HTMLElement;
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");
  #look: IDisposable | undefined;
  readonly #pace = new Pace(() => this.#show());
  readonly #slow = new SlowPace(() => this.#showSlow());
  readonly #colours = COLOUR_QUERIES.map((query) => matchMedia(query));
  #ticking = 0;
  #life = 0;
  /** A cell to be shown, of the life of a kernel. */
  #wantedCell: (RanCell & { life: number }) | undefined;

  constructor(watch: IPoolWatch, trans: TranslationBundle) {
    super();
    this.#watch = watch;
    this.#trans = trans;
    this.id = "cenote-pool";
    this.title.icon = poolIcon;
    this.title.caption = trans.__("GPU memory pool (Cenote)");
    this.addClass("cenote-panel");
    this.#header = new Header(trans);
    this.#figures = new Figures(trans);
    this.#places = new Places(trans);
    this.#vitals = new Vitals(trans);
    const { model } = watch;
    const goTo = (cell: number, line: number) => void this.#goTo(cell, line);
    this.#timeline = new TimelineView(model, this.#focus, trans, this.#readout);
    this.#slabs = new SlabView(model, this.#focus, trans, this.#readout, goTo);
    this.#tables = new TablesView(model, this.#focus, trans, (lit) => this.#slabs.light(lit), goTo);
    this.#counters = new Counters(trans);
    const views = {
      timeline: () => this.#timeline.shown(),
      slabs: () => this.#slabs.shown(),
      holders: () => this.#tables.shown(this.#timeline.shown()),
    };
    this.#pictures = new PictureSaver(watch, trans, views, (text) => this.#tell(text));
    this.#views = el(
      "div",
      { class: "cenote-views" },
      el(
        "section",
        { class: "cenote-overview", attrs: { "aria-label": trans.__("Overview") } },
        ...[this.#figures.node, this.#places.node, this.#vitals.node],
      ),
      this.#timeline.node,
      this.#slabs.node,
      this.#tables.node,
      this.#counters.node,
    );
    const scroll = el("div", { class: "cenote-scroll" }, this.#message.node, this.#views);
    scroll.addEventListener("scroll", () => this.#readout.hide());
    this.node.append(this.#header.node, scroll, this.#readout.spoken);
    this.node.setAttribute("role", "region");
    this.node.tabIndex = -1;
    this.node.setAttribute("aria-label", trans.__("GPU memory pool"));
    watch.changed.connect(this.#onChanged, this);
    for (const query of this.#colours) query.addEventListener("change", this.#onColours);
  }

  /** How often the panel is drawn anew at most. */
  set framesPerSecond(frames: number) {
    this.#pace.most = frames;
  }

  /** Colours for cells in turn, in place of the style sheet's. */
  set cellColours(colours: readonly string[]) {
    for (const { style } of [this.node, this.#readout.node]) {
      for (let cell = 1; cell < CELL_COLOURS; cell++) {
        const colour = colours[cell - 1];
        if (colour === undefined) style.removeProperty(`--cenote-cell-${cell}`);
        else style.setProperty(`--cenote-cell-${cell}`, colour);
      }
    }
    this.redraw();
  }

  /** Draws everything anew: the theme has changed. */
  redraw(): void {
    this.#timeline.restyle();
    this.#slabs.restyle();
  }

  /** Shows the time in which a cell ran, as soon as the panel knows of it. */
  showCell(cell: RanCell): void {
    this.#wantedCell = { ...cell, life: this.#watch.model.life };
    this.#onChanged();
  }

  /** Takes a snapshot of the blocks, as soon as they are known, and shows what changes from then on. */
  snapshot(): void {
    // The panel may not have been drawn since this life began.
    this.#beginLife();
    this.#tables.snapshot();
    this.#tables.node.scrollIntoView();
  }

  /** Shows what changed since the last snapshot. */
  compare(): void {
    this.#beginLife();
    if (this.#tables.compare()) this.#tables.node.scrollIntoView();
    else this.#tell(this.#trans.__("There is no snapshot to compare with: take one first"));
  }

  /** Saves what a view shows, as soon as it shows anything. */
  savePicture(name: PictureName, format: Format): void {
    this.#pictures.want(name, format);
    this.#onChanged();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    for (const query of this.#colours) query.removeEventListener("change", this.#onColours);
    this.#watch.changed.disconnect(this.#onChanged, this);
    this.#rest();
    this.#timeline.dispose();
    this.#slabs.dispose();
    this.#tables.dispose();
    this.#readout.node.remove();
    super.dispose();
  }

  /** Who opens it by keys goes on in it by keys. Later, since the palette gives the focus back as it closes. */
  protected override onActivateRequest(_message: LuminoMessage): void {
    setTimeout(() => this.node.focus());
  }

  protected override onAfterShow(_message: LuminoMessage): void {
    this.#wake();
  }

  protected override onAfterAttach(_message: LuminoMessage): void {
    document.body.append(this.#readout.node);
    if (this.isVisible) this.#wake();
  }

  protected override onBeforeHide(_message: LuminoMessage): void {
    this.#rest();
  }

  protected override onBeforeDetach(_message: LuminoMessage): void {
    this.#rest();
    this.#readout.node.remove();
  }

  #wake(): void {
    this.#look ??= this.#watch.look("all");
    this.#onChanged();
  }

  #rest(): void {
    this.#look?.dispose();
    this.#look = undefined;
    this.#readout.hide();
    this.#pace.rest();
    this.#slow.rest();
    clearTimeout(this.#ticking);
    this.#ticking = 0;
  }

  #onChanged(): void {
    if (this.#look) this.#pace.ask();
  }

  #show(): void {
    const { model, state, kernelName } = this.#watch;
    this.#header.update(this.#watch);
    this.#beginLife();
    const { numbers } = model;
    const idle = numbers?.reserved === 0 && numbers.allocations === 0;
    const words =
      message(this.#trans, state, kernelName, model.foreignVersion, model.known) ??
      (idle ? unused(this.#trans) : undefined);
    this.#message.say(words);
    this.#views.hidden = words !== undefined;
    this.#views.classList.toggle("cenote-stale", state !== "live" && state !== "paused");
    // Also of a pool that is not used yet: later would be another moment than the one that was meant.
    this.#focusWantedCell();
    this.#tables.takeWanted();
    if (words) {
      this.#pictures.settle(words.title);
      return;
    }
    this.#figures.update(model);
    this.#places.update(model);
    this.#counters.update(model);
    this.#timeline.update();
    this.#slabs.update();
    this.#slow.ask();
    this.#tick();
    this.#pictures.settle();
  }

  /** What was chosen and asked for belongs to the life of the kernel before. */
  #beginLife(): void {
    const { life } = this.#watch.model;
    if (life === this.#life) return;
    this.#life = life;
    this.#focus.clear();
    this.#tables.clear();
  }

  #showSlow(): void {
    this.#vitals.update(this.#watch.model);
    this.#tables.update();
    this.#timeline.describe();
    this.#slabs.describe();
  }

  #focusWantedCell(): void {
    const { model } = this.#watch;
    const wanted = this.#wantedCell;
    if (!wanted || !model.current) return;
    this.#wantedCell = undefined;
    if (wanted.life !== model.life) return;
    const span = model.spanOf(wanted);
    if (!span) {
      this.#tell(
        this.#trans.__("This cell has not run in this kernel: there is no time of it to show"),
      );
      return;
    }
    const to = span.end ?? model.end();
    // Half of the picture is the cell's, the rest what was around it.
    const margin = Math.max(to - span.begin, 1) / 2;
    this.#focus.stretch = { from: span.begin - margin, to: to + margin };
  }

  async #goTo(cell: number, line: number): Promise<void> {
    const { widget, model } = this.#watch;
    if (cell === 0 || !widget) return;
    const found = await goToCell(widget, { cell, id: model.idOf(cell) }, line);
    if (!found) this.#tell(this.#trans.__("Cell [%1] is not here any more", cell));
  }

  #tell(text: string): void {
    tell("info", text);
  }

  /** While a cell runs the picture moves on with the clock, even when nothing comes. */
  #tick(): void {
    if (!this.#watch.model.running || this.#watch.state !== "live") return;
    this.#ticking ||= window.setTimeout(
      () => {
        this.#ticking = 0;
        this.#timeline.update();
        this.#tick();
      },
      this.#still.matches ? 1000 : 100,
    );
  }

  readonly #onColours = (): void => this.redraw();
}
