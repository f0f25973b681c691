// The slab map: each slab a strip, with its blocks in the colours of what the user chose. The pointer, or the
// arrow keys, tell whose a block is; a click, or Enter, goes to the cell that allocated it. It shows the pool
// as it is, or as it was at the moment that the scrubber, or a click in the timeline, chose.
import type { TranslationBundle } from "@jupyterlab/translation";
import { GRANULE } from "../../../kernel/src/base/books.ts";
import type { Block } from "../model/blocks.ts";
import { type Colouring, FADES_MS } from "../model/colouring.ts";
import type { Focus } from "../model/focus.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { AWAY, blockAt, blockOrder, type Strip, spotOf } from "../model/slab-layout.ts";
import { type Lit, SlabMap } from "../model/slab-map.ts";
import { clock, el, exact, setText } from "./dom.ts";
import { choice } from "./menu.ts";
import type { Pen } from "./pen.ts";
import { Picture } from "./picture.ts";
import type { Readout } from "./readout.ts";
import { keysOf, type Shown, shownOf } from "./saved-picture.ts";
import { Scrubber } from "./scrubber.ts";
import { drawChosen, drawSlabs } from "./slab-draw.ts";
import { colourings, legend } from "./slab-legend.ts";
import { blockWords, stripWords } from "./slab-words.ts";
import type { Theme } from "./theme.ts";

export class SlabView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #focus: Focus;
  readonly #trans: TranslationBundle;
  readonly #readout: Readout;
  readonly #goTo: (cell: number, line: number) => void;
  readonly #picture: Picture;
  readonly #map: SlabMap;
  readonly #scrubber: Scrubber;
  readonly #note = el("span", { class: "cenote-note" });
  readonly #legend = el("div", { class: "cenote-under cenote-legend" });
  #by: Colouring = "cell";
  /** The map's version that the page shows. */
  #drawn = -1;
  /** Until the map is to be gone on with: a frame or a timer. */
  #frame = 0;
  #later = 0;
  #fading = 0;
  #chosen: number | undefined;
  #lit: Lit | undefined;

  /** `goTo` shows a cell of the notebook. */
  constructor(
    model: PoolModel,
    focus: Focus,
    trans: TranslationBundle,
    readout: Readout,
    goTo: (cell: number, line: number) => void,
  ) {
    this.#model = model;
    this.#focus = focus;
    this.#trans = trans;
    this.#readout = readout;
    this.#goTo = goTo;
    this.#map = new SlabMap(model);
    this.#scrubber = new Scrubber(model, focus, trans);
    this.#picture = new Picture("cenote-slabs", trans.__("Map of the slabs and their blocks"), {
      base: (pen, _width, _height, theme) => this.#draw(pen, theme),
      over: (pen, _width, _height, theme) => this.#drawChosen(pen, theme),
      resized: () => this.update(),
    });
    const colour = choice(trans.__("Colour of the blocks"), colourings(trans), (by) => {
      this.#by = by as Colouring;
      this.#legend.replaceChildren(...legend(trans, this.#by));
      this.update();
    });
    this.node = el(
      "section",
      { class: "cenote-section" },
      el("header", {}, el("h3", { text: trans.__("Slabs") }), this.#note, colour),
      this.#scrubber.node,
      this.#picture.canvas,
      this.#picture.description,
      this.#legend,
    );
    this.#listen();
    focus.changed.connect(this.update, this);
  }

  update(): void {
    this.#rest();
    const [by, lit, moment] = [this.#by, this.#lit, this.#focus.moment];
    const wait = this.#map.update({ width: this.#picture.width || 300, by, lit, moment });
    if (wait === 0) this.#frame = requestAnimationFrame(() => this.update());
    else if (wait !== undefined) this.#later = window.setTimeout(() => this.update(), wait);
    this.#scrubber.update();
    this.#fade();
    if (this.#map.version === this.#drawn) return;
    this.#drawn = this.#map.version;
    this.#picture.height = Math.max(this.#map.layout.height, 1);
    this.#tell();
    this.#picture.invalidate();
  }

  /** Says how much there is, and what of it is not drawn. */
  #tell(): void {
    const { strips, hidden } = this.#map.layout;
    const slabs = strips.filter(({ slab }) => slab !== AWAY).length + hidden;
    const { count } = this.#map.blocks;
    const parts = [
      slabs === 1 ? this.#trans.__("1 slab") : this.#trans.__("%1 slabs", exact(slabs)),
      count === 1 ? this.#trans.__("1 block") : this.#trans.__("%1 blocks", exact(count)),
    ];
    if (hidden > 0) parts.push(this.#trans.__("%1 not drawn", exact(hidden)));
    if (this.#model.hidden > 0) {
      parts.push(this.#trans.__("%1 events behind", exact(this.#model.hidden)));
    }
    setText(this.#note, parts.join(" · "));
  }

  #rest(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#later);
    this.#frame = this.#later = 0;
  }

  /** Ages grow, and what has moved comes to rest, though nothing happens in the pool. */
  #fade(): void {
    const ms = FADES_MS[this.#by];
    if (this.#fading || ms === undefined || this.#focus.moment !== undefined) return;
    if (this.#picture.canvas.offsetParent === null) return;
    this.#fading = window.setTimeout(() => {
      this.#fading = 0;
      this.update();
    }, ms);
  }

  /** What is on the screen, to be saved. */
  shown(): Shown {
    const { moment } = this.#focus;
    const time = moment === undefined ? "" : clock(this.#model.log.timeOf(moment), 3);
    const lines = [this.#trans.__("Slabs"), this.#note.textContent ?? "", time];
    return shownOf(this.#picture, lines, keysOf(this.#legend));
  }

  /** Draws in the colours that hold now. */
  restyle(): void {
    this.#picture.restyle();
  }

  /** Puts the map into words. */
  describe(): void {
    const words = this.#map.layout.strips
      .slice(0, 12)
      .map((strip) => stripWords(this.#trans, strip));
    setText(
      this.#picture.description,
      words.length === 0 ? this.#trans.__("No slabs.") : `${words.join("; ")}.`,
    );
  }

  /** Lights the blocks for which `lit` holds and dims the others; undefined ends that. */
  light(lit: Lit | undefined): void {
    if (lit === this.#lit) return;
    this.#lit = lit;
    this.update();
  }

  dispose(): void {
    this.#focus.changed.disconnect(this.update, this);
    this.#rest();
    clearTimeout(this.#fading);
    this.#scrubber.dispose();
    this.#picture.dispose();
  }

  #draw(pen: Pen, theme: Theme): void {
    const palette =
      this.#by === "state"
        ? theme.states
        : this.#by === "size" || this.#by === "age"
          ? theme.steps
          : theme.cells;
    const words = (strip: Strip) => stripWords(this.#trans, strip);
    drawSlabs(pen, theme, this.#map.layout, this.#map.raster, palette, words);
  }

  #drawChosen(pen: Pen, theme: Theme): void {
    const id = this.#chosen;
    const extent = id === undefined || !this.#map.blocks.get(id) ? undefined : this.#extent(id);
    if (extent) drawChosen(pen, theme, extent.strip, extent.x, extent.width);
  }

  /** Pixels: where a block begins, and its width; undefined where its strip isn't drawn. */
  #extent(id: number): { strip: Strip; x: number; width: number } | undefined {
    const { slab, offset } = spotOf(this.#map.layout, this.#map.blocks, id);
    const strip = this.#map.layout.strips.find((one) => one.slab === slab);
    if (!strip) return undefined;
    const scale = (GRANULE * strip.width) / strip.bytes;
    return { strip, x: strip.x + offset * scale, width: this.#map.blocks.size[id]! * scale };
  }

  #listen(): void {
    const { canvas } = this.#picture;
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
      const id = blockAt(this.#map.layout, this.#map.blocks, offsetX, offsetY);
      const block = id === undefined ? undefined : this.#map.blocks.get(id);
      if (block) this.#choose(block, offsetX, offsetY, false);
      else this.#unchoose();
    });
    canvas.addEventListener("pointerleave", () => this.#unchoose());
    canvas.addEventListener("blur", () => this.#unchoose());
    canvas.addEventListener("click", () => this.#take());
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return this.#unchoose();
      if (event.key === "Enter") return this.#take();
      if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
      event.preventDefault();
      this.#step(event.key);
    });
  }

  #take(): void {
    const block = this.#chosen === undefined ? undefined : this.#map.blocks.get(this.#chosen);
    if (block && block.cell !== 0) this.#goTo(block.cell, block.line);
  }

  #step(key: string): void {
    const order = blockOrder(this.#map.layout, this.#map.blocks);
    const at = this.#chosen === undefined ? -1 : order.indexOf(this.#chosen);
    const next =
      { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: order.length - 1 }[key] ?? 0;
    const id = order[Math.min(order.length - 1, Math.max(0, next))];
    const block = id === undefined ? undefined : this.#map.blocks.get(id);
    const extent = block && this.#extent(block.id);
    if (!block || !extent) return;
    const { strip, x, width } = extent;
    this.#choose(block, x + width / 2, strip.y + strip.height, true);
  }

  #choose(block: Block, x: number, y: number, speak: boolean): void {
    this.#chosen = block.id;
    this.#picture.canvas.classList.toggle("cenote-clickable", block.cell !== 0);
    this.#picture.invalidateOver();
    const words = blockWords(this.#trans, this.#model, this.#map.blocks, block, this.#map.time);
    this.#readout.show(this.#picture.canvas, x, y, words, speak);
  }

  #unchoose(): void {
    if (this.#chosen === undefined) return;
    this.#chosen = undefined;
    this.#readout.hide();
    this.#picture.invalidateOver();
  }
}
