// The slab map: each slab a strip, with its blocks in the colours of what the user chose. The pointer, or the
// arrow keys, tell whose a block is; a click, or Enter, goes to the cell that allocated it. It shows the pool
// as it is, or as it was at the moment that the scrubber, or a click in the timeline, chose.
import type { TranslationBundle } from "@jupyterlab/translation";
import { GRANULE } from "../../../kernel/src/base/books.ts";
import type { Block, BlockTable } from "../model/blocks.ts";
import { type Colouring, colourOf, FADES_MS } from "../model/colouring.ts";
import type { Focus } from "../model/focus.ts";
import type { PoolModel } from "../model/pool-model.ts";
import { Replay } from "../model/replay.ts";
import {
  AWAY,
  blockAt,
  blockOrder,
  layoutSlabs,
  type SlabLayout,
  type Strip,
  spotOf,
} from "../model/slab-layout.ts";
import { EMPTY_RASTER, rasterise } from "../model/slab-raster.ts";
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
import type { Lit } from "./tables-view.ts";
import type { Theme } from "./theme.ts";

/** Following a busy pool takes the map at most this share of the page's time. */
const SHARE = 1 / 8;
const EMPTY: SlabLayout = { strips: [], height: 0, hidden: 0, away: new Map() };

export class SlabView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #focus: Focus;
  readonly #trans: TranslationBundle;
  readonly #readout: Readout;
  readonly #goTo: (cell: number, line: number) => void;
  readonly #picture: Picture;
  readonly #replay: Replay;
  readonly #scrubber: Scrubber;
  readonly #note = el("span", { class: "cenote-note" });
  readonly #legend = el("div", { class: "cenote-under cenote-legend" });
  #by: Colouring = "cell";
  #blocks: BlockTable;
  #layout = EMPTY;
  #raster = EMPTY_RASTER;
  /** What #layout and #raster were made of. */
  #laidOut = "";
  /** The model's version then. */
  #seen = -1;
  /** When the map may follow the pool again, and the timer until then. */
  #freeAt = 0;
  #later = 0;
  #fading = 0;
  #chosen: number | undefined;
  #lit: Lit | undefined;
  #litVersion = 0;

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
    this.#blocks = model.blocks;
    this.#replay = new Replay(model.log);
    this.#scrubber = new Scrubber(model, focus, trans);
    this.#picture = new Picture("cenote-slabs", trans.__("Map of the slabs and their blocks"), {
      base: (pen, width, _height, theme) => this.#draw(pen, width, theme),
      over: (pen, _width, _height, theme) => this.#drawChosen(pen, theme),
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
    const wait = this.#freeAt - performance.now();
    if (this.#focus.moment === undefined && wait > 0) {
      this.#later ||= window.setTimeout(() => {
        this.#later = 0;
        this.update();
      }, wait);
      return;
    }
    this.#layOut(this.#picture.width || 300);
    this.#picture.height = Math.max(this.#layout.height, 1);
    const slabs =
      this.#layout.strips.filter(({ slab }) => slab !== AWAY).length + this.#layout.hidden;
    const { count } = this.#blocks;
    const parts = [
      slabs === 1 ? this.#trans.__("1 slab") : this.#trans.__("%1 slabs", exact(slabs)),
      count === 1 ? this.#trans.__("1 block") : this.#trans.__("%1 blocks", exact(count)),
    ];
    if (this.#layout.hidden > 0) {
      parts.push(this.#trans.__("%1 not drawn", exact(this.#layout.hidden)));
    }
    if (this.#model.hidden > 0) {
      parts.push(this.#trans.__("%1 events behind", exact(this.#model.hidden)));
    }
    setText(this.#note, parts.join(" · "));
    this.#scrubber.update();
    this.#picture.invalidate();
    this.#fade();
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
    const words = this.#layout.strips.slice(0, 12).map((strip) => stripWords(this.#trans, strip));
    setText(
      this.#picture.description,
      words.length === 0 ? this.#trans.__("No slabs.") : `${words.join("; ")}.`,
    );
  }

  /** Lights the blocks for which `lit` holds and dims the others; undefined ends that. */
  light(lit: Lit | undefined): void {
    if (lit === this.#lit) return;
    this.#lit = lit;
    this.#litVersion++;
    this.#picture.invalidate();
  }

  dispose(): void {
    this.#focus.changed.disconnect(this.update, this);
    clearTimeout(this.#later);
    clearTimeout(this.#fading);
    this.#scrubber.dispose();
    this.#picture.dispose();
  }

  /** Works out what is drawn, where anything has changed since. */
  #layOut(width: number): void {
    const { log, version, slabs } = this.#model;
    const { moment } = this.#focus;
    const now = performance.now();
    // What was laid out last stands until it may follow again.
    const seen = now < this.#freeAt ? this.#seen : version;
    const step = Math.floor(this.#time() / (FADES_MS[this.#by] ?? Number.POSITIVE_INFINITY));
    const when = moment === undefined ? `now ${seen} ${step}` : `${log.epoch} ${moment}`;
    const of = `${when} ${width} ${this.#by} ${this.#litVersion}`;
    if (of === this.#laidOut) return;
    this.#laidOut = of;
    this.#seen = version;
    const past = moment === undefined ? undefined : this.#replay.seek(moment);
    const blocks = past?.blocks ?? this.#model.blocks;
    const sizes = past ? [...past.slabs].map(([id, bytes]) => ({ id, bytes })) : slabs.values();
    this.#blocks = blocks;
    this.#layout = layoutSlabs(sizes, blocks, width);
    const colour = colourOf(this.#by, blocks, this.#time());
    const lit = this.#lit;
    this.#raster = rasterise(this.#layout, blocks, colour, lit && ((id) => lit(blocks, id)));
    const done = performance.now();
    this.#freeAt = done + (done - now) * (1 / SHARE - 1);
  }

  /** The moment that the map shows, in milliseconds since the epoch. */
  #time(): number {
    const { moment } = this.#focus;
    return moment === undefined ? this.#model.now() : this.#model.log.timeOf(moment);
  }

  #draw(pen: Pen, width: number, theme: Theme): void {
    this.#layOut(width);
    const palette =
      this.#by === "state"
        ? theme.states
        : this.#by === "size" || this.#by === "age"
          ? theme.steps
          : theme.cells;
    const words = (strip: Strip) => stripWords(this.#trans, strip);
    drawSlabs(pen, theme, this.#layout, this.#raster, palette, words);
  }

  #drawChosen(pen: Pen, theme: Theme): void {
    const id = this.#chosen;
    const extent = id === undefined || !this.#blocks.get(id) ? undefined : this.#extent(id);
    if (extent) drawChosen(pen, theme, extent.strip, extent.x, extent.width);
  }

  /** Pixels: where a block begins, and its width; undefined where its strip isn't drawn. */
  #extent(id: number): { strip: Strip; x: number; width: number } | undefined {
    const { slab, offset } = spotOf(this.#layout, this.#blocks, id);
    const strip = this.#layout.strips.find((one) => one.slab === slab);
    if (!strip) return undefined;
    const scale = (GRANULE * strip.width) / strip.bytes;
    return { strip, x: strip.x + offset * scale, width: this.#blocks.size[id]! * scale };
  }

  #listen(): void {
    const { canvas } = this.#picture;
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
      const id = blockAt(this.#layout, this.#blocks, offsetX, offsetY);
      const block = id === undefined ? undefined : this.#blocks.get(id);
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
    const block = this.#chosen === undefined ? undefined : this.#blocks.get(this.#chosen);
    if (block && block.cell !== 0) this.#goTo(block.cell, block.line);
  }

  #step(key: string): void {
    const order = blockOrder(this.#layout, this.#blocks);
    const at = this.#chosen === undefined ? -1 : order.indexOf(this.#chosen);
    const next =
      { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: order.length - 1 }[key] ?? 0;
    const id = order[Math.min(order.length - 1, Math.max(0, next))];
    const block = id === undefined ? undefined : this.#blocks.get(id);
    const extent = block && this.#extent(block.id);
    if (!block || !extent) return;
    const { strip, x, width } = extent;
    this.#choose(block, x + width / 2, strip.y + strip.height, true);
  }

  #choose(block: Block, x: number, y: number, speak: boolean): void {
    this.#chosen = block.id;
    this.#picture.canvas.classList.toggle("cenote-clickable", block.cell !== 0);
    this.#picture.invalidateOver();
    const words = blockWords(this.#trans, this.#model, this.#blocks, block, this.#time());
    this.#readout.show(this.#picture.canvas, x, y, words, speak);
  }

  #unchoose(): void {
    if (this.#chosen === undefined) return;
    this.#chosen = undefined;
    this.#readout.hide();
    this.#picture.invalidateOver();
  }
}
