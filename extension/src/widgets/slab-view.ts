// The slab map: each slab a strip, blocks coloured by the cell that allocated them. The pointer, or the
// arrow keys, tell a block's tag, bytes, cell and line.
import type { TranslationBundle } from "@jupyterlab/translation";
import { BLOCK_STATE, GRANULE } from "../../../kernel/src/base/books.ts";
import { formatBytes } from "../../../kernel/src/base/bytes.ts";
import type { Block } from "../model/blocks.ts";
import type { PoolModel } from "../model/pool-model.ts";
import {
  blockAt,
  blockOrder,
  layoutSlabs,
  type SlabLayout,
  type Strip,
} from "../model/slab-layout.ts";
import { rasterise } from "../model/slab-raster.ts";
import { el, exact, exactBytes, percent, setText } from "./dom.ts";
import { Picture } from "./picture.ts";
import type { Readout } from "./readout.ts";
import type { Theme } from "./theme.ts";

const EMPTY: SlabLayout = { strips: [], height: 0, hidden: 0 };

export class SlabView {
  readonly node: HTMLElement;
  readonly #model: PoolModel;
  readonly #trans: TranslationBundle;
  readonly #readout: Readout;
  readonly #picture: Picture;
  readonly #note = el("span", { class: "cenote-note" });
  #layout = EMPTY;
  /** What #layout was made of: the model's version and the width. */
  #laidOut = "";
  #chosen: number | undefined;
  #lit: ((id: number) => boolean) | undefined;

  constructor(model: PoolModel, trans: TranslationBundle, readout: Readout) {
    this.#model = model;
    this.#trans = trans;
    this.#readout = readout;
    this.#picture = new Picture(
      "cenote-slabs",
      trans.__("Map of the slabs and their blocks"),
      (context, width, _height, theme) => this.#draw(context, width, theme),
    );
    this.node = el(
      "section",
      { class: "cenote-section" },
      el("header", {}, el("h3", { text: trans.__("Slabs") }), this.#note),
      this.#picture.canvas,
      this.#picture.description,
    );
    this.#listen();
  }

  update(): void {
    const { slabs, blocks, hidden } = this.#model;
    this.#layOut(this.#picture.canvas.clientWidth || 300);
    const height = `${Math.max(this.#layout.height, 1)}px`;
    if (this.#picture.canvas.style.height !== height) this.#picture.canvas.style.height = height;
    const parts = [
      slabs.size === 1 ? this.#trans.__("1 slab") : this.#trans.__("%1 slabs", exact(slabs.size)),
      blocks.count === 1
        ? this.#trans.__("1 block")
        : this.#trans.__("%1 blocks", exact(blocks.count)),
    ];
    if (this.#layout.hidden > 0) {
      parts.push(this.#trans.__("%1 not drawn", exact(this.#layout.hidden)));
    }
    if (hidden > 0) parts.push(this.#trans.__("%1 events behind", exact(hidden)));
    setText(this.#note, parts.join(" · "));
    this.#picture.invalidate();
  }

  /** Puts the map into words. */
  describe(): void {
    const strips = this.#layout.strips.slice(0, 12);
    const words = strips.map(({ slab, bytes, used }) =>
      this.#trans.__("slab %1: %2, %3 used", slab, formatBytes(bytes), percent(used / bytes)),
    );
    setText(
      this.#picture.description,
      words.length === 0 ? this.#trans.__("No slabs.") : `${words.join("; ")}.`,
    );
  }

  /** Lights the blocks for which `lit` holds and dims the others; undefined ends that. */
  light(lit: ((id: number) => boolean) | undefined): void {
    this.#lit = lit;
    this.#picture.invalidate();
  }

  dispose(): void {
    this.#picture.dispose();
  }

  #layOut(width: number): void {
    const { slabs, blocks, version } = this.#model;
    const of = `${version} ${width}`;
    if (of === this.#laidOut) return;
    this.#laidOut = of;
    this.#layout = layoutSlabs(slabs.values(), blocks, width);
  }

  #draw(context: CanvasRenderingContext2D, width: number, theme: Theme): void {
    const { blocks } = this.#model;
    this.#layOut(width);
    const strips = new Map(this.#layout.strips.map((strip) => [strip.slab, strip]));
    for (const strip of strips.values()) this.#drawStrip(context, theme, strip);
    for (const box of rasterise(this.#layout, blocks, this.#lit)) {
      context.globalAlpha = box.alpha;
      context.fillStyle = theme.cells[box.colour]!;
      context.fillRect(box.x, box.y, box.width, box.height);
    }
    context.globalAlpha = 1;
    this.#drawChosen(context, theme, strips);
  }

  #drawStrip(context: CanvasRenderingContext2D, theme: Theme, strip: Strip): void {
    context.fillStyle = theme.free;
    context.fillRect(strip.x, strip.y, strip.width, strip.height);
    if (strip.textY === undefined) return;
    context.font = theme.font;
    context.textBaseline = "alphabetic";
    context.fillStyle = theme.dim;
    context.textAlign = "left";
    const text = this.#trans.__(
      "slab %1 · %2 · %3 used",
      strip.slab,
      formatBytes(strip.bytes),
      percent(strip.used / strip.bytes),
    );
    context.fillText(text, strip.x, strip.textY);
  }

  #drawChosen(
    context: CanvasRenderingContext2D,
    theme: Theme,
    strips: ReadonlyMap<number, Strip>,
  ): void {
    const block = this.#chosen === undefined ? undefined : this.#model.blocks.get(this.#chosen);
    const strip = block && strips.get(block.slab);
    if (!strip) return;
    const [x, width] = this.#extent(strip, block.id);
    context.strokeStyle = theme.text;
    context.lineWidth = 2;
    context.strokeRect(x - 1, strip.y - 1, Math.max(width, 2) + 1, strip.height + 2);
  }

  /** Pixels: where a block begins in its strip, and its width. */
  #extent(strip: Strip, id: number): [number, number] {
    const { blocks } = this.#model;
    const scale = (GRANULE * strip.width) / strip.bytes;
    return [strip.x + blocks.offset[id]! * scale, blocks.size[id]! * scale];
  }

  #listen(): void {
    const { canvas } = this.#picture;
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
      const id = blockAt(this.#layout, this.#model.blocks, offsetX, offsetY);
      const block = id === undefined ? undefined : this.#model.blocks.get(id);
      if (block) this.#choose(block, offsetX, offsetY, false);
      else this.#unchoose();
    });
    canvas.addEventListener("pointerleave", () => this.#unchoose());
    canvas.addEventListener("blur", () => this.#unchoose());
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return this.#unchoose();
      if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
      event.preventDefault();
      this.#step(event.key);
    });
  }

  #step(key: string): void {
    const order = blockOrder(this.#model.blocks);
    const at = this.#chosen === undefined ? -1 : order.indexOf(this.#chosen);
    const next =
      { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: order.length - 1 }[key] ?? 0;
    const id = order[Math.min(order.length - 1, Math.max(0, next))];
    const block = id === undefined ? undefined : this.#model.blocks.get(id);
    const strip = this.#layout.strips.find(({ slab }) => slab === block?.slab);
    if (!block || !strip) return;
    const [x, width] = this.#extent(strip, block.id);
    this.#choose(block, x + width / 2, strip.y + strip.height, true);
  }

  #choose(block: Block, x: number, y: number, speak: boolean): void {
    this.#chosen = block.id;
    this.#picture.invalidate();
    this.#readout.show(this.#picture.canvas, x, y, this.#words(block), speak);
  }

  #words(block: Block): string[] {
    const tag = this.#model.tagText(block.tag) ?? this.#trans.__("(no tag)");
    const state =
      block.state === BLOCK_STATE.cached
        ? this.#trans.__("free, kept for reuse")
        : block.state === BLOCK_STATE.pinned
          ? this.#trans.__("pinned")
          : "";
    return [
      tag,
      `${formatBytes(block.bytes)} (${exactBytes(block.requested)})`,
      place(this.#trans, block.cell, block.line),
      state,
    ].filter((line) => line !== "");
  }

  #unchoose(): void {
    if (this.#chosen === undefined) return;
    this.#chosen = undefined;
    this.#readout.hide();
    this.#picture.invalidate();
  }
}

/** "cell [14] line 7", as far as it is known. */
export function place(trans: TranslationBundle, cell: number, line: number): string {
  if (cell === 0) return trans.__("outside cells");
  return line === 0 ? trans.__("cell [%1]", cell) : trans.__("cell [%1] line %2", cell, line);
}
